# Two goals for people: `make lab` and `make test`. The rest are their parts, and work alone too.
#
#   make lab PYTHON=/path/to/python3.12    a certain Python for .venv
#   make lab TORCH_INDEX=https://download.pytorch.org/whl/cpu    the small, CPU-only torch
#   make lab LAB_ARGS=--no-browser         further options for JupyterLab

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-builtin-rules
.NOTPARALLEL:
.DELETE_ON_ERROR:

PYTHON ?= python3
TORCH_INDEX ?=
LAB_ARGS ?=

BIN := .venv/bin
PIP_INSTALL := $(BIN)/python -m pip --disable-pip-version-check --quiet install -c constraints.txt
# Stamps: .venv is up to date when they are newer than what they were made from.
INSTALLED := .venv/.installed
TESTS_INSTALLED := .venv/.installed-tests

.PHONY: help lab test venv browser sshd lint types unit notebooks browser-tests faults large \
	test-data data-directory bench screenshots

help:
	@echo 'make lab     install into .venv and open the workbench in JupyterLab'
	@echo 'make test    install what the tests need as well, and run every check'

# The token stays on and the address is this machine only. Nothing asks the network: no news, no
# look for updates.
lab: $(INSTALLED)
	@root=; if [ "$$(id -u)" = 0 ]; then root=--allow-root; fi; \
	exec $(BIN)/python -m jupyterlab --ServerApp.ip=127.0.0.1 \
		--ServerApp.root_dir='$(CURDIR)' --LabApp.news_url=None \
		--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate \
		--LabApp.default_url=/lab/tree/notebooks/workbench.ipynb $$root $(LAB_ARGS)

test: $(TESTS_INSTALLED) browser sshd lint types unit notebooks browser-tests

venv: $(INSTALLED)

$(INSTALLED): pyproject.toml constraints.txt
	@command -v '$(PYTHON)' >/dev/null || { \
		echo "There is no '$(PYTHON)'. Python 3.11 or newer is needed; name it:" \
			"make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@version=$$('$(PYTHON)' -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
	'$(PYTHON)' -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or newer is needed, '$(PYTHON)' is $$version; name another:" \
			"make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@test -x $(BIN)/python || '$(PYTHON)' -m venv .venv
	@echo 'Installing into .venv; the first time this takes minutes ...'
ifneq ($(TORCH_INDEX),)
	@# A build such as 2.14.1+cpu sorts above the plain 2.14.1, so pip takes it from there.
	@$(PIP_INSTALL) --extra-index-url '$(TORCH_INDEX)' torch torchvision
endif
	@$(PIP_INSTALL) -e .
	@# JupyterLab asks every new user whether to fetch its news; that question is not ours.
	@$(BIN)/python -m jupyterlab.labextensions disable --level=sys_prefix \
		@jupyterlab/apputils-extension:announcements >/dev/null 2>&1
	@touch $@

$(TESTS_INSTALLED): $(INSTALLED)
	@$(PIP_INSTALL) -e '.[test]'
	@touch $@

# The system's browser, else Playwright's own, else Debian's package.
browser: $(TESTS_INSTALLED)
	@find() { $(BIN)/python scripts/browser_path.py; }; \
	if find 2>/dev/null; then exit; fi; \
	echo 'No Chromium or Chrome here; installing one for the tests ...'; \
	if $(BIN)/python -m playwright install chromium && find 2>/dev/null; then exit; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		export DEBIAN_FRONTEND=noninteractive; \
		apt-get update -qq && apt-get install -y -qq chromium || true; \
	fi; \
	find

# A real OpenSSH server for the tests of remote devices; they start it themselves. Where it cannot
# be installed, they are skipped and say so.
sshd:
	@PATH="$$PATH:/usr/sbin:/usr/local/sbin"; if command -v sshd; then exit; fi; \
	echo 'No OpenSSH server here; installing one for the tests ...'; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		export DEBIAN_FRONTEND=noninteractive; \
		apt-get update -qq && apt-get install -y -qq openssh-server || true; \
	fi; \
	command -v sshd || echo 'Without it, tests of remote devices are skipped.'

lint: $(TESTS_INSTALLED)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(TESTS_INSTALLED)
	$(BIN)/mypy

unit: $(TESTS_INSTALLED)
	$(BIN)/python -m pytest -n 2 --dist worksteal \
		-m 'not browser and not data and not faults and not large' --ignore=tests/notebooks

notebooks: $(TESTS_INSTALLED)
	$(BIN)/python -m pytest -m 'not browser and not data' tests/notebooks

browser-tests: browser
	$(BIN)/python -m pytest -m browser

# Kills 50 kernels at random moments; takes minutes. `make test` kills a handful.
faults: $(TESTS_INSTALLED)
	$(BIN)/python -m pytest -m faults tests/faults

# Models of more than 2 GiB; takes minutes, 16 GB of memory and 10 GB of disk.
large: $(TESTS_INSTALLED)
	$(BIN)/python -m pytest -m large tests/hostile

# Against published networks and data; without them it fails, because a check that skips is none.
test-data: data-directory $(TESTS_INSTALLED)
	$(BIN)/python -m pytest -m data

data-directory:
	@data="$${PRUNING_WORKBENCH_DATA:-}"; test -d "$$data" || { \
		echo "make test-data needs PRUNING_WORKBENCH_DATA to name the directory with the data" \
			"sets and weights, got '$$data'." >&2; exit 1; }

bench: $(INSTALLED)
	@for script in benchmarks/*.py; do echo "$$script"; $(BIN)/python "$$script" || exit; done

screenshots: browser
	$(BIN)/python scripts/screenshots.py
