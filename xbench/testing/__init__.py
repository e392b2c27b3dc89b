"""The contract of an explainer, as a suite any explainer can be put through; ``xbench bench``."""
