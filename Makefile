# make train            train the default GAN (ARGS="model=dcgan data=mnist" passes choices on)
# make test             run the tests; make lint, make bench
PYTHON ?= python3
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin

.PHONY: train test lint bench clean
.DEFAULT_GOAL := train

$(VENV)/installed: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	touch $@

$(VENV)/installed-test: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[test]"
	touch $@

train: $(VENV)/installed
	$(BIN)/python train.py $(ARGS)

# Two processes with a thread each; the tiny models of the tests gain nothing from more.
test: $(VENV)/installed-test
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadscope $(ARGS)

lint: $(VENV)/installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/installed-test
	$(BIN)/python benchmarks/loop.py $(ARGS)

clean:
	rm -rf $(VENV) build dist
