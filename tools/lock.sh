#!/usr/bin/env bash
# Resolve every dependency again and pin it with hashes: requirements.lock runs, requirements-dev.lock builds.
set -eu
cd "$(dirname "$0")/.."
compile() {
  .venv/bin/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe \
    --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-annotate --no-header \
    "$@" pyproject.toml
}
compile --extra demo --output-file requirements.lock
compile --extra demo --extra dev --output-file requirements-dev.lock
