"""Regression baselines: results kept in a file, and a fresh run compared with them."""
