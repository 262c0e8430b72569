# Needs Python 3.11 or newer, make and git. Everything else goes into .venv.

PYTHON ?= $(shell for p in python3.11 python3; do $$p -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
SETUP := .venv/.kinerja-setup
UV := uv==0.13.9
COMPILE := $(BIN)/uv pip compile --quiet --generate-hashes --no-header --no-emit-index-url --no-emit-find-links

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-browser screenshots test-outside check test-monitoring images compose-up test-compose test-containers test-upgrade bench chaos release fmt lock clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):.*## /\1	/' | expand -t 18

setup: $(SETUP) ## make .venv from the pinned requirements

$(SETUP): requirements-dev.txt requirements.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer with its venv module is needed (Debian: apt install python3-venv)." >&2; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || { rm -rf .venv; echo "Python's venv module is needed (Debian: apt install python3-venv)." >&2; exit 2; }
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	@touch $@

demo: $(SETUP) ## the whole system with sample data and a live picture; Ctrl-C ends it
	$(BIN)/kinerja demo

test: $(SETUP) ## every test, on real NATS and PostgreSQL servers of its own
	$(BIN)/python -m pytest -n 2 --dist loadfile

test-outside: $(SETUP) ## what programs of others say of it, and the examples for other systems; needs Node.js 20 and npm
	$(BIN)/python -m pytest tests/outside

test-browser: $(SETUP) ## the portal's pages in a real browser; needs Chromium (Debian: apt install chromium), Node.js 20 and npm
	$(BIN)/python -m pytest tests/browser

screenshots: $(SETUP) ## pictures of every page in .kinerja/screenshots; needs Chromium
	$(BIN)/python -m tests.browser.screenshots

test-monitoring: $(SETUP) ## alerts and dashboards by a real Prometheus; needs prometheus and promtool (Debian: apt install prometheus)
	$(BIN)/python -m pytest tests/monitoring

images: $(SETUP) ## the image of every service and of the command, and the servers, made without a registry; needs deploy/ci/install.sh
	deploy/images/build.sh

compose-up: images ## the whole system in containers, from these images; docs/how-to/compose.md says more
	test -e .env || $(BIN)/kinerja compose init
	grep -q ^KINERJA_BASE_IMAGE= .env || cat deploy/images/stand-ins.env >> .env
	docker compose up --detach

test-compose: $(SETUP) ## the chain through containers, each killed once under load; needs deploy/ci/install.sh
	deploy/images/build.sh base services servers
	KINERJA_TEST_SYSTEM=compose $(BIN)/python -m pytest tests/e2e/test_chain.py tests/containers/test_compose.py

test-containers: $(SETUP) ## the tests of the store, of messaging and of a service on servers in containers; TESTS=… for others; needs Docker
	KINERJA_TEST_SERVERS=containers $(BIN)/python -m pytest $(or $(TESTS),tests/shared/eventstore tests/shared/messaging tests/activity tests/containers/test_servers.py)

test-upgrade: $(SETUP) ## every service upgraded, rolled back and upgraded again under load, from the last tag to this tree
	$(BIN)/python -m pytest tests/upgrade

bench: $(SETUP) ## the benchmark, at most 15 minutes: a table and bench.json; QUICK=1 takes 3
	$(BIN)/python -m bench $(if $(QUICK),--quick)

chaos: $(SETUP) ## ten minutes of kills under load, and what became of every entry; SECONDS=60 for a short run, SEED=… for the same again
	$(BIN)/python -m chaos $(if $(SECONDS),--seconds $(SECONDS)) $(if $(SEED),--seed $(SEED))

check: $(SETUP) ## format, lint, types, imports, architecture rules, message contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q $(wildcard tests/architecture tests/contracts)

release: $(SETUP) ## check that this commit is VERSION=x.y.z, and tag it here; nothing is pushed
	deploy/ci/release.sh "$(VERSION)"

fmt: $(SETUP) ## format and sort imports
	$(BIN)/ruff check --select I --fix .
	$(BIN)/ruff format .

lock: $(SETUP) ## compile requirements*.txt from requirements*.in, with hashes
	test -x $(BIN)/uv || $(BIN)/pip install --quiet $(UV)
	$(COMPILE) requirements.in --output-file requirements.txt
	$(COMPILE) -c requirements.txt requirements-service.in --output-file requirements-service.txt
	$(COMPILE) -c requirements.txt requirements-ops.in --output-file requirements-ops.txt
	$(COMPILE) requirements-dev.in --output-file requirements-dev.txt

clean: ## remove .venv, caches and the embedded system's data
	rm -rf .venv .kinerja *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
