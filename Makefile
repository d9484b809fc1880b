# make demo · make test · make proof · make bench · make docs · make clean      (PYTHON=python3.12 to choose another)
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
OUT ?= demo-out
THREADS := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1

.PHONY: demo test proof bench docs clean system

demo: $(VENV)/installed
	$(BIN)/viva demo --out $(OUT)

test: $(VENV)/installed
	$(THREADS) $(BIN)/python -m pytest -n 2 --dist loadgroup

proof: $(VENV)/installed
	$(THREADS) VIVA_PROOF=full $(BIN)/python -m tests.proof

bench: $(VENV)/installed
	$(THREADS) $(BIN)/python -m tests.benchmarks

docs: $(VENV)/installed
	$(BIN)/python -m vivavoce features --describe --markdown > docs/features.md

clean:
	rm -rf $(VENV) $(OUT) dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The environment: made once, and again when the dependencies change.
$(VENV)/installed: pyproject.toml constraints.txt | system
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[demo,dev]"
	touch $@

system:
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v <= (3, 12) else "vivavoce needs Python 3.11 or 3.12; this is %d.%d. Say which one to use: make PYTHON=python3.12" % v)'
	@$(PYTHON) -c 'import ctypes.util as u, sys; gone = [p for l, p in (("GL", "libgl1"), ("glib-2.0", "libglib2.0-0")) if not u.find_library(l)]; sys.exit("OpenCV needs libraries that this machine lacks. Run: sudo apt-get install -y " + " ".join(gone) if gone else 0)'
