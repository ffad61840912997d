# Everything that a person does with this checkout. `make demo` and `make test` need only Python 3.11 and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: setup demo test test-slow check lock \
	bench-startup bench-planning bench-overhead bench-log-mel bench-vit-step bench-frozen-memory \
	bench-allocation bench-cuts bench-growth bench-stacked bench-compiled bench-racing \
	bench-vit bench-limit

setup: $(STAMP)

$(STAMP): requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check "uv>=0.9"
	VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv pip install --quiet --compile-bytecode --require-hashes -r requirements.lock
	VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	touch $(STAMP)

demo: setup
	$(BIN)/frostline run studies/digits.yaml --to results/digits

test: setup
	env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pytest -n 2 --dist loadfile --quiet

test-slow: setup
	timeout 20m $(BIN)/python -m pytest -n 2 --dist loadfile --quiet -m slow

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

lock:
	$(BIN)/uv lock --quiet
	$(BIN)/uv export --quiet --format requirements-txt --all-extras --all-groups --no-group bench --no-emit-project --no-header -o requirements.lock
	$(BIN)/uv export --quiet --format requirements-txt --only-group bench --no-emit-project --no-header -o requirements-bench.lock

bench-startup: setup
	$(BIN)/python benchmarks/startup.py

bench-planning: setup
	$(BIN)/python benchmarks/planning.py

bench-overhead: setup
	$(BIN)/python benchmarks/overhead.py

bench-log-mel: setup
	$(BIN)/python benchmarks/log_mel.py

bench-vit-step: setup
	$(BIN)/python benchmarks/vit_step.py

bench-frozen-memory: setup
	$(BIN)/python benchmarks/frozen_memory.py

bench-allocation: setup
	$(BIN)/python benchmarks/allocation.py

bench-cuts: setup
	$(BIN)/python benchmarks/cuts.py --extrapolate 3

bench-growth: setup
	$(BIN)/python benchmarks/growth.py

bench-stacked: setup
	$(BIN)/python benchmarks/stacked.py

bench-compiled: setup
	$(BIN)/python benchmarks/compiled.py

bench-racing: setup
	$(BIN)/python benchmarks/racing.py

# fastai and Lightning come only here, beside the rest: nothing else needs them.
bench-vit: setup
	VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv pip install --quiet --compile-bytecode --require-hashes -r requirements-bench.lock
	$(BIN)/python benchmarks/vit_freezing.py

bench-limit: setup
	$(BIN)/python benchmarks/limit.py
