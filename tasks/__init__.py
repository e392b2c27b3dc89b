"""Task declarations (TOML), read by `xbench.benchmark.task`; nothing here runs."""
