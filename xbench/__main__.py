"""``python -m xbench`` is the ``xbench`` command."""

from xbench.cli import main

main()
