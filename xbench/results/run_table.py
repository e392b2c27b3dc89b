"""Runs as one Parquet file, a row a run, for DuckDB, pandas and whatever else reads it."""

import contextlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from xbench.errors import XbenchError
from xbench.results.record import Record
from xbench.utils.files import cannot_write
from xbench.utils.temporaries import temporary_beside

# What differs in shape from run to run is JSON text; lists of one kind stay lists.
_AS_JSON = (
    *("parameters", "versions", "asked", "details", "trace", "places"),
    *("surrogate_fit", "judge_fit", "target_place"),
)


def write_parquet(records: Sequence[Record], path: Path) -> None:
    """Write runs, whole or not at all.

    Columns are the fields of `Record`, but that each metric is a column of its own,
    ``metric:NAME``, null where a run has no value; ``parameters``, ``trace`` and other fields
    whose shape differs are JSON text, ``indices`` and ``features`` lists.

    Parameters
    ----------
    records
        Also those that failed: they are rows with a status and a reason.
    path
        The file; replaced where it is there.

    Raises
    ------
    XbenchError
        Where pyarrow is missing, or the file cannot be written.
    """
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as error:
        raise XbenchError(
            "parquet: needs pyarrow; install it: pip install 'xbench-explain[tables]'"
        ) from error
    rows = [_row(record) for record in records]
    lists = {"indices": pa.list_(pa.int64()), "features": pa.list_(pa.string())}
    columns = {name: [row[name] for row in rows] for name in (rows[0] if rows else {})}
    metrics = sorted({name for record in records for name in record.metrics})
    arrays = {name: pa.array(values, lists.get(name)) for name, values in columns.items()}
    for name in metrics:
        values = [record.metrics.get(name) for record in records]
        arrays[f"metric:{name}"] = pa.array(values, pa.float64())
    beside = temporary_beside(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        parquet.write_table(pa.table(arrays), beside)
        beside.replace(path)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        with contextlib.suppress(OSError):
            beside.unlink()


def _row(record: Record) -> dict[str, Any]:
    row = asdict(record)
    del row["metrics"]
    for name in _AS_JSON:
        row[name] = json.dumps(row[name], sort_keys=True)
    return row
