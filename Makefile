# Two commands do all the set-up on a fresh machine with Python 3.11+ and make:
#   make demo    install, then train on real data
#   make test    install the test tools, then run linters, types and all tests

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
STAMPS := $(VENV)/stamps
LOCK   := requirements/lock.txt
JOBS   ?= 2

# tests start a hundred processes: without bytecode each would compile the package anew
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo quick lowest coverage test test-peers proof resumed fuzz check format studies changelog docs docs-test man mutation bench lock clean lab-test

help:  ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: $(STAMPS)/core $(STAMPS)/lab  ## train on digits and on a regression set, say where the pictures are
	@$(BIN)/deltarule train digits --out demo/digits --force
	@$(BIN)/deltarule train diabetes --out demo/diabetes --force
	@echo
	@echo "Pictures: demo/digits/curves.png, demo/digits/confusion.png,"
	@echo "          demo/diabetes/curves.png, demo/diabetes/predictions.png"
	@echo "Next:     $(BIN)/deltarule train YOUR.csv --target COLUMN"
	@echo "See it:   $(BIN)/deltarule lab --lesson factor"

# a worker keeps to files that lie beside one another, with what they have made and compiled; with
# several threads of BLAS each, workers wait for one another's: some tests took five times as long
PYTEST := OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -n $(JOBS) --dist worksteal

SLOW := $(addprefix --ignore=tests/,contract/test_activation_gradients.py \
  contract/test_loss_gradients.py rules/test_engines.py rules/test_consistent.py \
  training/test_many.py training/test_many_ends.py training/test_many_chunks.py)
QUICK := tests/contract tests/core tests/rules tests/training $(addprefix tests/engine/test_, \
  backprop.py second_order.py paths.py) $(SLOW)

quick: $(STAMPS)/test  ## linters, types, and the tests that a change breaks first; a minute
	@$(MAKE) --no-print-directory check
	@$(PYTEST) -q -x $(QUICK)

lowest:  ## the tests with the lowest versions of all dependencies that are allowed
	$(PYTHON) -m venv --clear $(VENV)-lowest
	$(PYTHON) requirements/lowest.py test > $(VENV)-lowest/lowest.txt
	$(VENV)-lowest/bin/python -m pip install -q -c $(VENV)-lowest/lowest.txt -e '.[test]'
	$(VENV)-lowest/bin/python -m pytest -n $(JOBS) -W default::DeprecationWarning --ignore=tests/peers

coverage: $(STAMPS)/test  ## which lines and branches of all rooms the tests reach
	@$(PYTEST) -q --ignore=tests/peers --cov=src/deltarule --cov-branch --cov-config=/dev/null \
	  --cov-report=term:skip-covered

test: $(STAMPS)/test  ## linters, types, import directions, doctests and all tests; coverage
	@$(MAKE) --no-print-directory check
	@$(PYTEST) --ignore=tests/peers -m traced --cov --cov-report=
	@$(BIN)/python tests/support/covered.py
	@$(PYTEST) --ignore=tests/peers -m "not traced"

# On Linux pip takes PyTorch's CUDA build; PIP_EXTRA_INDEX_URL can point to its CPU builds.
test-peers: $(STAMPS)/peers  ## the comparisons with PyTorch and onnxruntime, scikit-learn's checks
	@$(BIN)/python -m pytest -n $(JOBS) tests/peers

KILLED_STUDIES ?= 50

proof: $(STAMPS)/test  ## the diagnosis: every mistake and pair, 5,000 points of the grammar, 4,000 right and wrong gradients; intervals; studies and workers killed
	@$(BIN)/python -m pytest -s tests/check/diagnose/full_proof.py tests/studies/full_coverage.py \
	  tests/studies/full_kills.py
	@KILLED_STUDIES=$(KILLED_STUDIES) $(BIN)/python -m pytest -s tests/studies/test_folder.py -k kill_9
	@$(BIN)/python -m pytest tests/exchange/full_exchange.py  # random models and pipelines

KILLED_JOBS ?= 200

