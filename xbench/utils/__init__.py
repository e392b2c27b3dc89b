"""Helpers that know nothing of explanations: files, locks, processes, seeds, provenance, text."""
