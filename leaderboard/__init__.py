"""Rendering of results: tidy rows, tables, pages."""
