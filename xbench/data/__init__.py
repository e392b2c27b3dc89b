"""Datasets as they are explained: features, targets, splits, the genome, and reading files."""
