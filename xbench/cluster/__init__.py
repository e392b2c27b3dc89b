"""Runs, training and analyses on Dask, and so on Slurm: one plan, one store, many machines.

`cluster_choice.py` (what ``--cluster`` means) -> `connect.py` (a Dask client) -> `dask_executor.py`
(the driver's loop) -> `on_worker.py` (one xbench worker process, supervised on the other side).
Nothing of Dask is imported before a cluster is connected to.
"""
