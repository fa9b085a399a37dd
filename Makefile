.DEFAULT_GOAL := help
.PHONY: help demo test test-lowest test-all lint types layers bench clean

BIN := .venv/bin
CORE := .venv/.core
DEV := .venv/.dev
LOWEST := .venv/lowest
PEERS := .venv/peers

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(CORE): pyproject.toml scripts/install
	@scripts/install
	@touch $@

$(DEV): pyproject.toml scripts/install
	@scripts/install dev
	@touch $(CORE) $@

demo: $(CORE) ## run the support desk, without any key
	@$(BIN)/python examples/support_desk/demo.py

test: $(DEV) ## run the tests, on all cores
	$(BIN)/pytest --numprocesses auto --dist worksteal

$(LOWEST)/.installed: pyproject.toml scripts/install
	@scripts/install dev lowest
	@touch $@

test-lowest: $(LOWEST)/.installed ## run the tests of each part with the lowest versions of what it takes
	$(LOWEST)/bin/pytest --numprocesses auto --dist worksteal tests/unit tests/contract

test-all: $(DEV) test-lowest ## run the long kill runs, properties with more examples, and what needs system tools; nothing may be skipped
	@scripts/install_system_tools
	@scripts/install_servers
	@scripts/install_peers
	PODIUM_NO_SKIP=1 TESTS_LONG=1 $(BIN)/pytest -m "kill or system or hypothesis or more" --numprocesses auto --dist worksteal

lint: $(DEV) ## check rules and format
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(DEV) ## check types
	$(BIN)/pyright

layers: $(DEV) ## check who imports whom
	$(BIN)/lint-imports --no-logo

$(PEERS)/.installed: $(CORE) benchmarks/requirements.txt
	@$(BIN)/python -m venv $(PEERS)
	@$(PEERS)/bin/python -m pip --quiet install --requirement benchmarks/requirements.txt --editable .
	@touch $@

bench: $(PEERS)/.installed ## measure Podium beside its peers, in an environment of their own
	$(PEERS)/bin/python -m benchmarks

clean: ## remove .venv and everything generated
	rm -rf .venv .pytest_cache .ruff_cache .import_linter_cache .hypothesis dist build
	find src tests examples benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
