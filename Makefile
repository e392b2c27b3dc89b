# Every target does its own set-up on a fresh clone: a virtual environment in .venv, pinned by
# constraints.txt. PYTHON may be any Python 3.11 to 3.13.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RESULTS ?= results
READY := $(VENV)/.ready

.PHONY: leaderboard test test-slow check clean help

help:
	@echo "make leaderboard   run the main tasks and write leaderboard/published"
	@echo "make test          run the fast tests"
	@echo "make test-slow     run the long and full-size tests and benchmarks"
	@echo "make check         lint, format and types"

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[test,check,figures,peers,hic]"
	@touch $@

# Where its data are absent a task says so, and the leaderboard keeps the committed rows of it.
# Exit code 1 of a run means that some runs failed: they belong on the leaderboard too.
leaderboard: $(READY)
	failed=0; \
	$(BIN)/xbench run mnist-binary --store $(RESULTS) || { failed=$$?; [ $$failed = 1 ] || exit $$failed; }; \
	$(BIN)/xbench run table1 --store $(RESULTS) --skip-missing-data || { failed=$$?; [ $$failed = 1 ] || exit $$failed; }; \
	$(BIN)/xbench leaderboard --store $(RESULTS) --out leaderboard && exit $$failed

test: $(READY)
	$(BIN)/python -m pytest

test-slow: $(READY)
	$(BIN)/python -m pytest -m slow

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy xbench methods datasets leaderboard

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache
