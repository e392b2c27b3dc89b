"""A simulated multiome of known regulation; docs/explanation/simulation.md has every formula."""

CITATION = "Simulated by xbench; gene coordinates from Ensembl (hg38)."
LICENCE = "MIT, as xbench"
