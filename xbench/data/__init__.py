"""Data as they are explained: datasets, features, targets, splits, the genome; reading and getting.

`load.py` is the one door; `multiome/` reads the layouts of the field, `download/` gets files.
"""
