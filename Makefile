# Every routine as one word; CI runs the same words. `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
# else every command compiles Airflow, pandas and Great Expectations anew
unexport PYTHONDONTWRITEBYTECODE

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

run: install ## the demo park: build its offices, run every feed and the night, publish, sum up
	@$(BIN)/parkbridge demo

test: install ## the suite, but for the two below
	@$(BIN)/pytest -n 2 --dist loadgroup -m "not slow and not nights"

test-nights: install ## tests that make whole nights: CI runs them too, where half an hour is enough
	@$(BIN)/pytest -n 2 --dist loadgroup -m "nights and not slow"

test-slow: install ## what takes longer still: not in CI
	@$(BIN)/pytest -n 2 --dist loadgroup -m slow

check: install ## ruff, prose, lengths of functions, words, mypy strict, sqlfluff, import-linter, every feed's sample
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@git ls-files -z '*.md' ':!.github' ':!warehouse/questions.md' | xargs -0 $(BIN)/mdformat --check
	@$(BIN)/python .ci/function_lengths.py
	@$(BIN)/python .ci/words.py
	@$(BIN)/mypy
	@$(BIN)/python .ci/sql.py
	@$(BIN)/lint-imports
	@$(BIN)/parkbridge feed check

format: install ## write Python, SQL and prose as `make check` wants them
	@$(BIN)/ruff check --fix -q . ; $(BIN)/ruff format -q .
	@git ls-files -z '*.md' ':!.github' ':!warehouse/questions.md' | xargs -0 $(BIN)/mdformat
	@$(BIN)/sqlfluff fix -q transforms expectations connectors report examples

real: install ## the same DAGs over real data (../shared/data; examples/README.md)
	@$(BIN)/python -m examples.real

bench: install ## what nights cost beside the same written by hand: make bench ENTERPRISES="10000 100000"; 1000000: CORE=1
	@$(BIN)/python -m benchmarks.snapshots $(if $(ENTERPRISES),--enterprises $(ENTERPRISES)) $(if $(CORE),--core)

first-night: install ## what a first night costs with its feeds and Airflow, step by step: make first-night ENTERPRISES=2000
	@$(BIN)/python -m benchmarks.night --enterprises $(or $(ENTERPRISES),300)

truth: install ## how right resolution and warnings are, against known truth: make truth ENTERPRISES="10000 100000" SEED="2 3"
	@$(BIN)/python -m benchmarks.truth $(if $(ENTERPRISES),--enterprises $(ENTERPRISES)) $(if $(SEED),--seed $(SEED))

mutations: install ## deliveries of the demo's feeds gone wrong in every way we know: what is caught by what: make mutations FEED=lease COUNT=75 SEED=2
	@$(BIN)/python -m benchmarks.mutations $(if $(FEED),--feed $(FEED)) $(if $(COUNT),--count $(COUNT)) $(if $(SEED),--seed $(SEED))

mutants: install ## single plausible mistakes in a copy of the tree, by seed: how many the tests notice: make mutants SEED=7 COUNT=25 KIND=sql
	@$(BIN)/python -m benchmarks.mutants $(if $(SEED),--seed $(SEED)) $(if $(COUNT),--count $(COUNT)) $(if $(KIND),--kind $(KIND))

soak: install ## a year of nights of a small park with kills, rollbacks and rebuilds, against a second account: make soak NIGHTS=30 SEED=2
	@$(BIN)/python -m benchmarks.soak $(if $(NIGHTS),--nights $(NIGHTS)) $(if $(SEED),--seed $(SEED))

digest: install ## tests/digest.txt anew, after limits or severities were changed on purpose
	@$(BIN)/python -m tests.expectations.test_digest

new-feed: install ## begin a feed: make new-feed NAME=water_meters SUBJECT=utility_use
	@$(BIN)/parkbridge feed new $(NAME) --subject $(SUBJECT)

airflow: install ## Airflow standalone over this park, with its scheduler (http://localhost:8080)
	@$(BIN)/python -m dags.standalone

superset: install ## Apache Superset in an environment of its own, with the dashboards of deploy/superset: make superset CONNECTION=bi PORT=8088
	@$(BIN)/python deploy/superset/up.py $(if $(CONNECTION),--connection $(CONNECTION)) $(if $(PORT),--port $(PORT))

dictionary: install ## dictionary.md beside the published file: every published table and column, from the last night
	@$(BIN)/python -m report.markdown

lock: install ## requirements.lock anew from setup.cfg, for every supported Python
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --extra dev --extra lineage --no-header setup.cfg -o requirements.lock

install: $(INSTALLED) ## .venv from requirements.lock
$(INSTALLED): requirements.lock setup.cfg
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || \
		{ echo "Python 3.11 to 3.13 is needed: apt-get install python3"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "python3-venv is needed: apt-get install python3-venv"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install -q --disable-pip-version-check uv
	@$(BIN)/uv pip install -q --python $(BIN)/python --require-hashes -r requirements.lock
	@$(BIN)/uv pip install -q --python $(BIN)/python --no-deps -e .
	@touch $@

clean: ## remove caches and what benchmarks built: never .venv, the demo or a park's home (a folder with raw/)
	@rm -rf .mypy_cache .ruff_cache .sqlfluff_cache .pytest_cache .import_linter_cache .hypothesis dist
	@for built in build/*; do \
		if [ "$$built" != build/demo ] && [ ! -d "$$built/raw" ]; then rm -rf "$$built"; fi; done

forget-demo: ## remove the demo park: its offices (build/demo) and the home that was built from them (build/park)
	@if [ -f build/demo/city.json ]; then rm -rf build/demo build/park; else echo "there is no demo park in build/"; fi

.PHONY: help run test test-nights test-slow check format real bench first-night truth mutations mutants soak digest new-feed airflow superset dictionary lock install clean forget-demo
