# make test | check | demo | hello | bench | clean    (the first one makes .venv; PYTHON=python3.12 chooses another Python)
PYTHON ?= python3
WORKERS ?= 2
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

.PHONY: help venv frameworks test check demo hello bench clean

help:
	@echo "make test    run the tests in $(VENV), on $(WORKERS) workers"
	@echo "make frameworks  PyTorch and Keras too, which some tests compare with (gigabytes)"
	@echo "make check   style, types and import rules"
	@echo "make demo    handwritten digits: train, quantize, compile, run on an emulated Cortex-M4"
	@echo "make hello   a sine from a .tflite file in smelt's interpreter on an emulated Cortex-M4"
	@echo "make bench   the five MLPerf Tiny models beside TensorFlow Lite Micro"
	@echo "make clean   remove $(VENV) and what the tools leave behind"

venv: $(VENV)/.dev

# A Python without ensurepip (Debian without python3-venv) still makes an environment, filled from outside.
$(BIN)/python:
	$(PYTHON) -m venv $(VENV) || { $(PYTHON) -m venv --clear --without-pip $(VENV) && \
	    $(PYTHON) -m pip --python $(BIN)/python install --quiet pip; }

# The stamps say which extras are installed; a changed pyproject.toml installs again.
$(VENV)/.dev: pyproject.toml | $(BIN)/python
	$(PIP) install --quiet -e '.[dev]'
	@touch $@

$(VENV)/.demo: pyproject.toml | $(BIN)/python
	$(PIP) install --quiet -e '.[onnx,emulator,toolchain]' scikit-learn
	@touch $@

# Not a part of `make test`: a large download, which tests of smelt's readers do not need.
frameworks: $(VENV)/.frameworks

$(VENV)/.frameworks: $(VENV)/.dev
	$(PIP) install --quiet torch==2.13.0
	$(PIP) install --quiet 'keras>=3.5'
	@touch $@

test: $(VENV)/.dev
	$(BIN)/python -m pytest -n $(WORKERS)

check: $(VENV)/.dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

demo: $(VENV)/.demo
	$(BIN)/python examples/digits/demo.py

hello: $(VENV)/.demo
	$(BIN)/python examples/hello_world/run.py

bench: $(VENV)/.dev
	$(BIN)/python benchmarks/mlperf_tiny.py --goals --inputs 20

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
