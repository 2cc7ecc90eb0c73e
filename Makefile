# Everything goes into .venv; a machine with Python (3.11 or later), pip and make is enough.

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$p" && break; done)
VENV ?= .venv
BIN := $(VENV)/bin
DEMO := $(VENV)/.installed-demo
TEST := $(VENV)/.installed-test
# Tests and benchmarks start some hundred processes; where byte code is not kept, each compiles all of Icehouse anew.
export PYTHONDONTWRITEBYTECODE =
PIP_INSTALL := install --disable-pip-version-check --quiet -c constraints.txt

.PHONY: help venv install demo test check bench fuzz screenshots clean

help:
	@echo "make demo         open the console on an embedded S3 with sample data (ARGS=--headless for scripts)"
	@echo "make test         all checks and tests"
	@echo "make check        format, lint, types and import rules alone"
	@echo "make bench        measure speed, memory and bytes on the wire"
	@echo "make fuzz         the slow randomised tests"
	@echo "make screenshots  draw screenshots/ anew from the running demo"
	@echo "make clean        remove .venv and what tools left behind"

venv: $(BIN)/python

# Without the ensurepip module (Debian's python3 alone) the environment is made bare, and the system's pip fills it.
$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "icehouse needs Python 3.11 or later: make PYTHON=/path/to/python3" >&2; exit 2; }
	@$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || $(PYTHON) -m venv --clear --without-pip $(VENV)

define pip_install
	@echo "installing $(1) into $(VENV) …" >&2
	@if $(BIN)/python -m pip --version >/dev/null 2>&1; \
	then $(BIN)/python -m pip $(PIP_INSTALL) -e '.[$(1)]' >&2; \
	else $(PYTHON) -m pip --python $(BIN)/python $(PIP_INSTALL) -e '.[$(1)]' >&2; fi
endef

$(DEMO): pyproject.toml constraints.txt | $(BIN)/python
	$(call pip_install,demo)
	@touch $@

$(TEST): pyproject.toml constraints.txt | $(BIN)/python
	$(call pip_install,demo$(comma)test)
	@touch $(DEMO) $@

comma := ,

install: $(TEST)

demo: $(DEMO)
	@$(BIN)/icehouse demo $(ARGS)

check: $(TEST)
	$(BIN)/ruff check src tests
	$(BIN)/ruff format --check src tests
	$(BIN)/mypy
	$(BIN)/lint-imports

# Three at a time on two cores: a third of the time tests wait for processes that they started.  Who is done first takes
# over from the others.
test: check
	$(BIN)/pytest -n 3 --dist worksteal $(ARGS)

bench: $(TEST)
	@$(BIN)/python -m tests.bench $(ARGS)

fuzz: $(TEST)
	$(BIN)/pytest -n 2 -m fuzz --timeout 900 $(ARGS)

screenshots: $(TEST)
	$(BIN)/python -m tests.screenshots $(ARGS)

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .icehouse-demo build dist
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
