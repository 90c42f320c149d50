# Every target first creates its virtual environment; only Python 3.11 or newer and make are required.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
DATA ?= ../shared/data
PEERS ?= .venv-peers
FORECAST_PEERS ?= .venv-forecast-peers
# Of the benchmarks: random seeds, and a folder with ArrowHead, OSULeaf and ACSF1, which aeon bundles.
SEEDS ?= 3
BUNDLED ?=
# Of the study: repetitions of cross-validation, recipes ("all" or their names), and processes.
REPEATS ?= 1
RECIPES ?= all
JOBS ?= 1
# One thread per process and one process per core: torch's threads do not help on the tiny data of tests.
TEST := OMP_NUM_THREADS=1 SCIPY_ARRAY_API=1 $(BIN)/python -m pytest -n auto --dist worksteal
# Tests that also run as if Numba were not installed: scikit-learn's checks with few epochs only.
BOTH := $(addprefix estimators/test_,composition conformance invariance messages parameters state) \
	modules/test_modules training/test_training

.PHONY: demo test test-slow fuzz lint docs docs-check bench bench-defaults bench-cost bench-tasks bench-study bench-speed bench-peers bench-forecast clean

$(VENV)/.run: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .[plot]
	touch $@

$(VENV)/.dev: $(VENV)/.run
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .[dev]
	touch $@

demo: $(VENV)/.run  ## train on real data and compare scores with baselines
	$(BIN)/python examples/quickstart.py

test: $(VENV)/.dev  ## the test suite, including examples in docstrings and the README
	$(TEST) -m "not slow"
	$(TEST) -m "not slow" --backend torch $(patsubst %,tests/%.py,$(BOTH)) \
		--deselect tests/estimators/test_conformance.py::test_estimator_passes_every_check

test-slow: $(VENV)/.dev  ## slow tests
	$(TEST) -m slow

fuzz: $(VENV)/.dev  ## 20,000 random calls (FUZZ_CASES=…, FUZZ_SEED=…), which must succeed or raise a helpful error
	SCIPY_ARRAY_API=1 $(BIN)/python -m tests.fuzz

lint: $(VENV)/.dev  ## ruff, mypy, import-linter, copies in docstrings
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python docs/sync_docstrings.py --check

docs: $(VENV)/.dev  ## HTML in docs/_build/html, with the gallery; warnings as errors
	OMP_NUM_THREADS=1 $(BIN)/python -m sphinx -W --keep-going -b html docs docs/_build/html

docs-check: $(VENV)/.dev  ## links and anchors of the built pages, and every page in headless Chromium, if it is installed
	$(BIN)/python docs/check_pages.py

# bench is all of the following four. SEEDS=1 takes about a third of the time of the first and the third.
bench: bench-defaults bench-cost bench-tasks bench-study  ## accuracy, calibration, imbalance, cost and peers, memory, text, tagging, transcription, seq2seq, and the study of defaults

bench-defaults: $(VENV)/.run  ## the default classifier and regressor: accuracy, calibration, imbalance, coverage
	$(BIN)/python benchmarks/bench_accuracy.py --data $(DATA) --seeds $(SEEDS)
	$(BIN)/python benchmarks/study.py --data $(DATA) $(if $(BUNDLED),--bundled $(BUNDLED)) --test \
		--recipes before default --repeats $$(seq 0 $$(($(SEEDS) - 1)))
	$(BIN)/python benchmarks/bench_imbalance.py --data $(DATA) --seeds $(SEEDS)
	$(BIN)/python benchmarks/bench_coverage.py --data $(DATA) --seeds $(SEEDS)

bench-cost: $(VENV)/.run  ## a step and a fit, the peers that are installed, the length of sequences, memory
	$(BIN)/python benchmarks/bench_overhead.py
	$(BIN)/python benchmarks/bench_peers.py --cells gru rnn_tanh --repeats 1 --python $(PEERS)/bin/python
	$(BIN)/python benchmarks/bench_scaling.py
	$(BIN)/python benchmarks/bench_memory.py

bench-tasks: $(VENV)/.dev  ## text, tagging, transcription, speakers, translation
	$(BIN)/python benchmarks/bench_text.py --data $(DATA) --seeds $(SEEDS)
	$(BIN)/python benchmarks/bench_tagging.py --data $(DATA) --seeds $(SEEDS)
	$(BIN)/python benchmarks/bench_transcription.py --data $(DATA) --seeds $(SEEDS)
	$(BIN)/python benchmarks/bench_speakers.py --data $(DATA) --seeds $(SEEDS)
	$(BIN)/python benchmarks/bench_seq2seq.py --data $(DATA)

bench-study: $(VENV)/.run  ## every recipe of docs/defaults.rst that is a parameter, cross-validated on training parts, which takes hours
	$(BIN)/python benchmarks/study.py --data $(DATA) $(if $(BUNDLED),--bundled $(BUNDLED)) \
		--recipes $(RECIPES) --repeats $$(seq 0 $$(($(REPEATS) - 1))) --jobs $(JOBS)

bench-speed: $(VENV)/.run  ## training, prediction, one row, long sequences, searches: times and ratios
	$(BIN)/python benchmarks/bench_kernel.py
	$(BIN)/python benchmarks/bench_latency.py
	$(BIN)/python benchmarks/bench_predict.py
	$(BIN)/python benchmarks/bench_search.py
	$(BIN)/python benchmarks/bench_long.py
	$(BIN)/python benchmarks/bench_fit.py

# Keras and sktime, with the versions of TensorFlow and torch that they require, in a separate environment.
$(PEERS)/.made: benchmarks/requirements-peers.txt
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	touch $@

bench-peers: $(VENV)/.run $(PEERS)/.made  ## comparison with other libraries
	$(BIN)/python benchmarks/bench_latency.py --python $(PEERS)/bin/python
	$(BIN)/python benchmarks/bench_peers.py --python $(PEERS)/bin/python

# statsforecast, darts and neuralforecast, with the version of pandas that they require.
$(FORECAST_PEERS)/.made: benchmarks/requirements-forecast-peers.txt
	$(PYTHON) -m venv $(FORECAST_PEERS)
	$(FORECAST_PEERS)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	touch $@

bench-forecast: $(VENV)/.run $(FORECAST_PEERS)/.made  ## forecasts, compared with other libraries
	$(BIN)/python benchmarks/bench_forecast.py --data $(DATA) --peers $(FORECAST_PEERS)/bin/python

clean:
	rm -rf $(VENV) $(PEERS) $(FORECAST_PEERS) .venv-coming-from-* docs/_build docs/auto_examples docs/api/backreferences .pytest_cache .mypy_cache .ruff_cache .hypothesis examples/output
