"""Task declarations (TOML), read by `xbench.tasks_toml`; nothing here runs."""
