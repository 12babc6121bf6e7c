#!/usr/bin/env bash
# Make .venv and install a lock file into it, showing a counter. Usage: setup.sh LOCK STAMP
set -euo pipefail
lock=$1 stamp=$2
python=${PYTHON:-python3}
"$python" - <<'PY' || exit 1
import sys
if sys.version_info < (3, 11):
    sys.exit("Grid+ needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Name one with: make PYTHON=python3.11")
PY
[ -x .venv/bin/python ] || "$python" -m venv .venv
total=$(grep -c '^[a-z0-9]' "$lock")
echo "Setting up .venv from $lock ($total pinned packages, once)"
log=.venv/setup.log
.venv/bin/python -m pip install --no-input --disable-pip-version-check --require-hashes -r "$lock" 2>&1 |
  tee "$log" |
  awk -v total="$total" -v tty="$([ -t 1 ] && echo 1 || echo 0)" '
    /^(Collecting|Requirement already satisfied)/ { n++; if (tty == 1) printf "\r  %d of %d", n, total; else if (n % 20 == 0) print "  " n " of " total; fflush() }
    /^Installing collected/ { printf "%s  installing\n", (tty == 1 ? "\r" : ""); fflush() }' ||
  { echo "The set-up failed:"; tail -n 20 "$log"; exit 1; }
.venv/bin/python -m pip install --quiet --no-input --disable-pip-version-check --no-deps -e . >>"$log" 2>&1 ||
  { echo "The set-up failed:"; tail -n 20 "$log"; exit 1; }
touch "$stamp"
