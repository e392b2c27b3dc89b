# Every target does its own set-up on a fresh clone: a virtual environment in .venv, pinned by
# constraints.txt. PYTHON may be any Python 3.11 to 3.13.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RESULTS ?= results
READY := $(VENV)/.ready
# Empty: Python keeps the bytecode of what it has compiled, whatever the environment says. Tests and
# benchmarks start xbench over and over, and each start would compile all of it again.
export PYTHONDONTWRITEBYTECODE =

.PHONY: leaderboard leaderboard-whole site site-test site-screenshots test test-slow cluster-test test-lowest check ci-benchmark ci-baseline docs notebooks clean help

help:
	@echo "make leaderboard   run the main tasks and write leaderboard/published"
	@echo "make leaderboard-whole   run every table, pipelines included; more than a night"
	@echo "make site          write the published results as a static site, build/site"
	@echo "make site-test     look at a site in Chromium: sorts, filters, opens, asks no network"
	@echo "make test          run the fast tests"
	@echo "make test-slow     run the long and full-size tests and benchmarks"
	@echo "make test-lowest   run a part of the tests with the lowest versions that pyproject.toml allows"
	@echo "make cluster-test  run on Dask, on a Slurm of its own, and with workers killed at random"
	@echo "make check         lint, format, types, imports between rooms, spelling"
	@echo "make docs          build the pages into build/docs; a warning is an error"
	@echo "make notebooks     run the tutorials and keep their outputs"
	@echo "make ci-benchmark  run the task ci and compare it with baselines/ci.json"
	@echo "make ci-baseline   run the task ci and save it as baselines/ci.json"

# What is installed is compiled when it is imported: all of it would take a minute.
INSTALL := pip install --quiet --disable-pip-version-check --no-compile

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m $(INSTALL) -c constraints.txt -e ".[test,check,figures,peers,hic,site,cluster,tables]"
	@touch $@

# What fits into some minutes on 2 cores; the committed runs of all else are kept. Where its data
# are absent a task says so. Exit code 1 means that some runs failed: they belong on the
# leaderboard too.
QUICK := random,saliency,smoothgrad,grids,gradient-change
REPRODUCE := $(BIN)/xbench reproduce --store $(RESULTS) --out leaderboard/published
TRY := failed=0; try() { $(REPRODUCE) "$$@" || { failed=$$?; [ $$failed = 1 ] || exit $$failed; }; }

leaderboard: $(READY)
	$(TRY); \
	try mnist --methods $(QUICK),lime,fimap,sage; \
	try table1 table3 --surrogate oracle --methods $(QUICK) -L 10; \
	try table1 table3 figure2 --dataset snare-cortex --methods $(QUICK) --skip-missing-data; \
	exit $$failed

# Every table, also those that are not committed yet: more than a night on 2 cores, resumable. FIMAP learns anew for each of Table 2's
# 200 targets, and LIME, CXPlain and SAGE take minutes a target: these have one repetition.
SLOWEST := lime,cxplain,sage

# Pipelines: every surrogate on both simulations, scored by their truth, and on the cortex by a judge.
# CXPlain's, at a minute a target, on one surrogate and, but for one simulation, once.
PIPELINES := cross-modality end-to-end cis ensemble

# The tables are of the paper's surrogate and of the one that knows a gene's own peaks.
TABULATED := cross-modality cis
SIMULATIONS := simulated-multiome simulated-multiome-sparse
DATASETS := $(SIMULATIONS) snare-cortex

leaderboard-whole: $(READY)
	$(TRY); \
	run() { $(BIN)/xbench run --store $(RESULTS) --skip-missing-data "$$@" || { failed=$$?; [ $$failed = 1 ] || exit $$failed; }; }; \
	of_each() { \
		for dataset in $(DATASETS); do for surrogate in $(TABULATED); do \
			try "$$@" --dataset $$dataset --surrogate $$surrogate --skip-missing-data; \
		done; done; \
	}; \
	for surrogate in $(PIPELINES); do \
		for simulation in $(SIMULATIONS); do \
			run pipelines --dataset $$simulation --surrogate $$surrogate; \
		done; \
		run judged --surrogate $$surrogate; \
	done; \
	run judged --dataset simulated-multiome --seeds 1; \
	run judged --dataset simulated-multiome --surrogate ensemble --seeds 2; \
	run pipelines --dataset simulated-multiome-sparse-7; \
	for simulation in simulated-multiome simulated-multiome-sparse-7; do \
		run pipelines --dataset $$simulation --methods cxplain --seeds 1; \
	done; \
	run pipelines --dataset simulated-multiome-sparse --methods cxplain; \
	try mnist; \
	try table1 table3 figure2 figure3 hic redundancy transfer --surrogate oracle; \
	try table2 --methods $(QUICK) --surrogate oracle; \
	of_each table1 table3 figure2 figure3 hic redundancy transfer; \
	of_each table2 --methods $(QUICK); \
	of_each table1 table3 figure3 redundancy transfer --methods $(SLOWEST) --seeds 1 --budget-seconds 600; \
	for from in "--surrogate oracle" "" "--dataset snare-cortex --skip-missing-data"; do \
		try table2 --methods fimap --seeds 1 $$from; \
	done; \
	exit $$failed

