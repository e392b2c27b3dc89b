"""The paper: its published numbers, its claims, and our results beside them."""
