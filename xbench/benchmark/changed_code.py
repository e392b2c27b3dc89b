"""Finished runs whose method's code was changed since, although its version was not."""

import warnings
from collections import Counter
from collections.abc import Iterable, Mapping

from xbench.benchmark.old_ids import old_method_digest
from xbench.benchmark.plan import FoundMethod, RunKey
from xbench.errors import XbenchWarning
from xbench.registry.find import source_files
from xbench.registry.sources import digest_of_files
from xbench.results.record import Record


def warn_of_changed_code(
    finished: Iterable[tuple[RunKey, Record]], methods: Mapping[str, FoundMethod]
) -> None:
    """Warn once for each method whose code is another than that of finished runs.

    Whether a change of the code changes results only its author knows: the runs count as finished
    until the method's version is raised, or they are run again.

    Parameters
    ----------
    finished
        Runs that are asked for and not run again, with their records.
    methods
        By registered name, as they are now.
    """
    changed = Counter(
        key.method_name
        for key, record in finished
        if not _is_same(key, record, methods[key.method_name])
    )
    for name in sorted(changed):
        warnings.warn(
            f"method {name}: its code changed since {changed[name]} of these runs; "
            "raise its version or use --again",
            XbenchWarning,
            stacklevel=2,
        )


def _is_same(key: RunKey, record: Record, method: FoundMethod) -> bool:
    if record.method_digest == method.digest:
        return True
    # A record of an older xbench names the method's own file and its parameters.
    own_file = digest_of_files(source_files(method.entry)[:1])
    return record.method_digest == old_method_digest(own_file, key.parameters)
