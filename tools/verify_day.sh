#!/usr/bin/env bash
# Run a day and prove it from outside: every bill verifies, hledger accepts the books, its balances equal ours.
# Usage: verify_day.sh DAY HOMES
set -euo pipefail
cd "$(dirname "$0")/.."
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
.venv/bin/gridplus demo --day "$1" --homes "$2" --fast --json --out "$out/demo-out" >"$out/result.json"
.venv/bin/gridplus verify --quiet "$out"/demo-out/bills/*.json
hledger -f "$out/demo-out/ledger.journal" check -s
hledger -f "$out/demo-out/ledger.journal" balance --flat -N -O csv >"$out/hledger.csv"
.venv/bin/python tools/compare_day.py "$out/result.json" "$out/hledger.csv" "$2"
