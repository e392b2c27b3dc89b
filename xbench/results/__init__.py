"""Records of runs and findings of analyses, the files that keep them, and which of them count."""
