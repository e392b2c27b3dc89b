"""What a selection means: measures of selected subsets, computed after the runs."""
