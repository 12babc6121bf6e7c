# Grid+: `make demo` runs a street for a day, `make test` proves it. Everything else is for developers.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
PROVER := .venv-prove
SCANNER := .venv-scan
SEED ?= 1
STEPS ?= 60
EXAMPLES ?= 100
SEEDS ?= 1
INTERVALS ?= 10
HOMES ?= 3
HOURS ?= 24
POINTS ?= 10000
STORE ?= sqlite
DEMO_ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help demo audit test test-longer check conformance mutants drill prove tls-scan fuzz sim soak kill bench bench-gas bench-hub ci savings storm lock contracts data clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

$(VENV)/ready-run: requirements.lock pyproject.toml
	@PYTHON=$(PYTHON) bash tools/setup.sh requirements.lock $@

LONGER := $(addprefix tests/,audit bench kill drill first_day shards watch verify/test_mutations.py \
  cli/test_wallet.py contracts/test_artifacts.py contracts/test_promises.py \
  contracts/test_vault_promises.py demo/test_broker.py demo/test_real_day.py \
  hub/test_kill.py journal/test_postgres.py tariff/test_texas_home.py)

$(VENV)/ready-dev: requirements-dev.lock pyproject.toml
	@PYTHON=$(PYTHON) bash tools/setup.sh requirements-dev.lock $@
	@touch $(VENV)/ready-run

demo: $(VENV)/ready-run ## a street of 17 homes buys one real day of electricity (DEMO_ARGS="--day 2021-02-15")
	@$(BIN)/gridplus demo $(DEMO_ARGS)

test: $(VENV)/ready-dev ## set up and pass every test
	@$(BIN)/pytest -n 2 --dist worksteal $(foreach place,$(LONGER),--ignore $(place))

test-longer: $(VENV)/ready-dev ## what takes longer: benches, a year of bills, kills of the hub, thefts of keys, the wallet's commands
	@$(BIN)/pytest -n 2 --dist worksteal $(LONGER)

check: $(VENV)/ready-dev ## types, lints, ladder of imports, contracts and data reproducible
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python tools/compile_contracts.py --check

bench: $(VENV)/ready-dev ## vouchers, rating, meter reads, ledger, plans and gas, each beside a peer or a limit of the same run
	@for program in journal vouchers rating scale ingest ledger proofs plans planner box signals identity signatures gas; do $(BIN)/python bench/$$program.py || exit 1; done

bench-hub: $(VENV)/ready-dev ## payments a second over the stream and HTTP, silent agents over TLS, a million channels, beside limits and the server one writes first (eight minutes)
	@$(BIN)/python bench/hub.py
	@$(BIN)/python bench/connections.py
	@$(BIN)/python bench/channels.py --million

bench-gas: $(VENV)/ready-dev ## gas of the vault, beside the floor, the targets and the peers, and its dollars
	@$(BIN)/python bench/gas.py
	@$(BIN)/python bench/gas_beside.py

mutants: $(VENV)/ready-dev ## plant faults in vault and token, and see that the tests notice each (some minutes)
	@$(BIN)/python tools/mutants.py

audit: $(VENV)/ready-run ## 17 homes live a month, and all of it is rebuilt from the journals (some minutes)
	@$(BIN)/gridplus demo --homes 17 --day 2021-08-01 --days 31 --fast --out audit-out
	@$(BIN)/gridplus audit audit-out

conformance: $(VENV)/ready-dev ## schemathesis against hub, in both forms, and VTN: their descriptions and the standard's, by role (three minutes)
	@$(BIN)/python tools/hub_conformance.py
	@$(BIN)/python tools/hub_conformance.py --shards 2
	@$(BIN)/python tools/openadr_conformance.py

$(PROVER)/bin/halmos: # AGPL: a program that is started, beside the dependencies and never among them
	@$(PYTHON) -m venv $(PROVER)
	@$(PROVER)/bin/pip install --quiet --disable-pip-version-check halmos==0.3.3

drill: $(VENV)/ready-dev ## steal every pair of keys, on a real EVM, and make the tables of docs/theft.md anew (2 minutes)
	@$(BIN)/python -m tests.drill docs/theft.md

prove: $(VENV)/ready-dev $(PROVER)/bin/halmos ## prove vault and token for all inputs, and refute planted faults (nightly, 3 minutes)
	@$(BIN)/python tools/prove.py --halmos $(PROVER)/bin/halmos

fuzz: $(VENV)/ready-dev ## run the stateful machines at length: SEED=1 STEPS=60 EXAMPLES=100 (nightly, 10 minutes)
	@$(BIN)/python -m tests.fuzz --seed $(SEED) --steps $(STEPS) --examples $(EXAMPLES)

sim: $(VENV)/ready-dev ## simulated worlds from one seed: SEED=1 SEEDS=1 INTERVALS=10 HOMES=3 (nightly: SEEDS=1000, ten minutes)
	@$(BIN)/python -W ignore -m tests.sim --seed $(SEED) --seeds $(SEEDS) --homes $(HOMES) --intervals $(INTERVALS) $(if $(PLANTED),--planted)

kill: $(VENV)/ready-dev ## kill the hub at every point of its writing: POINTS=10000 SEED=1 STORE=sqlite or postgres (nightly, half an hour)
	@$(BIN)/python -m tests.kill --points $(POINTS) --seed $(SEED) --store $(STORE)

$(SCANNER)/bin/sslyze: # AGPL: a program that is started, beside the dependencies and never among them
	@$(PYTHON) -m venv $(SCANNER)
	@$(SCANNER)/bin/pip install --quiet --disable-pip-version-check sslyze==6.3.1

tls-scan: $(VENV)/ready-dev $(SCANNER)/bin/sslyze ## sslyze against the retailer's doors: nothing found, Mozilla's intermediate profile (a minute)
	@$(BIN)/python -m tests.tls.scan $(SCANNER)/bin/sslyze

soak: $(VENV)/ready-dev ## homes against the real processes until chain, ledger and vouchers agree: HOMES=1000 HOURS=24 SEED=1
	@$(BIN)/python tools/soak.py --homes $(HOMES) --hours $(HOURS) --seed $(SEED)

storm: $(VENV)/ready-run ## February 2021 on every plan kind, written into docs/storm-2021.md (half a minute)
	@$(BIN)/python bench/storm.py --write docs/storm-2021.md

.PHONY: regret
regret: $(VENV)/ready-dev ## what control realises of perfect foresight, on the prices of two years (some minutes)
	@$(BIN)/python bench/regret.py

savings: $(VENV)/ready-dev ## what the batteries save over 33 days of 2021 (a minute)
	@$(BIN)/python bench/savings.py

ci: ## what CI runs
	@CI=true bash .ci/run

lock: $(VENV)/ready-dev ## resolve and pin the dependencies again
	@bash tools/lock.sh

contracts: $(VENV)/ready-dev ## compile the contracts again
	@$(BIN)/python tools/compile_contracts.py

data: $(VENV)/ready-dev ## make the bundled data again from the packages it comes from
	@$(BIN)/python tools/make_demo_data.py

clean: ## remove what was made here
	@rm -rf $(VENV) $(PROVER) $(SCANNER) demo-out sandbox-out soak-out audit-out .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
