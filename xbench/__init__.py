"""xbench: which L features, masked together, change a model's output most?"""

__version__ = "0.1.0"
