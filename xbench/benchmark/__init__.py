"""From a task to its records; `runner.py` is the main loop.

`request.py` (what a user asked) -> `resolve.py` and `plan.py` (which runs that means) ->
`workers.py` (processes) -> `execute.py`, `explain.py`, `answer.py` (one run) -> `xbench.results`.
"""
