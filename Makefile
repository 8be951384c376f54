# Needs Python 3.11 or newer (with venv) and make. Everything else comes from requirements.lock.

USABLE = import sys, ensurepip; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c '$(USABLE)' 2>/dev/null && echo $$p && break; done)
PORT ?= 8000
BIN := .venv/bin
READY := .venv/installed
FRAMEWORKS := .venv-frameworks/installed
LAUNCH := $(BIN)/python -m reviewqueue.launcher
# Production has no default; development commands only need it to be there.
lint test docs bench faults screens: export SECRET_KEY ?= only-for-development

.PHONY: demo test test-frameworks lint format lock docs bench faults screens vendor browser
.DEFAULT_GOAL := demo

demo: $(READY)  # everything in the foreground, with an organisation to look at
	@$(LAUNCH) demo --port $(PORT)

test: $(READY) browser lint  # the whole suite
	@$(LAUNCH) run --throwaway -- sh -ec '\
		echo "Checking migrations and the production settings"; \
		$(BIN)/python manage.py makemigrations --check --dry-run; \
		SECRET_KEY=$$($(BIN)/python -c "import secrets; print(secrets.token_hex(32))") \
		PUBLIC_URL=https://queue.example $(BIN)/python manage.py check --deploy --fail-level WARNING; \
		$(BIN)/pytest -n auto --dist loadgroup'

test-frameworks: $(READY) $(FRAMEWORKS)  # agents made with real frameworks, against the product
	@.venv-frameworks/bin/pytest tests/frameworks

lint: $(READY)  # style, templates, types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/djlint --quiet --lint templates
	$(BIN)/mypy .

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(READY)  # write the pages that are generated from the code
	$(BIN)/python manage.py document

bench: $(READY)  # the figures at full size, on durable data
	$(LAUNCH) run -- $(BIN)/python -m benchmarks

faults: $(READY)  # the kill -9 tests at full size
	$(LAUNCH) run -- env FAULTS=full $(BIN)/pytest tests/faults -s

screens: $(READY) browser  # a picture of every page, in docs/screens
	@$(BIN)/python -m tests.browser.screens

vendor:  # check the front-end files that were copied in against their checksums
	@cd static/vendor && for sums in */SHA256SUMS; do \
		(cd $$(dirname $$sums) && sha256sum --check --quiet SHA256SUMS) || exit 1; done

COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-config --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" $(UPGRADE)

lock: $(READY)  # both locks; UPGRADE=--upgrade takes newer versions
	@$(BIN)/pip install --quiet uv
	@$(COMPILE) --extra embedded --extra client --extra test --output-file requirements.lock pyproject.toml
	@$(COMPILE) --output-file requirements-frameworks.lock requirements-frameworks.in

browser:  # Chromium for the browser tests
	@if [ -x /usr/bin/chromium ]; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "Installing Chromium for the browser tests"; \
		apt-get update -q && apt-get install -y -q --no-install-recommends chromium; \
	else \
		echo "The browser tests need /usr/bin/chromium: sudo apt install chromium"; [ -z "$$CI" ]; \
	fi

$(READY): requirements.lock clients/python/pyproject.toml
	@[ -n "$(PYTHON)" ] || { echo "Python 3.11 or newer with venv is needed; name one: make PYTHON=..."; exit 1; }
	@echo "Making .venv from requirements.lock; the first time takes about a minute"
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation \
		--editable clients/python
	@touch $@

$(FRAMEWORKS): requirements-frameworks.lock
	@echo "Making .venv-frameworks from requirements-frameworks.lock"
	@$(PYTHON) -m venv .venv-frameworks
	@.venv-frameworks/bin/pip install --quiet --disable-pip-version-check --require-hashes \
		-r requirements-frameworks.lock
	@touch $@
