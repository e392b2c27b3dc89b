"""``xbench bench``: the benchmarks of a checkout, run, kept, and compared over time."""
