"""Figures of the leaderboard: numbers from records and findings, and drawings of them."""
