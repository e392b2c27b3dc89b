"""The record of one analysis of one run."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from xbench.errors import XbenchError
from xbench.utils.json import plain_values


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What one analysis says about the selection of one run.

    Parameters
    ----------
    analysis
        Name of the analysis, see `xbench.analysis.analyses.ANALYSES`.
    run_id
        The run whose selection was analysed.
    against
        What else went into it, such as the digest of a second surrogate or of a contact map;
        empty where nothing did.
    values
        What came out, in JSON's own types.
    version
        Of the analysis; findings of older versions are made anew.

    Examples
    --------
    >>> finding = Finding(analysis="proximity", run_id="00c0ffee00c0ffee", values={"nearest": 5.0})
    >>> Finding.from_json(finding.to_json()) == finding
    True
    """

    analysis: str
    run_id: str
    against: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    version: int = 1

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True)

    @property
    def key(self) -> tuple[str, str, str]:
        """What identifies it: analysis, run, and what else went into it."""
        return self.analysis, self.run_id, self.against

    def to_json(self) -> str:
        """Return it as one line of JSON, keys sorted; NaN and infinities become null."""
        return json.dumps(plain_values(asdict(self)), sort_keys=True, allow_nan=False)

    @staticmethod
    def from_json(line: str | bytes) -> Finding:
        """Read one line written by `to_json`.

        Raises
        ------
        XbenchError
            Where the text is no finding.
        """
        try:
            return _ADAPTER.validate_json(line)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise XbenchError(f"{where}: {first['msg']}".lstrip(": ")) from error


_ADAPTER = TypeAdapter(Finding)
