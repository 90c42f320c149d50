# Every target makes its own virtual environment first; nothing but Python 3.11 or newer and make is assumed.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
DATA ?= ../shared/data
PEERS ?= .venv-peers
# One thread a process and one process a core: torch's own threads gain nothing on the tests' tiny data.
TEST := OMP_NUM_THREADS=1 SCIPY_ARRAY_API=1 $(BIN)/python -m pytest -n auto --dist worksteal
# What is tested a second time as if Numba were not installed.
BOTH := $(addprefix estimators/test_,composition conformance invariance messages parameters state) \
	modules/test_modules training/test_training

.PHONY: demo test test-slow fuzz lint docs bench bench-speed bench-peers clean

$(VENV)/.run: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .[plot]
	touch $@

$(VENV)/.dev: $(VENV)/.run
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .[dev]
	touch $@

demo: $(VENV)/.run  ## train on real data and print scores beside baselines
	$(BIN)/python examples/quickstart.py

test: $(VENV)/.dev  ## the test suite, docstring and README examples included
	$(TEST) -m "not slow"
	$(TEST) -m "not slow" --backend torch $(patsubst %,tests/%.py,$(BOTH))

test-slow: $(VENV)/.dev  ## what takes longer
	$(TEST) -m slow

fuzz: $(VENV)/.dev  ## 20,000 random calls (FUZZ_CASES=…, FUZZ_SEED=…), which must succeed or say what to do
	SCIPY_ARRAY_API=1 $(BIN)/python -m tests.fuzz

lint: $(VENV)/.dev  ## ruff, mypy, import-linter, copies in docstrings
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python docs/sync_docstrings.py --check

docs: $(VENV)/.dev  ## HTML in docs/_build/html, warnings fatal
	$(BIN)/python -m sphinx -W --keep-going -b html docs docs/_build/html

bench: $(VENV)/.run  ## accuracy, cost against length, memory, text, seq2seq: benchmarks/results/
	$(BIN)/python benchmarks/bench_accuracy.py --data $(DATA)
	$(BIN)/python benchmarks/bench_scaling.py
	$(BIN)/python benchmarks/bench_memory.py
	$(BIN)/python benchmarks/bench_text.py --data $(DATA)
	$(BIN)/python benchmarks/bench_seq2seq.py --data $(DATA)

bench-speed: $(VENV)/.run  ## training, prediction, one row, long sequences, searches: times and ratios
	$(BIN)/python benchmarks/bench_kernel.py
	$(BIN)/python benchmarks/bench_overhead.py
	$(BIN)/python benchmarks/bench_latency.py
	$(BIN)/python benchmarks/bench_predict.py
	$(BIN)/python benchmarks/bench_search.py
	$(BIN)/python benchmarks/bench_long.py
	$(BIN)/python benchmarks/bench_fit.py

# Keras, sktime and the TensorFlow and torch that they want, apart from everything else.
$(PEERS)/.made: benchmarks/requirements-peers.txt
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	touch $@

bench-peers: $(VENV)/.run $(PEERS)/.made  ## side by side with what users would pick instead
	$(BIN)/python benchmarks/bench_latency.py --python $(PEERS)/bin/python
	$(BIN)/python benchmarks/bench_peers.py --python $(PEERS)/bin/python

clean:
	rm -rf $(VENV) $(PEERS) docs/_build .pytest_cache .mypy_cache .ruff_cache .hypothesis examples/output
