# `make run` trains with the example function; `make test` runs every check. Both make .venv first.

PYTHON ?= python3.11
WORKERS ?= 2
FUNCTION ?= log(sigmoid(alpha*x)) * beta*arcsinh(x)

BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

# Tests start many processes: the first compiles the modules for all, whatever the environment says.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test docs clean
.DELETE_ON_ERROR:

run: .venv/installed
	$(BIN)/symkit run "$(FUNCTION)"

test: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict symkit
	$(BIN)/pytest -q -n $(WORKERS) --dist worksteal

docs: .venv/installed-docs
	$(BIN)/python docs/generate_operators.py
	$(BIN)/python docs/generate_rules.py
	$(BIN)/python docs/bounds_picture.py
	$(BIN)/python docs/report_pictures.py
	$(BIN)/python docs/gallery_pictures.py
	$(BIN)/python docs/space_pictures.py
	$(BIN)/python docs/autoinit_pictures.py
	$(BIN)/python -m bench page
	$(BIN)/python -m bench losses --page
	$(BIN)/python docs/examples.py
	$(BIN)/mkdocs build --strict

clean:
	rm -rf .venv site dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/installed: pyproject.toml constraints.txt | .venv/bin/python
	$(INSTALL) --editable ".[dev,parquet,plot]"
	touch $@

.venv/installed-docs: .venv/installed
	$(INSTALL) --editable ".[docs]"
	touch $@
