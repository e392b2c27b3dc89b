"""Helpers that know nothing of the project: files, locks, processes, seeds, provenance, text."""
