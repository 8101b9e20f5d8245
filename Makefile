# One command for each habit. What it needs is set up in .venv when it is first needed.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Folders are listed too, because a file that was removed is a change.
# What editors and file managers leave there, such as "hello copy.py", is no source.
SOURCES := $(shell find dartio_tut twisted \( -name __pycache__ -o -name '.*' \
	-o -name '*[!A-Za-z0-9._-]*' \) -prune -o -print) setup.cfg pyproject.toml README.md

# The unit tests run in so many processes.
JOBS ?= $(shell nproc 2>/dev/null || echo 1)

.PHONY: run test test-environment soak soak-workers check docs bench bench-compare compare pictures screens news clean outside

# Serve the whole tutorial; its pages are at http://localhost:8080/.
run: $(VENV)/.installed
	$(BIN)/twistd -n tutorial

# The unit tests, then the black-box tests, of the installed wheel. One of them looks at the
# documentation in a browser, and builds it.
test:
	@$(MAKE) --no-print-directory --jobs=2 $(VENV)/.sslyze test-environment outside
	(cd $(VENV) && bin/trial --jobs=$(JOBS) dartio_tut); unit=$$?; \
	$(BIN)/python -m tests && exit $$unit

# One after the other, because both install into the same environment.
test-environment: $(VENV)/.created
	@$(MAKE) --no-print-directory $(VENV)/.test
	@$(MAKE) --no-print-directory $(VENV)/.docs

# Give the unit tests that take any input DARTIO_EXAMPLES times as many, others each time.
# Replace workers under load, DARTIO_ROLLS times, and measure what a request costs with
# two of them. Then kill daemons while they write, for some minutes: DARTIO_KILLS times.
# Then cut the power after every call to the kernel. Then kill DARTIO_DEATHS primaries of a
# cluster that is kept busy, and ask what is described by OpenAPI with more requests. Then
# look at the colours of pages on a phone, too, and watch long requests byte by byte.
DARTIO_KILLS ?= 5000
DARTIO_CUTS ?= 100000
DARTIO_EXAMPLES ?= 100
DARTIO_ROLLS ?= 100
DARTIO_DEATHS ?= 4
DARTIO_API_EXAMPLES ?= 200
soak: $(VENV)/.test $(VENV)/.docs soak-workers
	DARTIO_EXAMPLES=$(DARTIO_EXAMPLES) $(BIN)/python -m twisted.trial \
		--temp-directory=$(VENV)/_trial_temp dartio_tut
	DARTIO_KILLS=$(DARTIO_KILLS) DARTIO_CUTS=$(DARTIO_CUTS) $(BIN)/python -m twisted.trial \
		--temp-directory=$(VENV)/_trial_temp tests.test_killed tests.test_power_cut
	DARTIO_DEATHS=$(DARTIO_DEATHS) DARTIO_API_EXAMPLES=$(DARTIO_API_EXAMPLES) \
		DARTIO_FULL=yes $(BIN)/python -m twisted.trial \
		--temp-directory=$(VENV)/_trial_temp tests.test_cluster tests.test_openapi \
		tests.test_site_browser tests.test_pages_for_everybody tests.test_wire_view

# The parts about workers alone.
soak-workers: $(VENV)/.test
	DARTIO_ROLLS=$(DARTIO_ROLLS) $(BIN)/python -m twisted.trial \
		--temp-directory=$(VENV)/_trial_temp \
		tests.test_workers.WorkersTests.test_no_request_fails_while_workers_are_replaced
	$(BIN)/python -m benchmarks.workers

check: $(VENV)/.check $(VENV)/.test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports --no-logo
	$(BIN)/mypy

docs: $(VENV)/.docs
	$(BIN)/sphinx-build -W --keep-going -q -b html docs docs/_build/html
	@echo "See docs/_build/html/index.html"

# Side by side with other servers, and with the disk; writes docs/benchmarks/.
# BENCH has options, such as BENCH="--case hello --peer nginx --peer ours".
bench: $(VENV)/.test
	$(BIN)/python -m benchmarks $(BENCH)

# What a change did: measures what was measured last (or what BENCH says) once more, and
# shows the ratio to the last run that was kept.
bench-compare: $(VENV)/.test
	$(BIN)/python -m benchmarks --compare $(BENCH)

# What `static` and other servers answer to the same; writes docs/comparison.md.
compare: $(VENV)/.installed
	$(BIN)/python -m comparison

# The glossary, the pictures, the exchanges and the names of the documentation, from runs
# of the software.
pictures: $(VENV)/.installed
	$(BIN)/python -m illustrations
	$(BIN)/python -m docs.exchanges
	$(BIN)/python -m docs.api_names

# The screenshots of the documentation, which a test takes.
screens: $(VENV)/.test outside
	DARTIO_SCREENS=yes $(BIN)/python -m tests test_screens_browser

# What the next release's news will say.
news: $(VENV)/.docs
	$(BIN)/towncrier build --draft --version next

clean:
	rm -rf $(VENV) build dist *.egg-info docs/_build .mypy_cache .ruff_cache .import_linter_cache

# Programs of the system that tests use. They are installed where that is allowed;
# elsewhere the tests that need them are left out, and say so.
outside:
	@sh tests/outside.sh

# An environment knows the path of its folder, and so does this stamp. Where the folder was
# moved, neither works, and another environment is made.
ifneq ($(shell test "$$(cat $(VENV)/.created 2>/dev/null)" = "$$(pwd -P)" || echo moved),)
.PHONY: $(VENV)/.created
endif

$(VENV)/.created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and \
		"$(PYTHON) is Python %d.%d, and 3.11 or later is needed. If you have one, name it, " \
		"such as by: make run PYTHON=python3.13" % sys.version_info[:2])'
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/pip install --quiet --upgrade pip setuptools
	pwd -P > $@

# A scanner of TLS. It wants another release of cryptography than the one that is tested.
# Where it cannot be had, its test is left out, and says so.
$(VENV)/.sslyze: $(VENV)/.created
	$(PYTHON) -m venv $(VENV)/sslyze
	-$(VENV)/sslyze/bin/pip install --quiet --disable-pip-version-check \
		'sslyze >= 6.3, < 7'
	touch $@

# Build a wheel and install it, as any user would.
$(VENV)/.installed: $(VENV)/.created $(SOURCES)
	rm -rf build *.egg-info
	$(BIN)/pip install --quiet --disable-pip-version-check .
	touch $@

# What is installed already is not built again.
$(VENV)/.test $(VENV)/.check $(VENV)/.docs: $(VENV)/.%: $(VENV)/.installed
	$(BIN)/pip install --quiet --disable-pip-version-check 'dartio-tut[$*]'
	touch $@
