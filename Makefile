# make lists the targets; demo and test need nothing before them but Python 3.11+ and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

simulate_state := dist/simulation.json
# pip takes a pin without its extra for another requirement, and looks for the newest version beside it.
LOCK := uv pip compile --universal --generate-hashes --no-strip-extras --no-header --quiet
SUBSET := --no-annotate --constraint requirements.lock

.PHONY: help demo simulate simulate-long chaos storm test check format lint imports types docs build wheel-test image-test bench lock clean

help:  ## list the targets
	@$(PYTHON) -c "import re; [print(f'{m[1]:<12} {m[2]}') for m in re.finditer(r'^([a-z-]+):.*?## (.*)$$', open('Makefile').read(), re.M)]"

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@$(PYTHON) -c "open('$(READY)', 'w').close()"

demo: $(READY)  ## the whole job on this machine, against pretend systems
	$(BIN)/tieout demo

simulate: $(READY)  ## the same code under every fault we know, for about five minutes
	$(BIN)/tieout simulate --schedules 1000000 --minutes 5 --at-least 1

simulate-long: $(READY)  ## a million schedules, every fault at every step a hundred times; when cut, call it again
	$(PYTHON) -c "import os; os.makedirs('dist', exist_ok=True)"
	$(BIN)/tieout simulate --schedules 1000000 --at-least 100 --state $(simulate_state)

chaos: $(READY)  ## kill -9 at random moments against a hostile sandbox, 50 seeds
	$(BIN)/python tests/chaos/kill_nine.py --seeds 50

storm: $(READY)  ## everything the pods stand on fails in turn while they are killed, 50 seeds
	$(BIN)/python tests/chaos/storm.py --seeds 50 --at-once 2

test: $(READY)  ## every test, with branch coverage of domain/ and projections/
	$(BIN)/pytest --numprocesses auto --dist loadfile --no-loadscope-reorder --cov

check: format lint imports types test docs build wheel-test image-test simulate  ## exactly what .ci/run runs

format: $(READY)  ## is everything formatted?
	$(BIN)/ruff format --check .

lint: $(READY)  ## ruff, all rules
	$(BIN)/ruff check .

imports: $(READY)  ## do the arrows between the rooms point inwards?
	$(BIN)/lint-imports

types: $(READY)  ## mypy, strict, tests too
	$(BIN)/mypy

docs: $(READY)  ## is the generated reference up to date?
	$(BIN)/python -m tieout.reference --check

build: $(READY)  ## make the wheel
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir dist .

wheel-test: build  ## does the installed wheel work without the sources?
	$(BIN)/python tests/wheel/check_wheel.py dist

image-test: $(READY)  ## do the Dockerfile's steps give a tieout that works? (no container engine needed)
	$(BIN)/python tests/deploy/image_steps.py

bench: $(READY)  ## benchmarks, by hand
	$(BIN)/python benchmarks/api_calls.py
	$(BIN)/python benchmarks/throughput.py
	$(BIN)/python benchmarks/fairness.py

lock:  ## write the locks anew (needs uv): everything, what a pod runs, what makes the wheel
	$(LOCK) --group dev pyproject.toml -o requirements.lock
	$(LOCK) $(SUBSET) pyproject.toml -o requirements-run.lock
	$(LOCK) $(SUBSET) deploy/image/build.in -o requirements-build.lock

clean:  ## remove what make made
	$(PYTHON) -c "import shutil; [shutil.rmtree(p, ignore_errors=True) for p in ('$(VENV)', 'dist', '.mypy_cache', '.ruff_cache', '.hypothesis')]"
