"""The contract of an explainer, as a suite that any explainer can be put through.

``xbench bench``: the benchmarks of a checkout, run, kept, and compared over time.
"""
