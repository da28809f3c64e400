# PatentDock. `make run` and `make test` do everything on a fresh machine.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
export PATENTDOCK_DATA ?= var
PATENTDOCK := $(BIN)/patentdock

.PHONY: help setup run test lint format eval bench clean

help: ## list the targets
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 10

$(STAMP): pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null || { echo "需要 $(PYTHON)：请先安装 Python 3.11，或用 make PYTHON=解释器路径 指定"; exit 1; }
	@echo "==> 创建 Python 环境 $(VENV)（首次约需几分钟）"
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --progress-bar on --constraint constraints.txt --editable '.[dev]'
	@touch $@

setup: $(STAMP) ## environment in .venv and the embedding model
	$(PATENTDOCK) setup-model

run: setup ## demo data, index and the service on 127.0.0.1:8000
	$(PATENTDOCK) init
	$(PATENTDOCK) demo load
	$(PATENTDOCK) reindex
	$(PATENTDOCK) serve --example

# One worker for each core, one thread in each; tests of a file share what it sets up.
test: setup ## the whole test suite
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist loadfile

lint: $(STAMP) ## formatting, lint, types, layers, dependencies, dead code
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .
	$(BIN)/vulture
	$(BIN)/hadolint Dockerfile

format: $(STAMP) ## format the code and mend what ruff can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

eval: setup ## retrieval quality against what is expected, tables in build/evaluation
	$(PATENTDOCK) eval --suite evaluation/conditions.toml --out build/evaluation

bench: setup ## benchmarks: ratios against a peer in the same run
	@for script in bench/[a-z]*.py; do name=$$(basename $$script .py); echo "==> $$name"; $(BIN)/python -m bench.$$name || exit 1; done

clean: ## remove the environment; data in var/ stays
	rm -rf $(VENV)
