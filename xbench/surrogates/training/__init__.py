"""Training of the surrogates."""
