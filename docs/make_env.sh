#!/bin/sh
# Creates .venv-docs from docs/requirements.lock, with the Python of .venv; does nothing until the lock file changes.
set -eu
cd "$(dirname "$0")/.."

stamp=.venv-docs/.lock-checksum
checksum=$(cksum <docs/requirements.lock)
if [ "$(cat "$stamp" 2>/dev/null)" = "$checksum" ]; then exit 0; fi
uv=$(command -v uv || echo .venv-tools/bin/uv)
if [ ! -x "$uv" ]; then .venv/bin/python -m venv .venv-tools && .venv-tools/bin/python -m pip install --quiet uv; fi
rm -rf .venv-docs
"$uv" venv --quiet --python .venv/bin/python .venv-docs
"$uv" pip install --quiet --python .venv-docs/bin/python --require-hashes -r docs/requirements.lock
echo "$checksum" >"$stamp"
