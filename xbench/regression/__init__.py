"""Regression baselines: results kept in one file, and a fresh run compared with them.

`snapshot.py` and `file.py` make and read the file, `compare.py` and `judge.py` compare, `gate.py`
says what one number comes to, `report_formats.py` shows it.
"""