# Docs that `make docs` has built go into build/site/docs, and the pages link to them.
SITE := build/site

site: $(READY)
	if [ -d build/docs ]; then mkdir -p $(SITE) && rm -rf $(SITE)/docs && cp -R build/docs $(SITE)/docs; fi
	$(BIN)/xbench site --published --out $(SITE)

# Chromium and its driver are Debian's; axe-core, which looks for what readers with disabilities
# stumble over, is got by npm into build/. What cannot be got is said, and its tests are skipped.
CHROMIUM_READY := build/browser/.ready
AXE_VERSION := 4.11.0

$(CHROMIUM_READY): pyproject.toml constraints.txt $(READY)
	mkdir -p build/browser
	command -v chromedriver > /dev/null || { apt-get update -q && apt-get install -q -y chromium chromium-driver; }
	$(BIN)/python -m $(INSTALL) -c constraints.txt -e ".[browser]"
	command -v npm > /dev/null && npm install --silent --no-save --no-audit --no-fund --ignore-scripts --prefix build/browser axe-core@$(AXE_VERSION) || echo "axe-core could not be installed: its tests are skipped"
	@touch $@

site-test: $(CHROMIUM_READY)
	$(BIN)/python -m pytest -m browser tests/leaderboard/site

# Of the published site, light and dark, wide and narrow: for a review by eye.
site-screenshots: $(CHROMIUM_READY) site
	XBENCH_SITE=$(SITE) XBENCH_SCREENSHOTS=docs/screenshots $(BIN)/python -m pytest -m browser \
		tests/leaderboard/site/test_screenshots.py

# What is measured is measured alone: after the tests that share the cores.
test: $(READY)
	$(BIN)/python -m pytest -n 2 --dist worksteal
	$(BIN)/python -m pytest tests/benchmarks --benchmark-columns=median,min,max,rounds
	$(BIN)/python -m pytest --noconftest tests/cli/test_start_and_help.py -k half_a_second

test-slow: $(READY)
	$(BIN)/python -m pytest -m slow

# An environment of its own: Python 3.11, for the oldest versions have no wheels for newer ones.
LOWEST := build/lowest
LOWEST_TESTS := tests/test_errors.py tests/data tests/mask tests/metrics tests/results \
	tests/methods/test_grids.py tests/surrogates/test_checkpoint.py tests/analysis/test_contact_map.py \
	tests/cli/test_from_run_to_leaderboard.py tests/utils

test-lowest:
	mkdir -p $(LOWEST)
	$(PYTHON) .ci/lowest.py test hic > $(LOWEST)/requirements.txt
	$(PYTHON) -m venv $(LOWEST)/venv
	$(LOWEST)/venv/bin/python -m $(INSTALL) -r $(LOWEST)/requirements.txt -e .
	$(LOWEST)/venv/bin/python -m pytest $(LOWEST_TESTS)

# Slurm is Debian's: apt install slurm-wlm munge; as root. Without, the script says so and ends.
cluster-test: $(READY)
	$(BIN)/python -m $(INSTALL) -c constraints.txt -e ".[cluster]"
	$(BIN)/python -m pytest tests/cluster -m "slow or not slow"
	$(BIN)/python tests/cluster/worker_kills.py
	tests/cluster/slurm.sh $(BIN)/python || [ $$? = 77 ]

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy xbench methods datasets leaderboard
	PYTHONPATH=. $(BIN)/lint-imports
	$(BIN)/codespell

# The pages as a site, build/docs/index.html. Notebooks are shown as they are kept: `make notebooks` runs
# them, and the tests do.
DOCS_READY := $(VENV)/.docs-ready

$(DOCS_READY): $(READY)
	$(BIN)/python -m $(INSTALL) -c constraints.txt -e ".[docs,figures,tabular]"
	@touch $@

docs: $(DOCS_READY)
	$(BIN)/python -m sphinx -q -W --keep-going -b html docs build/docs
	@echo build/docs/index.html

notebooks: $(DOCS_READY)
	$(BIN)/python -m tests.docs.notebooks

# Always in a new store: one that has the runs already would be compared with itself. A run that
# failed (exit code 1) is for the comparison to judge.
CI_REPORTS ?= build/ci-reports
RUN_CI := $(BIN)/xbench run ci --store "$$store/runs" || [ $$? = 1 ]

ci-benchmark: $(READY)
	store=$$(mktemp -d) && trap 'rm -rf "$$store"' EXIT && { $(RUN_CI); } && \
	$(BIN)/xbench compare ci --store "$$store/runs" --junit $(CI_REPORTS)/junit.xml \
		--json $(CI_REPORTS)/comparison.json --markdown $(CI_REPORTS)/comment.md

ci-baseline: $(READY)
	store=$$(mktemp -d) && trap 'rm -rf "$$store"' EXIT && { $(RUN_CI); } && \
	$(BIN)/xbench baseline save ci --store "$$store/runs"

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache
