# Every target makes its own virtual environment first; nothing but Python 3.11 or newer and make is assumed.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
DATA ?= ../shared/data
# One thread a process and one process a core: torch's own threads gain nothing on the tests' tiny data.
TEST := OMP_NUM_THREADS=1 SCIPY_ARRAY_API=1 $(BIN)/python -m pytest -n auto --dist worksteal

.PHONY: demo test test-slow lint docs bench clean

$(VENV)/.run: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .[fast,plot]
	touch $@

$(VENV)/.dev: $(VENV)/.run
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .[dev]
	touch $@

demo: $(VENV)/.run  ## train on real data and print scores beside baselines
	$(BIN)/python examples/quickstart.py

test: $(VENV)/.dev  ## the test suite, docstring and README examples included
	$(TEST) -m "not slow"

test-slow: $(VENV)/.dev  ## what takes longer
	$(TEST) -m slow

lint: $(VENV)/.dev  ## ruff, mypy, import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(VENV)/.dev  ## HTML in docs/_build/html, warnings fatal
	$(BIN)/python -m sphinx -W --keep-going -b html docs docs/_build/html

bench: $(VENV)/.run  ## accuracy, cost against length, memory, text, seq2seq: benchmarks/results/
	$(BIN)/python benchmarks/bench_accuracy.py --data $(DATA)
	$(BIN)/python benchmarks/bench_scaling.py
	$(BIN)/python benchmarks/bench_memory.py
	$(BIN)/python benchmarks/bench_text.py --data $(DATA)
	$(BIN)/python benchmarks/bench_seq2seq.py --data $(DATA)

clean:
	rm -rf $(VENV) docs/_build .pytest_cache .mypy_cache .ruff_cache .hypothesis examples/output
