# One command each: `make demo` shows it, `make test` checks everything, `make help` lists the rest.
# Needs Python >= 3.11 and Node >= 20; the browser tests also need a chromium (apt-get install chromium).

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
DONE   := .make
SLOWEST := --durations=20 --durations-min=5
BESIDE := ui or wheel
REST := not ($(BESIDE)) and not bench
# Half of the rest, by files, so that each is imported once; new files are in one half or the other.
HALF := tests/test_[k-z]*.py
# Each stream remembers what failed in a folder of its own.
PYTEST := $(BIN)/python -m pytest -o cache_dir=$(DONE)/failed
# Where those beside are: to import all other tests only to leave them out takes half a minute.
BESIDE_FILES = tests/ui $$(grep -rlE 'mark\.(ui|wheel)' tests --include='test_*.py')
TESTS_beside = -m '$(BESIDE)' $(BESIDE_FILES)
TESTS_half = -m '$(REST)' $(HALF)
TESTS_rest = -m '$(REST)' tests --ignore=tests/ui --ignore-glob='$(HALF)'
NICE_half := nice -n 3
NICE_rest := nice -n 3
# Not named as $(MAKE) where it is used: such a line is run even by `make -n`, with all of its tests.
SUBMAKE = $(MAKE) --no-print-directory -k
export PATH := $(CURDIR)/$(BIN):$(PATH)
# Where it is set, as in many containers, each kernel, worker and program of the tests compiles the whole package anew.
export PYTHONDONTWRITEBYTECODE :=

JS_SOURCES := $(shell find js -type f -not -path 'js/lib/*' 2>/dev/null) $(wildcard package.json tsconfig.json install.json)
BUILT      := dvlwidgets/static/widget.js dvlwidgets/static/whatif.js dvlwidgets/static/tests.js dvlwidgets/static/around.js dvlwidgets/static/history.js dvlwidgets/static/table.js dvlwidgets/static/expression.js dvlwidgets/static/view.js dvlwidgets/static/influence.js dvlwidgets/static/pictures.js dvlwidgets/static/previews.js dvlwidgets/static/viewer.js \
              dvlwidgets/labextension/package.json

# A stamp is worthless once what it stands for is gone.
ifneq ($(words $(wildcard $(BUILT))),$(words $(BUILT)))
$(shell rm -f $(DONE)/js $(DONE)/bundles)
endif
ifeq ($(wildcard $(BIN)/python),)
$(shell rm -f $(DONE)/python)
endif
ifeq ($(wildcard node_modules),)
$(shell rm -f $(DONE)/npm)
endif

.DEFAULT_GOAL := help
.PHONY: help demo test setup build lint lint-py lint-js format types types-py types-js py js core-only wheel notebooks ui screenshots bench bench-record bench-prints bench-influence bench-labels bench-estimators dist lock clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

demo: setup ## find flipped labels in two real data sets, then open JupyterLab (HEADLESS=1: only write the files)
	HEADLESS="$(HEADLESS)" $(BIN)/python -m dvlwidgets.demo

