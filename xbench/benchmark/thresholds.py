"""What a task tolerates: numbers that stand in place of the bands that are learned."""

import math
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from xbench.errors import unknown_name
from xbench.metrics import METRICS

SECONDS = "seconds"
EVALUATIONS = ("computed-evaluations", "forward-evaluations", "gradient-evaluations")


class Thresholds(BaseModel):
    """The table ``[thresholds]`` of a task; results do not depend on it.

    In TOML the name of a quantity stands for every method, and a table for one of them::

        [thresholds]
        reference_method = "integrated-gradients"
        seconds = 3.0
        optimality = 0.001

        [thresholds.methods.grids]
        forward-evaluations = 0.05

    Parameters
    ----------
    reference_method
        Label of the method that seconds are relative to; None: seconds are not compared.
    quantities
        For a metric: by how much the mean may get worse, in its unit. For evaluations: by which
        share the total may grow. For ``seconds``: by which factor the ratio may grow.
    methods
        The same for one method, by its label.

    Examples
    --------
    >>> given = Thresholds.model_validate(
    ...     {"optimality": 0.01, "methods": {"grids": {"optimality": 0.02}}}
    ... )
    >>> given.of("grids", "optimality"), given.of("lime", "optimality"), given.of("lime", "seconds")
    (0.02, 0.01, None)
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    reference_method: str | None = None
    quantities: dict[str, float] = Field(default_factory=dict)
    methods: dict[str, dict[str, float]] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _sort_out(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            raise ValueError("must be a table")
        own = {name: given[name] for name in ("reference_method", "methods") if name in given}
        if not isinstance(own.get("reference_method", ""), str | None):
            raise ValueError("reference_method must be the label of a method in quotes")
        rest = {name: value for name, value in given.items() if name not in (*own, "quantities")}
        quantities = {**_table(given.get("quantities", {}), ""), **_table(rest, "")}
        tables = own.get("methods", {})
        if not isinstance(tables, dict):
            raise ValueError("methods must be tables, such as [thresholds.methods.grids]")
        methods = {label: _table(table, f"methods.{label}: ") for label, table in tables.items()}
        return {**own, "quantities": quantities, "methods": methods}

    def of(self, method: str, quantity: str) -> float | None:
        """Return what is tolerated; None where nothing is said, and the band is learned."""
        own: Mapping[str, float] = self.methods.get(method, {})
        return own.get(quantity, self.quantities.get(quantity))


def _table(given: Any, where: str) -> dict[str, float]:
    """Check one table of quantities; messages are put behind ``thresholds:``."""
    if not isinstance(given, dict):
        raise ValueError(f"{where}must be a table of numbers")
    valid = [name for name, metric in METRICS.items() if metric.direction != "none"]
    for name, value in given.items():
        if name not in (*valid, *EVALUATIONS, SECONDS):
            raise ValueError(
                where + str(unknown_name("quantity", name, [*valid, *EVALUATIONS, SECONDS]))
            )
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"{where}{name} must be a number, not {value!r}")
        if not math.isfinite(value):
            raise ValueError(f"{where}{name} must be a finite number, not {value!r}")
        if value < 0 or (name == SECONDS and value < 1):
            least = "a factor of at least 1" if name == SECONDS else "at least 0"
            raise ValueError(f"{where}{name} must be {least}, not {value!r}")
    return {name: float(value) for name, value in given.items()}
