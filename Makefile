# The two commands of the README, and what they need. PYTHON: any Python 3.11 to 3.13.
PYTHON ?= python3
PIP = .venv/bin/python -m pip install --quiet --disable-pip-version-check
# a worker a core; the tests of a file share what it makes
PYTEST = pytest --numprocesses=auto --dist=loadfile
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.PHONY: setup table1 test test-long check docs lock audit schema reference licences clean

setup: .venv/installed

.venv/installed: torch.lock requirements.lock
	$(PYTHON) -m venv .venv
	$(PIP) --requirement torch.lock
	$(PIP) --require-hashes --no-deps --requirement requirements.lock
	touch $@

table1: setup
	snakemake --cores all reports/table1.csv
	@cat reports/table1.md

test: setup
	$(PYTEST) -m "not long"

test-long: setup
	$(PYTEST)

check: setup
	ruff check
	ruff format --check
	snakefmt --check Snakefile workflow
	mypy
	lint-imports
	snakemake --lint

# The site, in site/. Nothing on it is loaded from elsewhere.
docs: setup
	python -m sphinx --fail-on-warning --keep-going --quiet docs site

# After a change of pyproject.toml and `pip install --editable '.[models,tables,hdf5,pipeline,workflow,report,cluster,s3,docs,dev]'`: what is installed now
# becomes the lock, with the digests of all files that the index has of it.
lock:
	python -m pip freeze --exclude-editable | sed 's/+[a-z0-9.]*$$//' > .venv/frozen
	(head -n 1 torch.lock; grep -E '^torch(vision)?==' .venv/frozen) > .venv/torch.lock
	grep -vE '^torch(vision)?==' .venv/frozen | python -m uv pip compile --quiet --generate-hashes --no-deps --no-header \
	--no-annotate --output-file requirements.lock -
	mv .venv/torch.lock torch.lock

# Known vulnerabilities of what is locked; asks the index.
audit:
	$(PYTHON) -m venv .audit
	.audit/bin/python -m pip install --quiet --disable-pip-version-check pip-audit==2.10.1
	.audit/bin/pip-audit --requirement requirements.lock --disable-pip --require-hashes

clean:
	rm -rf .venv .audit results .snakemake site

# After a change of the settings' types, or of the stages, or of what is known by name.
schema:
	python -m pipeline schema > workflow/schemas/params.schema.json

reference:
	python -m docs.reference_pages

# Licences of all that is installed; asks the index for the tool.
licences: setup
	python -m uv tool run --from pip-licenses==5.5.5 pip-licenses --python .venv/bin/python --format=markdown
