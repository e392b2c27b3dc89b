"""Peaks and expression of the same cells, from files of any common layout.

On its way: a layout's reader (`layout.py` says which) -> `RawMultiome` -> cells, peaks and genes,
checked and preprocessed -> `Dataset`. `validate.py` walks the same way and lists all it finds.
"""

from xbench.data.multiome.read import read_multiome

__all__ = ["read_multiome"]
