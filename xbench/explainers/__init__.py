"""What a method is made of: `explainer.py` (Explainer, Problem, Selection, Budget), and parts.

Parts are searches, learned perturbations and local fits; the methods themselves are in `methods/`.
"""
