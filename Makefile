# Broadsheet. `make` lists what there is.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/pip --disable-pip-version-check

.PHONY: help run up test check bench chaos pins clean

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/.run ## A newsletter's whole day, with real parts, on this machine (ONCE=1: do it and leave)
	$(BIN)/broadsheet demo $(if $(ONCE),--once) $(if $(DIR),--dir $(DIR))

up: $(VENV)/.run ## The service itself, over one data folder
	$(BIN)/broadsheet up

test: $(VENV)/.dev browser mail-tools ## Install what the tests need and pass every one of them
	$(BIN)/pytest -n auto --dist worksteal $(ARGS)

check: $(VENV)/.dev ## Only lint, types and the import law
	$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/mypy && $(BIN)/lint-imports

bench: $(VENV)/.dev ## What is claimed about speed, beside its yardstick
	$(BIN)/python -m benchmarks $(NAMES) $(if $(OUT),--out $(OUT))

chaos: $(VENV)/.dev ## Kill everything in turn while 20,000 readers are written to; writes docs/chaos.md
	$(BIN)/python -m tests.chaos

pins: ## Renew the hashed requirements (needs uv on PATH)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links \
	  --group build pyproject.toml -o requirements.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links \
	  --group dev pyproject.toml -c requirements.txt -o requirements-dev.txt

clean: ## Remove the virtual environment and caches; data folders stay
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# --- installing; a stamp is renewed when the pins or the project file change ---

.PHONY: browser
browser:
	@command -v chromium >/dev/null || command -v google-chrome >/dev/null || { \
	  echo 'Installing Chromium for the browser tests …'; \
	  apt-get update -q >/dev/null && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends chromium >/dev/null; } \
	  || { echo 'The browser tests need Chromium: install the package "chromium" and run make test again.'; exit 1; }

# The official MJML compiler and axe-core in exact versions, and a spam filter.
.PHONY: mail-tools
mail-tools: mail-programs $(VENV)/.mail-tools

.PHONY: mail-programs
mail-programs:
	@command -v npm >/dev/null && command -v spamassassin >/dev/null || { \
	  echo 'Installing Node.js and SpamAssassin for the mail tests …'; \
	  apt-get update -q >/dev/null && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
	    $$(command -v npm >/dev/null || echo nodejs npm) $$(command -v spamassassin >/dev/null || echo spamassassin) >/dev/null; } \
	  || { echo 'The mail tests need npm and SpamAssassin: install the packages "nodejs", "npm" and "spamassassin" and run make test again.'; exit 1; }

$(VENV)/.mail-tools: tests/mail-tools/package.json | mail-programs $(BIN)/python
	@mkdir -p $(VENV)/mail-tools && cp tests/mail-tools/package.json $(VENV)/mail-tools/
	cd $(VENV)/mail-tools && npm install --no-save --no-package-lock --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Broadsheet needs Python 3.11 or newer; set PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements.txt pyproject.toml | $(BIN)/python
	$(PIP) install -q --require-hashes -r requirements.txt
	$(PIP) install -q --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements-dev.txt pyproject.toml | $(BIN)/python
	$(PIP) install -q --require-hashes -r requirements-dev.txt
	$(PIP) install -q --no-deps --no-build-isolation -e .
	@touch $@ $(VENV)/.run
