"""The contract of an explainer, as a suite that any explainer can be put through."""
