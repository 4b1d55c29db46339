# LM Lab. Each target sets up what it needs in .venv and then does its work.
#
#   make lab       copy the notebooks into work/ and open JupyterLab
#   make test      everything that has to hold
#   make test-all  the same with 1 and with 2 threads, three times (or ROUNDS=1)
#   make bench     how fast, beside what you would use instead
#   make measured  measure again what lessons quote of longer runs: minutes
#   make poems     bring up the poets of the lessons from nothing: an hour
#   make build     derive and execute what is stale
#   make browser   a learner's first steps, in a real Chromium
#   make clean     remove .venv (work/ stays)

PYTHON ?= python3
ifeq ($(OS),Windows_NT)
BIN := .venv/Scripts
else
BIN := .venv/bin
endif
RUN := $(BIN)/python -m
PIP := $(RUN) pip install --quiet --disable-pip-version-check -c constraints.txt
NOTEBOOKS := lessons solutions exercises
ROUNDS ?= 3

# One thread a process: two processes with two threads each get in each other's way.
export OMP_NUM_THREADS ?= 1
export JUPYTER_PLATFORM_DIRS = 1

.PHONY: lab test test-all bench measured poems build browser clean help
help:
	@sed -n '3,11s/^#   //p' Makefile

lab: .venv/ready
	$(RUN) lmlab lab work

test: .venv/ready-test
	$(RUN) ruff check --quiet
	$(RUN) pytest -n 2 --dist loadfile --nbval tests $(NOTEBOOKS)

test-all: .venv/ready-test
	@for round in $$(seq $(ROUNDS)); do for threads in 1 2; do \
	  echo "round $$round of $(ROUNDS), $$threads thread(s)"; \
	  OMP_NUM_THREADS=$$threads $(RUN) pytest -n $$((3 - threads)) \
	    --dist loadfile --nbval tests $(NOTEBOOKS) || exit 1; \
	done; done
	$(RUN) benchmarks.measured --check

bench: .venv/ready-bench
	$(RUN) benchmarks
	$(RUN) benchmarks.lessons

measured: .venv/ready-test
	$(RUN) benchmarks.measured

poems: .venv/ready
	$(RUN) lmlab.poem_school

build: .venv/ready-test
	$(RUN) lmlab.course.authoring build

browser: .venv/ready-browser
	$(RUN) pytest tests/browser.py

clean:
	rm -rf .venv

.venv/python:
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and \
	  'LM Lab needs Python 3.11 or newer, this is ' + sys.version.split()[0] + \
	  ': make PYTHON=python3.12, say')"
	$(PYTHON) -m venv .venv
	@touch $@

.venv/ready: .venv/python pyproject.toml constraints.txt
	@echo "Setting up .venv: a few minutes, once"
	$(PIP) -e .
	@touch $@

.venv/ready-test: .venv/ready
	$(PIP) -e ".[test]"
	@touch $@

.venv/ready-bench: .venv/ready-test
	$(PIP) -e ".[test,bench]"
	@touch $@

.venv/ready-browser: .venv/ready-test
	$(PIP) -e ".[test,browser]"
	@touch $@
