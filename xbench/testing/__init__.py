"""The contract of an explainer, as a suite that any explainer can be put through.

``xbench bench``: the benchmarks of a checkout, run, saved by pytest-benchmark, and shown over time.
"""
