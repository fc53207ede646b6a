#!/bin/sh
# Runs the studies of the gallery in docs/_gallery, which `make docs` then puts into the site.
set -eu
cd "$(dirname "$0")/../.."
root=$PWD
mkdir -p docs/_gallery
cd docs/_gallery
PYTHONPATH="$root/scripts" "$root/.venv/bin/python" "$root/docs/gallery/make_screen.py"
"$root/.venv/bin/snakemake" --snakefile "$root/Snakefile" --workflow-profile "$root/profiles/default" --directory . \
    --configfile "$root/docs/gallery/studies.yaml" --cores "${CORES:-2}" --quiet
