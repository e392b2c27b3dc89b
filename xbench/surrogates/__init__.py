"""Surrogates: the frozen differentiable models that are explained.

`obtain.py` opens or trains one, `training/` holds the training, `evaluation/` the report on one.
"""
