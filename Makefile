# `make grade` grades the notebooks in submissions/, `make test` runs the tests, `make test-all` those too that take long.
# All set up what they need in .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
OUT ?= graded

PYTEST := $(BIN)/python -m pytest -n 2 --dist loadgroup

.PHONY: grade prove prove-some lint test test-exhaustive test-all catalogues bench bench-gpu bench-peers bench-peers-short clean

grade: $(STAMP)
	@# --isolation none: the samples are ours, so any confinement will do; exit status 1: some lose points, as they must
	@$(BIN)/grader grade submissions --out $(OUT) --jobs 2 --cell-seconds 120 --isolation none; status=$$?; test $$status -le 1

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint
	$(PYTEST) -m "not exhaustive"

test-exhaustive: $(STAMP)  # what `make test` leaves out
	$(PYTEST) -m exhaustive

test-all: lint
	$(PYTEST)

catalogues: $(STAMP)  # new texts into the catalogues of translations, see docs/languages.md
	@$(BIN)/python -m grader.catalogues.write grader reference

prove: $(STAMP)  # is the grader right? every correct and faulty notebook that can be made from the solution
	$(BIN)/grader prove --sample --device virtual --json proved.json

prove-some: $(STAMP)  # some of each kind, for CI
	$(BIN)/grader prove --sample --device virtual --subset 12

bench: $(STAMP)  # all but those against other tools, which take an hour: bench-peers
	@for file in $(filter-out %/bench_peers.py,$(wildcard tests/benchmarks/bench_*.py)); do echo "== $$file"; $(BIN)/python $$file || exit 1; done

bench-gpu: $(STAMP)  # what the virtual GPU costs; short enough for CI
	@$(BIN)/python tests/benchmarks/bench_virtual_cuda.py 5

bench-peers: $(STAMP)  # beside nbclient, otter and nbgrader, each in an environment of its own; MNIST=DIR for all of MNIST too
	@$(BIN)/python tests/benchmarks/bench_peers.py $(if $(MNIST),--mnist $(MNIST)) $(WRITE)

bench-peers-short: $(STAMP)  # two cases against nbclient: short enough for CI
	@$(BIN)/python tests/benchmarks/bench_peers.py --short

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "grader needs Python 3.10 or newer; set PYTHON=")'
	@test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	@echo "Installing grader and what it needs into $(VENV) (torch is large: a few minutes the first time) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[colab,dev]'
	@touch $@

clean:
	rm -rf $(VENV) $(OUT) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
