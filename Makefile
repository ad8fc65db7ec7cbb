# Two commands to know: `make demo` and `make test`. Each sets up what it needs.
PYTHON ?= python3
MINUTES ?= 20
SEED    ?= $(shell date +%s)
WORKERS ?= 2
SPREAD := --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder
DATA_DIR ?= ../shared/data
NAB_DIR ?= ../shared/data/nab
VENV   := .venv
PEERS  := .venv-peers
OFFLINE := .venv-offline
BIN    := $(VENV)/bin
UV     := uv==0.13.9
UV_PIP := $(BIN)/uv pip --quiet --system-certs

# Where containers forbid it, every process that a test starts would compile all it imports anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test test-kafka laws check bench bench-nab bench-forecast bench-anomaly soak docs proto lock clean

demo: $(VENV)/.ready
	$(BIN)/apportion demo $(ARGS)

test: $(VENV)/.ready $(PEERS)/.ready
	$(BIN)/pytest $(SPREAD) $(ARGS)

test-kafka: $(VENV)/.ready
	APPORTION_TEST_KAFKA=apache APPORTION_TEST_CLICKHOUSE=server $(BIN)/pytest \
	  $(SPREAD) tests/real tests/contract tests/integration tests/e2e/test_system_abuse.py $(ARGS)

laws: $(VENV)/.ready
	HYPOTHESIS_PROFILE=longest $(BIN)/pytest --timeout=0 --hypothesis-seed=$(SEED) \
	  tests/property/test_core_pool_laws.py tests/property/test_core_money_laws.py \
	  tests/property/test_core_sharing_laws.py tests/property/test_core_monthly_laws.py $(ARGS)

check: $(VENV)/.ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/apportion schemas check

bench: $(VENV)/.ready $(PEERS)/.ready
	PYTHONPATH=agents/gateway-hook $(BIN)/python -m tests.bench $(ARGS)

bench-nab: $(VENV)/.ready
	$(BIN)/python -m tests.nab $(NAB_DIR) $(ARGS)

bench-anomaly: $(VENV)/.ready
	$(BIN)/python -m tests.bench.anomaly $(DATA_DIR) $(ARGS)

bench-forecast: $(VENV)/.ready $(OFFLINE)/.ready
	$(BIN)/python -m tests.bench.forecast $(NAB_DIR) $(ARGS)

soak: $(VENV)/.ready
	$(BIN)/python -m tests.soak --minutes $(MINUTES) $(ARGS)

proto: $(VENV)/.ready
	$(BIN)/python -m grpc_tools.protoc -I agents/gpu --python_out=agents/gpu --pyi_out=agents/gpu \
	  agents/gpu/pod_resources.proto

docs: $(VENV)/.ready
	$(BIN)/python -m tests.reference_pages

$(VENV)/.ready: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet $(UV)
	$(UV_PIP) sync --python $(BIN)/python --require-hashes requirements.lock
	$(UV_PIP) install --python $(BIN)/python --no-deps --editable .
	touch $@

# Real programs that tests talk to (litellm, openai, ...), kept out of the product's environment.
$(PEERS)/.ready: tests/peers/requirements.lock | $(VENV)/.ready
	$(PYTHON) -m venv $(PEERS)
	$(UV_PIP) sync --python $(PEERS)/bin/python --require-hashes tests/peers/requirements.lock
	touch $@

# What forecasts are compared with, which wants other versions than the product.
$(OFFLINE)/.ready: tests/bench/forecast/offline.lock | $(VENV)/.ready
	$(PYTHON) -m venv $(OFFLINE)
	$(UV_PIP) sync --python $(OFFLINE)/bin/python --require-hashes tests/bench/forecast/offline.lock
	touch $@

lock: $(VENV)/.ready
	$(UV_PIP) compile --universal --generate-hashes --group dev --upgrade \
	  --no-header --output-file requirements.lock pyproject.toml
	$(UV_PIP) compile --universal --generate-hashes --constraint requirements.lock --no-annotate \
	  --no-header --output-file docker/requirements.lock pyproject.toml
	$(UV_PIP) compile --universal --generate-hashes --upgrade --python-version 3.11 --no-annotate \
	  --no-header --output-file tests/peers/requirements.lock tests/peers/requirements.in
	$(UV_PIP) compile --universal --generate-hashes --upgrade --python-version 3.11 --no-annotate \
	  --no-header --output-file tests/bench/forecast/offline.lock tests/bench/forecast/offline.in

clean:
	rm -rf $(VENV) $(PEERS) $(OFFLINE) .apportion .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info build
