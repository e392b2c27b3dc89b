"""Find plug-ins of every kind by name: scanned without importing, loaded when used."""