resumed: $(STAMPS)/test  ## KILLED_JOBS=200 trainings killed at random moments, and resumed until they are done
	@KILLED_JOBS=$(KILLED_JOBS) $(BIN)/python -m pytest -s tests/training/test_checkpoint.py -k killed_at_random

FUZZ_CASES ?= 2000

fuzz: $(STAMPS)/test  ## kills, readers and gradients at random, FUZZ_CASES=2000 of each; minutes
	@FUZZ_CASES=$(FUZZ_CASES) $(BIN)/python -m pytest tests/check/test_rates.py \
	  tests/models/test_claim.py tests/models/test_folder.py tests/data/test_fuzz_csv.py \
	  tests/data/test_parquet.py tests/data/test_written.py tests/core/test_array_file.py tests/check/test_corner.py \
	  tests/web/test_service.py -k "hostile or fuzz or kill or reader or replaced"

lab-test: $(STAMPS)/test $(STAMPS)/lab-test  ## the lab: every view and lesson at three widths, axe-core, 2,000 hostile requests
	@$(BIN)/python -m pytest -n $(JOBS) tests/web/test_*.py tests/web/full_lab.py

docs-test: docs $(STAMPS)/test $(STAMPS)/lab-test  ## the pages at a phone's width and a screen's, axe-core, search
	@$(BIN)/python -m pytest -n $(JOBS) tests/docs/full_pages.py

check: $(STAMPS)/test  ## the fast part: linters, types, import directions
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@MYPY_NUM_WORKERS=$(JOBS) $(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

format: $(STAMPS)/test  ## let ruff format and mend what it can
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

studies: $(STAMPS)/data  ## run the studies that come along, and write their pages; minutes
	@$(BIN)/python docs/make_studies.py
	@$(BIN)/python docs/make_finite_differences.py
	@$(BIN)/python docs/make_optimizer_times.py

changelog:  ## put the fragments of changes/ into CHANGELOG.md
	@$(PYTHON) docs/_ext/deltadocs/changes.py

docs: $(STAMPS)/docs  ## build the pages into docs/_build/html
	@$(BIN)/python -m sphinx -q -W -b html docs docs/_build/html
	@echo "Open docs/_build/html/index.html"

man: $(STAMPS)/docs  ## build the manual page docs/_build/man/deltarule.1
	@$(BIN)/python -m sphinx -q -b man -D nb_execution_mode=off docs docs/_build/man
	@echo "Read it: man docs/_build/man/deltarule.1"

mutation: $(STAMPS)/test  ## break every formula in every way; what no test finds is listed; half an hour
	@$(BIN)/python tests/support/mutants.py

bench: $(STAMPS)/test $(STAMPS)/peers  ## measure beside PyTorch, JAX, scikit-learn, NumPy and C; ten minutes, on a quiet machine
	@$(BIN)/python benchmarks/run.py --write

lock:  ## write the versions that CI installs, from a fresh environment
	$(PYTHON) -m venv --clear $(VENV)-lock
	$(VENV)-lock/bin/python -m pip install -q torch==2.13.0
	$(VENV)-lock/bin/python -m pip install -q -e '.[test,peers,docs]'
	$(VENV)-lock/bin/python -m pip freeze --exclude-editable | sed 's/+cpu$$//' | sort -f > $(LOCK)
	rm -rf $(VENV)-lock

clean:  ## remove everything that was made
	rm -rf $(VENV) $(VENV)-lock $(VENV)-lowest demo docs/_build docs/generated .pytest_cache .mypy_cache .ruff_cache

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "deltarule needs Python 3.11 or newer; $(PYTHON) is older. Try: make PYTHON=python3.12 demo"; exit 1; }
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	  echo "No virtual environment could be made; Debian and Ubuntu need: apt install python3-venv"; exit 1; }

$(STAMPS)/core: pyproject.toml $(LOCK) | $(BIN)/python
	$(BIN)/python -m pip install -q --disable-pip-version-check -c $(LOCK) -e .
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/%: pyproject.toml $(LOCK) | $(STAMPS)/core
	$(BIN)/python -m pip install -q --disable-pip-version-check -c $(LOCK) -e '.[$*]'
	@touch $@
