# Every target works in a fresh clone with nothing but Python 3.11 (or later) and git:
# the first one asked for makes .venv; after that nothing is fetched until pyproject.toml changes.

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3.14 python3; do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)

.PHONY: demo check test thorough test-batch test-spark test-mermaid test-axe lint docs outputs package wheels bench bench-micro bench-report screens compiled test-compiled fuzz soak flood audit licences man clean
.DEFAULT_GOAL := demo

demo: $(STAMP)
	@$(BIN)/tdexplain demo

# All that continuous integration does on one machine, the quickest first; lint and docs wait for one core each.
check: $(STAMP)
	@$(MAKE) --no-print-directory --jobs 2 lint docs
	@$(MAKE) --no-print-directory test
	@$(MAKE) --no-print-directory package

# A third worker has something to do while two wait for a process or a browser.
test: $(STAMP) # real processes, sockets and browsers on a machine with other work: what fails is tried once more, and named
	@$(BIN)/python -m compileall -q tdparse # where the environment forbids it, each of the many processes would do it again
	$(BIN)/pytest -n 3 --dist worksteal --reruns 1 -rR

# The slow tests with all the lines and connections they stand for, of which `make test` takes a part.
thorough: $(STAMP)
	$(BIN)/pytest -n 2 --thorough -m 'slow or thorough'

# Two thousand logs, five of them of 100 MB: what `make test` does with a few. BATCH=--help says what can be chosen.
test-batch: $(STAMP)
	$(BIN)/python tests/batch_at_scale.py $(BATCH)

# A million lines on Spark with two processes, and the same rows from the program itself; needs Java, fetches pyspark.
test-spark: $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[spark]'
	$(BIN)/python tests/engine_at_scale.py $(SPARK)

# Mermaid's own parser reads our diagrams; it comes from npm, and is asked for by name only.
test-mermaid: $(STAMP)
	@if command -v node >/dev/null && command -v npm >/dev/null; then \
		mkdir -p .cache/mermaid && cp tests/mermaid/package.json .cache/mermaid/ && \
		npm install --prefix .cache/mermaid --no-audit --no-fund --silent && \
		$(BIN)/pytest tests/test_mermaid.py; \
	else \
		echo "node and npm are not there: skipped" >&2; \
	fi

# The report's page against axe-core, which npm brings, in Chromium.
test-axe: $(STAMP)
	@if command -v node >/dev/null && command -v npm >/dev/null; then \
		mkdir -p .cache/axe && cp tests/axe/package.json .cache/axe/ && \
		npm install --prefix .cache/axe --no-audit --no-fund --silent && \
		$(BIN)/pytest tests/test_report_browser.py -k axe; \
	else \
		echo "node and npm are not there: skipped" >&2; \
	fi

lint: $(STAMP)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/codespell
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-issue-forms .github/ISSUE_TEMPLATE/[a-b]*.yml
	$(BIN)/mypy
	$(BIN)/python hatch_build.py
	$(BIN)/lint-imports

# The site, with every warning an error; then its links, and that it asks nothing of the outside.
docs: $(STAMP)
	$(BIN)/python -m sphinx -W --keep-going -q -j 2 -b html docs build/docs
	$(BIN)/pytest -q tests/site.py
	@echo "build/docs/index.html"

# What README and documentation show is written anew from what the program prints; the difference is the review.
outputs: $(STAMP) man
	$(BIN)/python tests/shown.py --write
	$(BIN)/python tests/notebook.py --write

# The wheel and the source distribution, installed in every way users do; `wheels` runs all the tests on them.
package: $(STAMP)
	$(BIN)/pytest -q -n 3 tests/installs.py

wheels: $(STAMP)
	$(BIN)/pytest -q tests/installs.py --whole-suite $(WHEELS)

