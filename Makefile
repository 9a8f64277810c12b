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

# The short set; docs/benchmarks.md says how to run each benchmark with all its rounds.
bench: $(VENV)/installed-test
	$(BIN)/python benchmarks/loop.py --rounds 3
	$(BIN)/python benchmarks/startup.py --rounds 2
	$(BIN)/python benchmarks/evaluation.py --rounds 2
	$(BIN)/python benchmarks/scale.py --rounds 1 --only "batch, mlp" processes
	$(BIN)/python benchmarks/report.py

clean:
	rm -rf $(VENV) build dist
