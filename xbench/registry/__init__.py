"""Find plug-ins of every kind by name: files are scanned, and imported when they are used."""
