# `make demo` and `make test` are the two commands. Each sets up what it needs: a virtual environment in this clone.
PYTHON ?= python3
KEK ?= local
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
NATIVE := $(VENV)/.native
NATIVE_SOURCES := $(shell find native/src -name '*.rs') native/Cargo.toml native/Cargo.lock native/pyproject.toml native/fieldvault_native.pyi
CARGO := cargo --quiet
MANIFEST := --release --locked --manifest-path native/Cargo.toml
BENCH_READY := $(VENV)/.bench-ready
COMPARE := native/compare/target/release/fieldvault-compare

.DEFAULT_GOAL := help
.PHONY: help demo test lint native lint-native unit slow vectors lock clean \
	bench bench-quick bench-memory bench-aead bench-instructions bench-lock

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(READY) native ## the main job from a fresh clone; KEK=vault for a real OpenBao server
	@$(BIN)/fieldvault demo --kek $(KEK)

test: lint native lint-native ## lint, types, import contracts, vectors and every test, on a real OpenBao and PostgreSQL
	$(BIN)/python -m pytest -n 2 --dist loadfile
	@if $(BIN)/python -c 'import fieldvault_native' 2>/dev/null; then \
		echo "once more, on the pure core: what seals, opens or indexes"; \
		FIELDVAULT_CORE=python $(BIN)/python -m pytest -q -n 2 --dist loadfile $(ON_BOTH_CORES); \
	fi

# What never reaches the core (passwords, KEKs, configuration, documentation) runs once.
ON_BOTH_CORES := tests/vectors tests/property tests/unit tests/integration/contrib tests/faults/test_forks.py \
	tests/faults/test_threads.py tests/faults/test_cache_expiry.py tests/faults/test_canaries.py \
	--ignore=tests/unit/passwords --ignore=tests/unit/password_migration --ignore=tests/unit/kek \
	--ignore=tests/unit/keystore --ignore=tests/unit/config --ignore=tests/unit/peppers

native: $(READY) ## the native core, built into the virtual environment where there is Rust
	@if ! command -v cargo >/dev/null; then \
		echo "no cargo here: fieldvault runs on its pure-Python core"; \
	elif ! $(CARGO) fetch --locked --manifest-path native/Cargo.toml 2>/dev/null; then \
		echo "the crates registry cannot be reached: fieldvault runs on its pure-Python core"; \
	else \
		$(MAKE) --no-print-directory $(NATIVE); \
	fi

$(NATIVE): $(READY) $(NATIVE_SOURCES)
	@rm -rf $(VENV)/wheels
	$(BIN)/maturin build --release --locked --quiet --manifest-path native/Cargo.toml --interpreter $(BIN)/python --out $(VENV)/wheels
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --force-reinstall $(VENV)/wheels/*.whl
	@touch $@

lint-native: native ## rustfmt, clippy and Rust's own tests, where the native core could be built
	@if [ -f $(NATIVE) ]; then \
		cargo fmt --check --manifest-path native/Cargo.toml && \
		$(CARGO) clippy $(MANIFEST) --all-targets -- -D warnings && \
		$(CARGO) test $(MANIFEST) --no-default-features; \
	fi

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

bench: $(BENCH_READY) native ## every benchmark beside the peers: tables, and JSON and SVG in docs/benchmarks/
	$(BIN)/python benchmarks/all.py
	$(BIN)/python benchmarks/orm_django.py

bench-quick: $(BENCH_READY) native ## the figures that the project holds itself to, as one JSON object in the last line
	@$(BIN)/python benchmarks/quick.py

bench-memory: $(BENCH_READY) ## peak memory of a file of 100k and of 2M rows
	$(BIN)/python benchmarks/memory.py

bench-aead: $(COMPARE) ## the AEAD libraries of Rust on our own work; with Intel's where libipsec-mb-dev is installed
	$(COMPARE)
	native/compare/weigh.sh

bench-instructions: $(READY) native ## instructions a field by callgrind, beside benchmarks/instructions.json
	$(BIN)/python benchmarks/instructions.py

bench-lock: $(READY) ## pin requirements/bench.in anew, with hashes
	$(PYTHON) -m pip install -q --target $(VENV)/lock uv
	PYTHONPATH=$(VENV)/lock $(PYTHON) -m uv pip compile --universal --python-version 3.11 --generate-hashes \
		--no-emit-find-links --no-header -q requirements/bench.in -o requirements/bench.txt

$(COMPARE): $(wildcard native/compare/src/*.rs native/compare/src/libraries/*) native/compare/Cargo.lock
	cd native/compare && cargo build --release --locked $(if $(wildcard /usr/include/intel-ipsec-mb.h),--features ipsec-mb)

$(BENCH_READY): $(READY) requirements/bench.txt
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/bench.txt
	@touch $@

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
