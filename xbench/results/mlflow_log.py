"""Runs in MLflow, by its own API: what a lab that looks at everything there may want.

Optional, and one way: the store stays what counts. A run that is there already is left as it is,
but where the store has a later record of it: that is logged in its place.
"""

import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from xbench.errors import XbenchError
from xbench.results.record import Record

RUN_TAG, CREATED_TAG = "xbench.run_id", "xbench.created"
_PARAMETERS = ("dataset", "surrogate", "cell_type", "target", "method", "L", "repetition", "seed")
_TAGS = (
    *("status", "reason", "dataset_digest", "surrogate_digest", "method_version", "device"),
    *("method_digest", "git_commit", "machine"),
)
_COSTS = ("seconds", "forward_evaluations", "gradient_evaluations", "peak_memory_bytes")
# MLflow refuses longer ones.
_LONGEST = 500
_PAGE = 1000
_WHOLE = ("FINISHED", "FAILED")


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
        How many were logged, and how many are there as they are here, or later.

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
                before = there[record.run_id]
                # Of one form and zone, so that later ones are greater.
                if any(created >= record.created for _, created in before):
                    known += 1
                else:
                    _log(client, experiment, record)
                    new += 1
                for one, created in before:
                    if created < record.created:
                        client.delete_run(one)
    except (MlflowException, OSError, ImportError, ValueError) as error:
        what = " ".join(str(error).split())[:_LONGEST]
        raise XbenchError(f"--mlflow {uri}: {what}") from error
    return new, known


def _experiment(client: Any, name: str) -> str:
    found = client.get_experiment_by_name(name)
    return str(found.experiment_id if found is not None else client.create_experiment(name))


def _logged(client: Any, experiment: str) -> defaultdict[str, list[tuple[str, str]]]:
    """Return what an experiment has of each run, whole: MLflow's id, and when the run ended."""
    found: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    page = None
    while True:
        runs = client.search_runs([experiment], max_results=_PAGE, page_token=page)
        for run in runs:
            # Not by a filter of the search: MLflow knows no list of statuses there.
            if run.info.status not in _WHOLE:
                continue
            tags = run.data.tags
            found[tags.get(RUN_TAG, "")].append((run.info.run_id, tags.get(CREATED_TAG, "")))
        page = runs.token
        if not page:
            return found


def _log(client: Any, experiment: str, record: Record) -> None:
    from mlflow.entities import Metric, Param

    tags = {f"xbench.{name}": str(getattr(record, name))[:_LONGEST] for name in _TAGS}
    tags |= {RUN_TAG: record.run_id, CREATED_TAG: record.created}
    name = f"{record.method} {record.cell_type}:{record.target} L={record.L} #{record.repetition}"
    # MLflow counts in milliseconds.
    ended = int(1000 * datetime.fromisoformat(record.created).timestamp())
    began = ended - int(1000 * record.seconds)
    run = client.create_run(experiment, start_time=began, tags=tags, run_name=name)
    parameters = {name: str(getattr(record, name)) for name in _PARAMETERS}
    parameters["parameters"] = json.dumps(record.parameters, sort_keys=True)
    numbers = {**record.metrics, **{name: getattr(record, name) for name in _COSTS}}
    of = run.info.run_id
    # At once, for each is a question to a server.
    client.log_batch(
        of,
        params=[Param(name, text[:_LONGEST]) for name, text in parameters.items()],
        metrics=[
            Metric(name, float(value), ended, 0)
            for name, value in numbers.items()
            if value is not None
        ],
    )
    # Told last: a run whose logging was interrupted is logged once more.
    status = "FINISHED" if record.status in ("ok", "skipped") else "FAILED"
    client.set_terminated(of, status, end_time=ended)