# On two cores: while pip installs, the other one makes the bundles and checks JavaScript, which needs no Python. Then
# four things at a time. The browser's tests wait for servers and kernels, those of the wheel for pip: they come first
# whenever they have something to do. The two halves of all others, and ruff and mypy, take what they leave.
# One thread for linear algebra: threads of two programs that wait for each other cost four times the work that they
# share. What fails in that crowd is said, and runs once more with the machine to itself.
test: export OMP_NUM_THREADS := 1
test: export OPENBLAS_NUM_THREADS := 1
test: export LOW := nice -n 5
test: ## everything: lint, types, vitest, pytest with wheel, core-only, notebooks and browser
	@mkdir -p $(DONE) && rm -f $(DONE)/*.code
	@exec 3>&1; \
	$(SUBMAKE) -j6 -Otarget lint types js beside.stream half.stream rest.stream; first=$$?; \
	$(SUBMAKE) -j1 beside.again half.again rest.again; again=$$?; \
	exit $$((first | again))

# One goes to the screen as it runs, the others when they are over.
%.stream: setup
	@$(NICE_$*) $(PYTEST)/$* $(TESTS_$*) $(SLOWEST) $(if $(filter rest,$*),>&3 2>&1); echo $$? > $(DONE)/$*.code

%.again:
	@if [ "$$(cat $(DONE)/$*.code 2>&1)" = 1 ]; then \
	  echo "Once more, alone: what failed beside the others."; \
	  $(PYTEST)/$* $(TESTS_$*) --last-failed --last-failed-no-failures=none; echo $$? > $(DONE)/$*.code; \
	fi
	@test "$$(cat $(DONE)/$*.code 2>&1)" = 0

# --- set-up: each step leaves a stamp and runs again only when its inputs change --------------------------------

# A third of what is installed, which nothing here imports; where something does, Python compiles it then.
UNUSED := /(tests|sympy|networkx|fontTools|debugpy|mypy|mypyc|setuptools|docutils|torch/testing|torch/_inductor)/

setup: $(DONE)/installed ## the environment, the JavaScript build and an editable install

$(DONE)/python: pyproject.toml constraints.txt
	@mkdir -p $(DONE)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "dvlwidgets needs Python 3.11 or newer, $(PYTHON) is $$($(PYTHON) -V 2>&1). Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || \
	  { echo "$(PYTHON) cannot make a virtual environment. On Debian: apt-get install python3-venv"; exit 1; }
	@# Python 3.11 brings a pip that takes twice the time; where no newer one can be had it does, too
	$(BIN)/python -m pip install -qq --disable-pip-version-check pip==26.3 || true
	SKIP_JUPYTER_BUILDER=1 $(BIN)/python -m pip install -qq --no-compile --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@# pip compiles one file after another, and what nobody imports, too; templates are no Python and may fail
	@$(BIN)/python -W ignore -m compileall -qq -j 2 -x '$(UNUSED)' $(VENV)/lib || true
	@touch $@

$(DONE)/npm: package.json package-lock.json
	@mkdir -p $(DONE)
	@node -e 'process.exit(+(process.versions.node.split(".")[0] < 20))' || \
	  { echo "dvlwidgets needs Node 20 or newer (nodejs.org or your package manager); found: $$(node -v 2>&1)"; exit 1; }
	npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(DONE)/bundles: $(DONE)/npm $(JS_SOURCES)
	npm run --silent build:lib
	npm run --silent build:widget
	npm run --silent sizes
	@touch $@

$(DONE)/js: $(DONE)/bundles $(DONE)/python
	npm run --silent build:labextension
	@touch $@

build: $(DONE)/js ## the widget bundle, the static viewer and the lab extension

# An editable install copies the lab extension into the environment, so it follows each build.
$(DONE)/installed: $(DONE)/js
	SKIP_JUPYTER_BUILDER=1 $(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# --- checks ------------------------------------------------------------------------------------------------------

lint: lint-js lint-py ## ruff (rules and format), eslint

lint-py: setup
	$(LOW) $(BIN)/ruff check .
	$(LOW) $(BIN)/ruff format --check .

lint-js: $(DONE)/bundles
	$(LOW) npm run --silent lint

format: setup ## let ruff format and repair what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: types-js types-py ## mypy strict, tsc strict

types-py: setup
	$(LOW) $(BIN)/mypy

types-js: $(DONE)/bundles
	$(LOW) npm run --silent typecheck

js: $(DONE)/bundles ## vitest
	$(LOW) npm run --silent test

py: setup ## pytest without the slow jobs below
	$(BIN)/python -m pytest -m 'not wheel and not notebook and not ui and not slow'

core-only: setup ## install the wheel with the required dependencies only: import, value, render
	$(BIN)/python -m pytest tests/test_core_only.py

wheel: setup ## build the wheel from a clean export of HEAD, look inside, render from it without Node
	$(BIN)/python -m pytest tests/test_wheel.py

notebooks: setup ## execute the examples
	$(BIN)/python -m pytest -m notebook

ui: setup ## the panel in a real JupyterLab
	$(BIN)/python -m pytest -m ui

screenshots: setup ## pictures of the panel: light, dark, wide, narrow -> screenshots/
	$(BIN)/python tests/ui/screenshots.py screenshots

bench: setup ## one table of all speeds, beside the peers that are installed: half an hour, writes tests/bench/speed.md
	$(BIN)/python tests/bench/table.py

bench-record: setup ## the small version of that table, whose ratios CI compares with: writes tests/bench/recorded.json
	$(BIN)/python tests/bench/table.py --small --record

bench-prints: setup ## what has no reference: caches, imports, closed forms, estimators
	$(BIN)/python -m pytest -m bench -s

bench-influence: setup ## influence: quality against retraining, and speed, beside the peers that are installed: half an hour
	$(BIN)/python tests/bench/influence_quality.py
	$(BIN)/python tests/bench/influence_speed.py

bench-labels: setup ## which method finds wrong labels: half an hour, writes tests/bench/label_noise.md
	$(BIN)/python tests/bench/label_noise.py

bench-estimators: setup ## squared errors of all samplers on real games: half an hour, writes tests/bench/estimator_table.md
	$(BIN)/python tests/bench/estimator_table.py

# --- housekeeping ------------------------------------------------------------------------------------------------

dist: setup ## a wheel for release -> dist/
	npm run --silent clean && rm -rf dist $(DONE)/js $(DONE)/bundles
	$(BIN)/python -m build --wheel

lock: setup ## write the pinned versions anew from what is installed
	@grep '^#' constraints.txt > constraints.new && grep '^torch==' constraints.txt >> constraints.new
	@$(BIN)/python -m pip freeze --exclude-editable | grep -v '^torch==' >> constraints.new
	@{ grep '^#' constraints.new; grep -v '^#' constraints.new | LC_ALL=C sort -f; } > constraints.txt && rm constraints.new

clean: ## remove everything that make made
	rm -rf $(VENV) $(DONE) node_modules js/lib dvlwidgets/static dvlwidgets/labextension dist demo-output screenshots
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis
