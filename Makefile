# make train: the main job on a bare clone.  PYTHON=python3.12 chooses the interpreter for a new .venv.
PYTHON ?= python3
CONFIG ?= configs/mnist_mlp.yaml
BIN = .venv/bin

.DELETE_ON_ERROR:
.PHONY: help train test test-slow bench bench-quick bench-scaling docs notebook notebooks lint clean

help:
	@echo "make train [CONFIG=configs/NAME.yaml]  install into .venv and train"
	@echo "make test         the tests (under 10 minutes)"
	@echo "make test-slow    the long ones too"
	@echo "make bench        timings beside PyTorch and JAX by hand, in .venv-bench"
	@echo "make bench-quick  the same in under 3 minutes"
	@echo "make bench-scaling  an LSTM's step against T, B and H: docs/figures/scaling.png"
	@echo "make docs         the documents as a site: docs/_build/html/index.html"
	@echo "make notebook     opens notebooks/ in JupyterLab"
	@echo "make notebooks    runs them all and keeps what they show"
	@echo "make lint         ruff"
	@echo "make clean        remove .venv, .venv-bench and caches; runs stay"
	@echo "PYTHON=python3.12 make test  with another interpreter (after make clean)"

.venv/installed: setup.py legacy/setup.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "bricks needs Python 3.11 or newer; $(PYTHON) is `$(PYTHON) --version 2>&1`: PYTHON=python3.12 make ..."; exit 2; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -e '.[view]' -e ./legacy
	touch $@

.venv/installed-test: .venv/installed
	$(BIN)/python -m pip install --quiet -e '.[test]'
	touch $@

.venv/installed-docs: .venv/installed
	$(BIN)/python -m pip install --quiet -e '.[docs]'
	touch $@

.venv/installed-notebook: .venv/installed
	$(BIN)/python -m pip install --quiet -e '.[notebook]'
	touch $@

.venv-bench/installed: setup.py legacy/setup.py
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python -m pip install --quiet --upgrade pip
	.venv-bench/bin/python -m pip install --quiet -e '.[bench]' -e ./legacy
	touch $@

train: .venv/installed
	$(BIN)/python train.py $(CONFIG)

test: .venv/installed-test
	$(BIN)/python -m pytest -n 2 --dist loadfile

test-slow: .venv/installed-test
	$(BIN)/python -m pytest -n 2 --dist loadfile -m 'slow or not slow'

bench: .venv-bench/installed
	.venv-bench/bin/python benchmarks/run.py

bench-quick: .venv-bench/installed
	.venv-bench/bin/python benchmarks/run.py --quick

bench-scaling: .venv-bench/installed
	.venv-bench/bin/python benchmarks/run.py --scaling

docs: .venv/installed-docs
	$(BIN)/python -m sphinx -W --keep-going --quiet docs docs/_build/html
	@echo docs/_build/html/index.html

notebook: .venv/installed-notebook
	$(BIN)/jupyter lab notebooks

notebooks: .venv/installed-notebook
	$(BIN)/jupyter nbconvert --to notebook --execute --inplace --ExecutePreprocessor.record_timing=False notebooks/*.ipynb

lint: .venv/installed-test
	$(BIN)/ruff check .

clean:
	rm -rf .venv .venv-bench docs/_build build *.egg-info .pytest_cache .ruff_cache .hypothesis
