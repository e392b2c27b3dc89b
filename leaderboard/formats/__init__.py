"""A table, and how it is written as Markdown, LaTeX, CSV and JSON."""
