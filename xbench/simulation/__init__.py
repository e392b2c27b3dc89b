"""A simulated multiome whose regulation is known; docs/simulation.md has every formula."""
