"""What a selection means, computed after the runs from stored selections.

Nearness, contacts and loops, redundancy, transfer to a second surrogate, how alike seeds are.
`analyses.py` declares each and carries them out. May use every room below `benchmark`.
"""