# Speed and memory beside tcpdump, tshark and tcptrace, into docs/benchmarks.md; a quarter of an hour on a quiet machine.
SIZE := 1000000
ROUNDS := 5
LONG := 1
bench: $(STAMP)
	@$(BIN)/python -m compileall -q tdparse
	PYTHONPATH=tests $(BIN)/python -m bench --size $(SIZE) --rounds $(ROUNDS) --long-rounds $(LONG)

# The same program with its core compiled by mypyc, which needs a C compiler; `make wheels` with that wheel tests it.
COMPILED := .venv-compiled
compiled: $(COMPILED)/.installed

test-compiled: $(COMPILED)/.installed
	$(BIN)/pytest -q -rP tests/installs.py -k 'installed_wheel and newest' --whole-suite --built build/compiled \
		--only-python $$($(COMPILED)/bin/python -c 'import sys; print("%d.%d" % sys.version_info[:2])')

$(COMPILED)/.installed: $(STAMP) hatch_build.py $(wildcard tdparse/*.py tdparse/findings/*.py tdparse/render/*.py)
	rm -rf build/compiled
	TDPARSE_COMPILE=1 $(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps -w build/compiled .
	test -x $(COMPILED)/bin/python || $(BIN)/python -m venv $(COMPILED)
	$(COMPILED)/bin/python -m pip install --quiet --disable-pip-version-check --upgrade build/compiled/*.whl
	$(COMPILED)/bin/python -m pip install --quiet --disable-pip-version-check --force-reinstall --no-deps build/compiled/*.whl
	@touch $@

bench-micro: $(STAMP)
	$(BIN)/pytest tests/test_micro.py --benchmark-enable --benchmark-group-by=func

# A report on a large log beside the text run on it, and how long Chromium takes to open it.
bench-report: $(STAMP)
	$(BIN)/python tests/bench_report.py

# The pictures of docs/report.md.
screens: $(STAMP)
	PYTHONPATH=tests $(BIN)/python tests/screens.py

# Each target of tests/fuzz: examples from the grammar, then atheris where it has a wheel, that many minutes of the processor.
# Then one process and two on mixtures of logs that nobody has seen.
FUZZ_MINUTES := 5
FUZZ_EXAMPLES := 5000
FUZZ_TARGETS := reader parser tracker renderers
fuzz: $(STAMP)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[fuzz]' || echo "no atheris for this Python: examples alone" >&2
	@for target in $(FUZZ_TARGETS); do \
		FUZZ_SEEDS=1 $(BIN)/python tests/fuzz/campaign.py hypothesis $$target --examples $(FUZZ_EXAMPLES) || exit 1; \
		$(BIN)/python tests/fuzz/campaign.py atheris $$target --minutes $(FUZZ_MINUTES) || test $$? = 3 || exit 1; \
	done
	$(BIN)/python tests/halved.py --first $$(date +%s) --seeds 500

# A live pipe at full rate: memory, descriptors and lag stay flat.
MINUTES := 10
soak: $(STAMP)
	$(BIN)/python tests/fuzz/soak.py --minutes $(MINUTES)

# A SYN flood: memory stays below the limit of docs/limits.md, and what was given up is said.
SOURCES := 10000000
flood: $(STAMP)
	$(BIN)/python tests/fuzz/flood.py --sources $(SOURCES)

# Known vulnerabilities of what is installed, from the database of PyPI.
audit: $(STAMP)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip-audit>=2.7'
	$(BIN)/pip-audit --skip-editable --progress-spinner off

licences: $(STAMP)
	@$(BIN)/python tests/licences.py

man: $(STAMP)
	@mkdir -p docs
	$(BIN)/python -m tdparse.manual > docs/tdexplain.1

clean:
	rm -rf $(VENV) $(COMPILED) dist build .mypy_cache .pytest_cache .ruff_cache .import_linter_cache

$(STAMP): pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later (with venv) is needed" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,docs]'
	$(BIN)/python -m compileall -q tdparse # as pip does for what is not editable: else some set-ups compile at every start
	@touch $@
