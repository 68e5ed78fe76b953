# The two commands of the README, and what they need. PYTHON: any Python 3.11 to 3.13.
PYTHON ?= python3
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.PHONY: setup table1 test test-long check lock schema clean FORCE

setup: .venv/installed

.venv/installed: requirements.lock
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --quiet --disable-pip-version-check --requirement requirements.lock
	touch $@

table1: setup
	snakemake --cores all reports/table1.csv
	@cat reports/table1.md

test: setup
	pytest -m "not long"

test-long: setup
	pytest

check: setup
	ruff check
	ruff format --check
	snakefmt --check Snakefile workflow
	mypy
	snakemake --lint

# After a change of pyproject.toml: what is installed now becomes the lock, without build tags.
lock:
	python -m pip freeze --exclude-editable | sed 's/+[a-z0-9.]*$$//' > requirements.lock

clean:
	rm -rf .venv results .snakemake

# After a change of the settings' types, or of the stages.
schema:
	python -m pipeline schema > workflow/schemas/params.schema.json

dvc.yaml: FORCE
	python -m pipeline dvc > $@

FORCE:
