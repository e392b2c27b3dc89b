"""Runs in MLflow, by its own API: what a lab that looks at everything there may want.

Optional, and one way: the store stays what counts. A run that is there already is left as it is.
"""

import json
from collections.abc import Sequence
from typing import Any

from xbench.errors import XbenchError
from xbench.results.record import Record

RUN_TAG = "xbench.run_id"
_PARAMETERS = ("dataset", "surrogate", "cell_type", "target", "method", "L", "repetition", "seed")
_TAGS = (
    *("status", "reason", "dataset_digest", "surrogate_digest", "method_version", "device"),
    *("method_digest", "git_commit", "machine", "created"),
)
_COSTS = ("seconds", "forward_evaluations", "gradient_evaluations", "peak_memory_bytes")
# MLflow refuses longer ones.
_LONGEST = 500
_PAGE = 1000


def log_runs(records: Sequence[Record], uri: str) -> tuple[int, int]:
    """Log runs, each as a run of MLflow in an experiment ``xbench/TASK``.

    Parameters
    ----------
    records
        One that failed is a failed run there: it has no metrics.
    uri
        Of the tracking server or database, such as ``http://host:5000`` or ``sqlite:///runs.db``.

    Returns
    -------
    new, known : int
        How many were logged, and how many had been before.

    Raises
    ------
    XbenchError
        Where MLflow is missing, or refuses.
    """
    try:
        from mlflow import MlflowClient
        from mlflow.exceptions import MlflowException
    except ImportError as error:
        raise XbenchError(
            "--mlflow: needs MLflow; install it: pip install 'xbench-explain[mlflow]'"
        ) from error
    new = known = 0
    try:
        client = MlflowClient(tracking_uri=uri)
        for task in dict.fromkeys(record.task for record in records):
            of_task = [record for record in records if record.task == task]
            experiment = _experiment(client, f"xbench/{task}")
            there = _logged(client, experiment)
            for record in of_task:
                if record.run_id in there:
                    known += 1
                else:
                    _log(client, experiment, record)
                    new += 1
    except (MlflowException, OSError, ImportError) as error:
        what = " ".join(str(error).split())[:_LONGEST]
        raise XbenchError(f"--mlflow {uri}: {what}") from error
    return new, known


def _experiment(client: Any, name: str) -> str:
    found = client.get_experiment_by_name(name)
    return str(found.experiment_id if found is not None else client.create_experiment(name))


def _logged(client: Any, experiment: str) -> set[str]:
    """Return the ids of runs that an experiment has, whole."""
    found: set[str] = set()
    page = None
    while True:
        runs = client.search_runs(
            [experiment],
            "attributes.status IN ('FINISHED', 'FAILED')",
            max_results=_PAGE,
            page_token=page,
        )
        found |= {run.data.tags.get(RUN_TAG, "") for run in runs}
        page = runs.token
        if not page:
            return found


def _log(client: Any, experiment: str, record: Record) -> None:
    tags = {f"xbench.{name}": str(getattr(record, name))[:_LONGEST] for name in _TAGS}
    name = f"{record.method} {record.cell_type}:{record.target} L={record.L} #{record.repetition}"
    run = client.create_run(experiment, tags={RUN_TAG: record.run_id, **tags}, run_name=name)
    of = run.info.run_id
    for parameter in _PARAMETERS:
        client.log_param(of, parameter, str(getattr(record, parameter))[:_LONGEST])
    client.log_param(of, "parameters", json.dumps(record.parameters, sort_keys=True)[:_LONGEST])
    costs = {name: getattr(record, name) for name in _COSTS}
    for metric, value in {**record.metrics, **costs}.items():
        if value is not None:
            client.log_metric(of, metric, float(value))
    # Told last: a run whose logging was interrupted is logged once more.
    client.set_terminated(of, "FINISHED" if record.status in ("ok", "skipped") else "FAILED")
