# `make grade` grades the notebooks in submissions/, `make test` runs the tests. Both set up what they need in .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
OUT ?= graded

.PHONY: grade test bench bench-gpu clean

grade: $(STAMP)
	@$(BIN)/grader grade submissions --out $(OUT) --jobs 2 --cell-seconds 120; status=$$?; test $$status -le 1  # 1: some sample lost marks, as it must

test: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -n 2 --dist loadgroup

bench: $(STAMP)
	@for file in tests/benchmarks/bench_*.py; do echo "== $$file"; $(BIN)/python $$file || exit 1; done

bench-gpu: $(STAMP)  # what the virtual GPU costs; short enough for CI
	@$(BIN)/python tests/benchmarks/bench_virtual_cuda.py 5

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "grader needs Python 3.10 or newer; set PYTHON=")'
	@test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	@echo "Installing grader and what it needs into $(VENV) (torch is large: a few minutes the first time) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[colab,dev]'
	@touch $@

clean:
	rm -rf $(VENV) $(OUT) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
