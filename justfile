# Every command that a person or CI runs. `.venv/bin/just` lists them; `sh setup.sh` puts it there.

bin := justfile_directory() / ".venv/bin"

[private]
default:
    @{{ bin }}/just --list --unsorted

# fill .venv with this checkout and the exact versions of constraints.txt
setup:
    sh setup.sh

# fetch and verify the embedding weights (once; then it only looks)
model:
    {{ bin }}/cognition model install

# style and mistakes
lint:
    {{ bin }}/ruff check .
    {{ bin }}/ruff format --check .

# put the style right
format:
    {{ bin }}/ruff check --fix .
    {{ bin }}/ruff format .

# strict types, of the packages and of the public interface as a user sees it
types:
    {{ bin }}/mypy
    {{ bin }}/mypy --strict tests/typing

# who may import whom
imports:
    {{ bin }}/lint-imports

# everything but slow, server and nightly tests, with the real model and the real engines
[no-exit-message]
test *args: model
    {{ bin }}/python -m pytest -q {{ args }}

# the same without the weights: seconds, nothing to fetch
[no-exit-message]
test-quick *args:
    {{ bin }}/python -m pytest -q -m "not model and not slow and not server and not nightly" {{ args }}

# the few that take long for what they show: the model measured, pip run from its wheel, the interface type-checked
[no-exit-message]
test-slow *args: model
    {{ bin }}/python -m pytest -q -m "slow and not server and not nightly" {{ args }}

# on real servers: Qdrant, one node and three (QDRANT_URL, or `qdrant` on PATH), and Redis (REDIS_URL, or `redis-server` on PATH)
[no-exit-message]
test-server *args:
    {{ bin }}/python -m pytest -m server -rs {{ args }}

# thousands of seeds; plans and stores of a million memories
[no-exit-message]
test-nightly *args:
    {{ bin }}/python -m pytest -q -m nightly --timeout=7200 {{ args }}

# a benchmark by name: just bench recall locomo
bench *args:
    {{ bin }}/python -m benchmarks {{ args }}

# all that must hold before a change is offered
check: lint types imports test

# newest versions that pyproject.toml allows, with their hashes, into constraints.txt
constraints:
    .venv/uv/bin/uv pip compile -q --upgrade --universal --generate-hashes -p 3.11 --extra dev --extra bench pyproject.toml -o constraints.txt --custom-compile-command "just constraints"
