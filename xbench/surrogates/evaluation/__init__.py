"""Reports on one page: what is measured of a trained surrogate, and how it is drawn."""
