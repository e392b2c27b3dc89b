"""The tables of the leaderboard, one file a kind."""
