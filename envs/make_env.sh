#!/bin/sh
# Creates .venv in the checkout from requirements.lock, with any Python >= 3.12 that can be found or downloaded.
# A finished environment holds the lock file's checksum: a second run does nothing until the lock file changes.
set -eu
cd "$(dirname "$0")/.."

lock=requirements.lock
stamp=.venv/.lock-checksum
tools=.venv-tools
checksum=$(cksum <"$lock")
if [ -x .venv/bin/snakemake ] && [ "$(cat "$stamp" 2>/dev/null)" = "$checksum" ]; then exit 0; fi

say() { printf '%s\n' "make env: $*" >&2; }
recent() { "$1" -c 'import sys; sys.exit(not (3, 12) <= sys.version_info[:2] < (3, 15))' 2>/dev/null; }
# Python 3.13 first: the lock file is tested most with it. A pyenv shim that is not active fails `recent`.
find_python() {
    for python in python3.13 python3.12 python3.14 python3 python \
        "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.13.*/bin/python \
        "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.12.*/bin/python \
        "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.14.*/bin/python; do
        if recent "$python"; then command -v "$python"; return; fi
    done
    return 1
}
# uv installs in seconds and can download a Python; any Python 3.8+ with venv and pip can install it.
find_uv() {
    if command -v uv; then return; fi
    if [ -x "$tools/bin/uv" ]; then echo "$tools/bin/uv"; return; fi
    for python in "$@" python3 python "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.*/bin/python; do
        [ -n "$python" ] || continue
        rm -rf "$tools"
        if "$python" -m venv "$tools" >/dev/null 2>&1 && "$tools/bin/python" -m pip install --quiet uv >&2; then
            echo "$tools/bin/uv"
            return
        fi
    done
    rm -rf "$tools"
    return 1
}

python=$(find_python || true)
if ! uv=$(find_uv "$python"); then
    say "neither uv nor a Python 3 with its venv and pip modules was found."
    say "Do one of these: apt-get install python3-venv | install uv | put Python >= 3.12 on PATH."
    exit 1
fi
if [ -z "$python" ]; then
    say "no Python >= 3.12 on PATH or among pyenv's versions: asking uv to download one"
    if ! "$uv" python install 3.13 || ! python=$("$uv" python find 3.13); then
        say "no Python >= 3.12 could be found or downloaded. Install Python 3.12 or later (for example"
        say "'pyenv install 3.13', or your system's python3.13 package) and run this again."
        exit 1
    fi
fi

say "creating .venv with $("$python" --version) ($python)"
rm -rf .venv
"$uv" venv --quiet --python "$python" .venv
# Byte-compiled once here: otherwise every start compiles all sources where PYTHONDONTWRITEBYTECODE is set.
"$uv" pip install --quiet --python .venv/bin/python --compile-bytecode --require-hashes -r "$lock"
printf '%s\n' "$checksum" >"$stamp"
say "done"
