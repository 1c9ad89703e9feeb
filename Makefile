# make lab        open JupyterLab on your copy of the first notebook
# make test       lint, types, tests and every notebook re-executed
# make notebooks  re-execute the notebooks and write what is committed
# make bench      measure, and write benchmarks/results.md
# make lock       write requirements.lock and environment.yml again (UPGRADE=1: newest versions)
#
# Each first makes .venv from requirements.lock, where it is missing or out of date.

python := .venv/bin/python
TESTS := tests notebooks
notebook_tests = $(filter notebooks%,$(TESTS))
exercise_tests = $(filter tests/exercises%,$(TESTS)) $(if $(filter tests,$(TESTS)),tests/exercises)
other_tests = $(filter-out notebooks% tests/exercises%,$(TESTS))
# notebooks and exercises side by side: they have clusters of their own, and mostly wait for them
AT_ONCE := 3

.PHONY: lab test lint notebooks bench lock env
.DEFAULT_GOAL := lab

lab: env
	@.venv/bin/kafkalab lab $(LAB_ARGS)

test: env lint
	.venv/bin/kafkalab prefetch --backend all
	$(if $(notebook_tests),$(python) -m pytest --nbval -n $(AT_ONCE) --dist loadfile $(PYTEST_ARGS) $(notebook_tests))
	$(if $(strip $(exercise_tests)),$(python) -m pytest -n $(AT_ONCE) --dist loadgroup $(PYTEST_ARGS) $(exercise_tests))
	$(if $(other_tests),$(python) -m pytest --ignore tests/exercises $(PYTEST_ARGS) $(other_tests))

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
