"""Explainers, one file each; found by name through `xbench.registry.find`."""
