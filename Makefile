# make lab        open JupyterLab on your copy of the first notebook (LAB_ARGS=--no-browser)
# make test       lint, types, tests and every notebook re-executed (TESTS=tests/unit PYTEST_ARGS=-x)
# make lint       lint and types only
# make notebooks  re-execute the notebooks (NOTEBOOKS=…: these) and write what is committed, and the
#                 README's table
# make env        only make .venv
# make prove      try 200 histories of crashes and 50 kills, where make test tries ten of each
# make bench      measure, and write benchmarks/results.md
# make lock       write requirements.lock and environment.yml again (UPGRADE=1: newest versions)
#
# Each first makes .venv from requirements.lock, where it is missing or out of date.

python := .venv/bin/python
TESTS := tests notebooks
# groups of tests side by side, each with clusters of its own; 0 for none. Three keep two cores busy,
# and a fourth makes the clusters of all slow enough to miss their timeouts
AT_ONCE := 3
# by themselves: a browser gives up what it loads when another test makes a network for Docker
browser_tests = $(filter tests/browser%,$(TESTS)) $(if $(filter tests,$(TESTS)),tests/browser)
other_tests = $(filter-out tests/browser%,$(TESTS))

.PHONY: lab test tests lint notebooks prove bench lock env
.DEFAULT_GOAL := lab

lab: env
	@.venv/bin/kafkalab lab $(LAB_ARGS)

test: lint tests

tests: env
	.venv/bin/kafkalab prefetch --backend all jmx-exporter
	$(if $(strip $(browser_tests)),$(python) -m pytest $(PYTEST_ARGS) $(browser_tests))
	$(if $(other_tests),$(python) -m pytest --nbval -n $(AT_ONCE) --dist loadgroup \
		--no-loadscope-reorder --ignore tests/browser $(PYTEST_ARGS) $(other_tests))

lint: env
	$(python) -m ruff check .
	$(python) -m ruff format --check .
	$(python) -m mypy
	.venv/bin/lint-imports --no-cache --no-logo

notebooks: env
	$(python) -m tests.notebooks.refresh $(NOTEBOOKS)
	$(python) -m benchmarks.notebooks --table

prove: env
	$(python) -m pytest --hypothesis-profile=prove tests/integration/test_bank.py \
		tests/integration/test_outbox.py

bench: env
	$(python) -m benchmarks
	$(python) -m benchmarks.collector
	$(python) -m benchmarks.logs

lock: env
	$(python) .ci/lock.py $(if $(UPGRADE),--upgrade)

env:
	@.ci/make-env
