# make run    the default study, from a bare machine to results/report.html
# make forecast   what CONFIG will cost: runs one batch of each variant of each study
# make test   all tests; SELECT='-m "not long"' leaves out those that take minutes
# make docs   the documentation as a site in docs/_build/html, in an environment of its own, .venv-docs
# make gallery   the studies of the gallery, whose pages `make docs` then puts into the site
# make env    only the environment, .venv
CORES ?= $(shell nproc 2>/dev/null || sysctl -n hw.ncpu 2>/dev/null || echo 2)
CONFIG ?= config/config.yaml
BENCHMARKS ?= time_of_a_run one_fit growth sweeps agreement_with_lme4 whole_genome faults_found import_of_a_release

.PHONY: run forecast test env lint gallery docs lock bench

run: env
	@PYTHONPATH=scripts .venv/bin/python -m guidefit.base.startup
	@PYTHONPATH=scripts .venv/bin/python -m guidefit.config $(CONFIG)
	.venv/bin/snakemake --cores $(CORES) --configfile $(CONFIG) --report results/report.html --report-after-run
	@echo "The report is in results/report.html: open it in a browser."

# The files of these batches stay as they are for the run itself.
forecast: env
	@PYTHONPATH=scripts .venv/bin/python -m guidefit.base.startup
	@PYTHONPATH=scripts .venv/bin/python -m guidefit.config $(CONFIG)
	.venv/bin/snakemake forecast --notemp --cores $(CORES) --configfile $(CONFIG)
	@cat results/forecast.txt

# Three files of tests at a time: most wait for one core, a disk, or SLURM. In this order the longest
# files start first. The ten slowest tests are listed at the end.
test: env
	.venv/bin/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder --durations 10 $(SELECT)

env:
	@sh envs/make_env.sh

lint: env
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/snakefmt --check Snakefile workflow
	.venv/bin/mypy
	PYTHONPATH=scripts .venv/bin/lint-imports
	.venv/bin/snakemake --lint

# Warnings are errors: a broken link between pages, a page that no list names.
docs: env
	@sh docs/make_env.sh
	PYTHONPATH=scripts .venv/bin/python docs/generate.py
	.venv-docs/bin/python -m sphinx -q -E -W --keep-going -b html docs docs/_build/html

gallery: env
	@CORES=$(CORES) sh docs/gallery/build.sh

# All benchmarks but the cluster's, one after the other; QUICK=--quick only tries them out.
bench: env
	for each in $(BENCHMARKS); do .venv/bin/python benchmarks/$$each.py $(QUICK) || exit 1; done

# Resolve pyproject.toml again. Needs uv on PATH or in .venv-tools, where make env installs it.
lock:
	uv=$$(command -v uv || echo .venv-tools/bin/uv); $$uv pip compile --upgrade --universal --python-version 3.12 --generate-hashes \
		--no-emit-index-url --no-emit-find-links --no-header --no-annotate --group dev pyproject.toml -o requirements.lock && \
	$$uv pip compile --upgrade --universal --python-version 3.12 --generate-hashes --no-emit-index-url --no-emit-find-links \
		--no-header --no-annotate --group docs -o docs/requirements.lock
