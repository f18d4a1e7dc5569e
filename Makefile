# make demo    set up what is missing and run the demonstration
# make test    set up, then lint, types, architecture, unit, sim, wire and browser tests
# make bench   benchmarks (ONLY=name for one)
# make setup   only set up;  make lint   only the static checks;  make lock   renew the lock files

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

BIN := .venv/bin
RUN_STAMP := .venv/.requirements
DEV_STAMP := .venv/.requirements-dev

# The browser telephone of the end-to-end tests; npm writes the stamp.
PHONE := tests/e2e/phone
PHONE_STAMP := $(PHONE)/node_modules/.package-lock.json

# Debian packages, installed only when missing.
RUN_PACKAGES := libopus0 espeak-ng
PEER_PACKAGES := $(RUN_PACKAGES) sip-tester baresip openssl
TEST_PACKAGES := $(PEER_PACKAGES) linphone-cli iproute2 nftables conntrack chromium libnss3-tools postgresql
BENCH_PACKAGES := $(PEER_PACKAGES) kamailio rtpengine-daemon

# Hashes for every file, no names of hosts, and the build tools too, so that nothing unchecked is fetched.
LOCK_OPTIONS := --generate-hashes --allow-unsafe --all-build-deps --strip-extras --no-header --no-annotate \
	--no-emit-index-url --no-emit-trusted-host --no-emit-find-links

.PHONY: help setup demo test lint static unit wire bench lock clean

help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile

setup: $(DEV_STAMP)
	@scripts/need-packages $(TEST_PACKAGES)
	@command -v npm >/dev/null || scripts/need-packages npm
	@$(MAKE) -s $(PHONE_STAMP)

$(PHONE_STAMP): $(PHONE)/package-lock.json
	@echo "Installing the npm packages of $<"
	@npm ci --prefix $(PHONE) --ignore-scripts --no-audit --no-fund --loglevel=error </dev/null
	@touch $@

# The development lock holds everything of the other one: whoever has it does not go back.
$(RUN_STAMP): requirements.lock pyproject.toml
	@if [ ! -f $(DEV_STAMP) ] || [ requirements-dev.lock -nt $(DEV_STAMP) ]; then scripts/make-venv requirements.lock; fi
	@touch $@

$(DEV_STAMP): requirements-dev.lock pyproject.toml
	@scripts/make-venv requirements-dev.lock
	@touch $@

demo: $(RUN_STAMP)
	@scripts/need-packages $(RUN_PACKAGES)
	@exec $(BIN)/kiestoon demo

test: setup
	@scripts/run-tests

lint: $(DEV_STAMP) static

static:
	$(BIN)/ruff check src tests bench
	$(BIN)/ruff format --check src tests bench
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(DEV_STAMP)
	@scripts/need-packages $(BENCH_PACKAGES)
	$(BIN)/python -m bench.run $(ONLY)

lock: $(DEV_STAMP)
	$(BIN)/pip-compile -q --upgrade $(LOCK_OPTIONS) -o requirements.lock pyproject.toml
	$(BIN)/pip-compile -q --upgrade $(LOCK_OPTIONS) --extra dev -o requirements-dev.lock pyproject.toml

clean:
	rm -rf .venv build $(PHONE)/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
