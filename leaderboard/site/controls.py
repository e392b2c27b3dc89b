"""Which methods are controls: what a search has to beat before its effort is worth it."""

CONTROLS = frozenset(
    {
        "correlation",
        "gradient-change",
        "gradient-greedy",
        "leave-one-out",
        "nearest-tss",
        "random",
        "random-matched",
        "ridge",
    }
)
"""Names of methods that choose by chance, by distance, by what was measured, or by one signed step
of the model: no search, or next to none. Whoever plugs a control in has it shown as a method."""
