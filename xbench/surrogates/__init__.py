"""Surrogates: the frozen differentiable models that are explained."""
