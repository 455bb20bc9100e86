#!/bin/sh
# Puts this checkout and the exact versions of constraints.txt into .venv, and nothing anywhere else.
# Needs Python 3.11+ with pip (or uv on PATH). Done already: says nothing and takes no time.
# PYTHON=python3.12 sh setup.sh   chooses another interpreter.
set -eu
cd "$(dirname "$0")"

fail() {
    printf 'setup: %s\n' "$1" >&2
    exit 2
}

python=${PYTHON:-python3}
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
    fail "needs Python 3.11 or newer, but '$python' is $("$python" -V 2>&1 || true). Install one, or name it: PYTHON=python3.12 sh setup.sh"

wanted=$({ pwd; cat setup.sh pyproject.toml constraints.txt; } | cksum)
if [ -x .venv/bin/cognition ] && [ "$(cat .venv/set-up 2>/dev/null)" = "$wanted" ]; then
    exit 0
fi

printf 'setup: filling .venv (about 6 GB with torch; a minute or two on a fast line)\n' >&2
if "$python" -m pip --version >/dev/null 2>&1; then
    # A folder of its own: neither the venv module nor the system's packages are needed or touched.
    PIP_ROOT_USER_ACTION=ignore "$python" -m pip install -q --disable-pip-version-check --upgrade --target .venv/uv 'uv>=0.7,<1'
    uv=.venv/uv/bin/uv
else
    uv=$(command -v uv) || fail "needs pip for '$python' (Debian: apt install python3-pip), or uv on PATH"
fi
# uv trusts what pip was told to trust: a network may have a certificate of its own.
if [ -n "${PIP_CERT:-}" ] && [ -z "${SSL_CERT_FILE:-}" ]; then
    SSL_CERT_FILE=$PIP_CERT && export SSL_CERT_FILE
fi
"$uv" venv -q --no-project --allow-existing -p "$("$python" -c 'import sys; print(sys.executable)')" .venv
"$uv" pip install -q --python .venv/bin/python -c constraints.txt -b constraints.txt -e '.[dev,bench]'
printf '%s\n' "$wanted" >.venv/set-up
