"""Compile the contracts into src/gridplus/contracts/artifacts.json, or check that it is fresh.

python tools/compile_contracts.py                 writes the file
python tools/compile_contracts.py --check [NAME]  exits 1 when a fresh compile gives other bytes
"""

import argparse
import json
import sys
from pathlib import Path

from vyper import __version__ as vyper_version
from vyper.compiler import compile_code
from vyper.compiler.input_bundle import FilesystemInputBundle
from vyper.compiler.settings import OptimizationLevel, Settings

from gridplus.digest import keccak256

FOLDER = Path(__file__).resolve().parent.parent / "src" / "gridplus" / "contracts"
ARTIFACTS = FOLDER / "artifacts.json"
CONTRACTS = (
    "anchor",
    "bolt",
    "bolt_wrapper",
    "credits",
    "registry",
    "reserve_feed",
    "vault",
    "vault_factory",
)
EVM_VERSION = "prague"


def compile_contract(name: str) -> dict[str, object]:
    """ABI, creation code, hash and size of the runtime code, storage layout.

    Immutables follow the runtime code on chain, so the hash is of its first `runtime_size` bytes.
    """
    bundle = FilesystemInputBundle([FOLDER])
    settings = Settings(evm_version=EVM_VERSION, optimize=OptimizationLevel.GAS)
    with bundle.search_path(FOLDER):
        source = bundle.load_file(Path(f"{name}.vy"))
    compiled = compile_code(
        source.contents,
        contract_path=source.path,
        resolved_path=source.resolved_path,
        input_bundle=bundle,
        output_formats=["abi", "bytecode", "bytecode_runtime", "layout"],
        settings=settings,
    )
    runtime = bytes.fromhex(compiled["bytecode_runtime"][2:])
    return {
        "abi": compiled["abi"],
        "creation_code": compiled["bytecode"],
        "runtime_hash": "0x" + keccak256(runtime).hex(),
        "runtime_size": len(runtime),
        "storage_layout": compiled["layout"]["storage_layout"],
    }


def compile_all() -> str:
    """The text of artifacts.json."""
    document = {
        "vyper_version": vyper_version,
        "evm_version": EVM_VERSION,
        "contracts": {name: compile_contract(name) for name in CONTRACTS},
    }
    return json.dumps(document, indent=1, sort_keys=True) + "\n"


def is_fresh(name: str | None) -> bool:
    """Whether the file is what a compile gives now: all of it, or one contract of it."""
    if name is None:
        return ARTIFACTS.read_text() == compile_all()
    made: object = json.loads(ARTIFACTS.read_text())["contracts"].get(name)
    return made == compile_contract(name)


def main() -> int:
    parser = argparse.ArgumentParser(description="Compile the contracts, or check their artifacts.")
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 when stale")
    parser.add_argument("name", nargs="?", choices=CONTRACTS, help="check this contract only")
    options = parser.parse_args()
    if not options.check:
        ARTIFACTS.write_text(compile_all())
        print(f"wrote {ARTIFACTS}")
        return 0
    if is_fresh(options.name):
        print(f"{ARTIFACTS.name} is what vyper {vyper_version} makes of the sources")
        return 0
    print(f"{ARTIFACTS} is not what a fresh compile gives; run {Path(__file__).name}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
