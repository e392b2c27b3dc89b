"""Records of runs and findings of analyses: the files that keep them, and which of them count.

`store.py` is the journal of runs, `leases.py` shares work among several starts on it.
"""
