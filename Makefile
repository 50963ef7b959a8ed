# `make demo` and `make test` are the two commands. Each sets up what it needs: a virtual environment in this clone.
PYTHON ?= python3
KEK ?= local
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help demo test lint unit slow bench bench-memory vectors lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(READY) ## the main job from a fresh clone; KEK=vault for a real OpenBao server
	@$(BIN)/fieldvault demo --kek $(KEK)

test: lint ## lint, types, import contracts, vectors and every test, on a real OpenBao and PostgreSQL
	$(BIN)/python -m pytest -n 2 --dist loadfile

lint: $(READY) ## ruff, mypy strict, import-linter, vectors as generated
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tests/vectors/generate.py --check

unit: $(READY) ## only the tests that start no server
	$(BIN)/python -m pytest -n 2 tests/unit tests/property tests/vectors tests/typing

slow: $(READY) ## the long runs that `make test` leaves out: more examples, more forks
	FIELDVAULT_HYPOTHESIS=thorough FIELDVAULT_LONG_FAULTS=1 $(BIN)/python -m pytest tests/property tests/faults

bench: $(READY) ## sealing, opening and password hashing against bare libraries, as ratios of one run
	$(BIN)/python benchmarks/list_against_cryptography.py
	$(BIN)/python benchmarks/password_verification.py
	$(BIN)/python benchmarks/password_migration.py

bench-memory: $(READY) ## peak memory of a stream of 100k and of 2M rows
	$(BIN)/python benchmarks/memory.py

vectors: $(READY) ## write tests/vectors/*.json again (released vectors never change)
	$(BIN)/python tests/vectors/generate.py

lock: $(READY) ## pin requirements/dev.in anew, with hashes
	$(PYTHON) -m pip install -q --target $(VENV)/lock uv
	PYTHONPATH=$(VENV)/lock $(PYTHON) -m uv pip compile --universal --python-version 3.11 --generate-hashes \
		--no-emit-find-links --no-header -q requirements/dev.in -o requirements/dev.txt

clean: ## forget the virtual environment and every cache
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(READY): requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("fieldvault needs Python 3.11 or newer: make PYTHON=python3.12 …") if sys.version_info < (3, 11) else 0'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
