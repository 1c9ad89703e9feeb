# make lab        open JupyterLab on your copy of the first notebook
# make test       lint, types, tests and every notebook re-executed
# make notebooks  re-execute the notebooks and write what is committed
# make bench      measure, and write benchmarks/results.md
# make lock       write requirements.lock and environment.yml again (UPGRADE=1: newest versions)
#
# Each first makes .venv from requirements.lock, where it is missing or out of date.

python := .venv/bin/python
TESTS := tests notebooks
# groups of tests side by side: each has clusters of its own, and mostly waits for them; 0 for none
AT_ONCE := 4
# by themselves: a browser gives up what it loads when another test makes a network for Docker
browser_tests = $(filter tests/browser%,$(TESTS)) $(if $(filter tests,$(TESTS)),tests/browser)
other_tests = $(filter-out tests/browser%,$(TESTS))

.PHONY: lab test lint notebooks bench lock env
.DEFAULT_GOAL := lab

lab: env
	@.venv/bin/kafkalab lab $(LAB_ARGS)

test: env lint
	.venv/bin/kafkalab prefetch --backend all
	$(if $(strip $(browser_tests)),$(python) -m pytest $(PYTEST_ARGS) $(browser_tests))
	$(if $(other_tests),$(python) -m pytest --nbval -n $(AT_ONCE) --dist loadgroup \
		--no-loadscope-reorder --ignore tests/browser $(PYTEST_ARGS) $(other_tests))

lint: env
	$(python) -m ruff check .
	$(python) -m ruff format --check .
	$(python) -m mypy

notebooks: env
	$(python) -m tests.notebooks.refresh $(NOTEBOOKS)

bench: env
	$(python) -m benchmarks

lock: env
	$(python) .ci/lock.py $(if $(UPGRADE),--upgrade)

env:
	@.ci/make-env
