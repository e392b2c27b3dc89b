"""Task declarations (TOML), read by `xbench.task`; nothing here runs."""
