"""Prove properties of vault and token for all inputs at once, and refute each in a planted fault.

python tools/prove.py --halmos PATH [--only WORD] [--timeout S]
prints a table; exits 1 when a proof fails or a fault goes unnoticed

proofs/*.vy are contracts whose `check_...` functions halmos executes symbolically: on the modules
of the vault, or on the deployed code of vault and token over storage that holds anything. Each
proof runs twice: on the sources as they are, and on a copy with one fault, for which it must name
values that break it. halmos is a program of its own, started and never imported.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vyper.compiler import compile_code
from vyper.compiler.input_bundle import FilesystemInputBundle
from vyper.compiler.settings import OptimizationLevel, Settings

from compile_contracts import EVM_VERSION
from mutants import CONTRACTS, ROOT, Mutant

TEST_CONTRACT = "7fa9385be102ac3eac297483dd6233d62b3e1496"
"""Where halmos puts a proof's contract, which is the token of the vault that it proves."""
TREASURER = "22" * 20
IMMUTABLES = {"vault": TEST_CONTRACT.rjust(64, "0") + TREASURER.rjust(64, "0"), "bolt": ""}


@dataclass(frozen=True, slots=True)
class Proof:
    """A `check_` function of proofs/`contract`.vy, what it is for, and a fault that breaks it."""

    contract: str
    name: str
    invariants: str
    mutant: Mutant


@dataclass(frozen=True, slots=True)
class Answer:
    """What halmos says of one function. `shown` are values that break it."""

    proven: bool
    refuted: bool
    seconds: float
    shown: str


def fault(source: str, text: str, planted: str = "pass") -> Mutant:
    return Mutant("", source, text, planted)


PROOFS = (
    Proof(
        "channel_proof",
        "fields_that_fit_are_packed_without_a_carry",
        "I-VA-1",
        fault(
            "channels",
            'assert (c.deposited | c.spent | c.earned | c.withdrawn) <= U48, "counter overflow"',
        ),
    ),
    Proof(
        "channel_proof",
        "every_word_unpacks_to_fields_that_pack_to_it",
        "I-VA-1",
        fault("channels", "exit_hour=(word >> 8) & U22", "exit_hour=(word >> 8) & U16"),
    ),
    Proof(
        "channel_proof",
        "a_deposit_raises_deposited_alone",
        "I-VA-1",
        fault("channels", 'assert deposited <= U48, "counter overflow"'),
    ),
    Proof(
        "channel_proof",
        "a_claim_leaves_no_headroom_below_zero",
        "I-VA-2",
        fault("channels", "if taken > headroom:", "if False:"),
    ),
    Proof(
        "channel_proof",
        "a_claim_takes_no_more_than_was_signed",
        "I-VA-3",
        fault("channels", "taken = unsafe_sub(spent, old_spent)", "taken = spent"),
    ),
    Proof(
        "channel_proof",
        "a_claim_takes_no_more_than_the_cap_allows",
        "I-VA-5",
        fault("channels", "if taken > allowance:", "if False:"),
    ),
    Proof(
        "channel_proof",
        "a_claim_takes_nothing_from_an_armed_exit",
        "I-VA-8",
        fault("channels", " and armed_for >= EXIT_LAPSE_HOURS", ""),
    ),
    Proof(
        "channel_proof",
        "a_days_credit_is_a_15th_of_the_pool",
        "I-VA-12",
        fault("retailer", "return unsafe_sub(allowed, credited)", "return allowed"),
    ),
    Proof(
        "vault_proof",
        "an_exit_is_finished_neither_early_nor_late",
        "I-VA-8",
        fault("homes", 'assert channels._has_exit(c), "exit has lapsed"'),
    ),
    Proof(
        "vault_proof",
        "an_exit_pays_the_headroom_once",
        "I-VA-2, I-VA-4",
        fault("homes", "c.withdrawn += amount"),
    ),
    Proof(
        "vault_proof",
        "nobody_but_the_owner_acts_alone",
        "I-VA-7",
        fault("homes", 'assert msg.sender == home.owner, "not the owner"'),
    ),
    Proof(
        "vault_proof",
        "nobody_but_the_hub_claims",
        "I-VA-3",
        fault("vault", 'assert msg.sender == hub, "not the hub"'),
    ),
    Proof(
        "vault_proof",
        "nobody_but_the_treasurer_withdraws_as_announced",
        "I-VA-4",
        fault("retailer", 'assert block.timestamp >= matures_at, "request is not mature"'),
    ),
    Proof(
        "bolt_proof",
        "a_transfer_moves_what_the_sender_has_and_nothing_else",
        "I-TK-8",
        fault("dollar", "self.balanceOf[owner] = held - amount"),
    ),
    Proof(
        "bolt_proof",
        "a_spender_moves_no_more_than_he_was_allowed",
        "I-TK-8",
        fault("dollar", "self.allowance[owner][msg.sender] = allowed - amount"),
    ),
    Proof(
        "bolt_proof",
        "nothing_is_minted_beyond_the_reserve",
        "I-TK-9",
        fault("bolt", "self.consumed + self.queued", "self.queued"),
    ),
    Proof(
        "bolt_proof",
        "a_paid_redemption_gives_no_room_back",
        "I-TK-9",
        fault(
            "bolt", "self.queued -= amount\n    self.consumed += amount", "self.queued -= amount"
        ),
    ),
)


def build(house: Path, contracts: set[str]) -> None:
    """Compile proofs and what they stand on into `house`/out, in the shape that halmos reads."""
    for name in contracts | set(IMMUTABLES):
        bundle = FilesystemInputBundle([house / "contracts", house / "proofs"])
        source = bundle.load_file(Path(f"{name}.vy"))
        made = compile_code(
            source.contents,
            contract_path=source.path,
            resolved_path=source.resolved_path,
            input_bundle=bundle,
            output_formats=["abi", "bytecode", "bytecode_runtime", "method_identifiers"],
            settings=Settings(evm_version=EVM_VERSION, optimize=OptimizationLevel.GAS),
        )
        selectors = {k: v[2:].rjust(8, "0") for k, v in made["method_identifiers"].items()}
        # Vault and token are put in place, not created: the symbolic machine has no P-256.
        code = made["bytecode_runtime"] + IMMUTABLES.get(name, "")
        node = {"nodeType": "ContractDefinition", "name": name, "contractKind": "contract"}
        artifact = {
            "abi": made["abi"],
            "bytecode": {
                "object": code if name in IMMUTABLES else made["bytecode"],
                "linkReferences": {},
            },
            "deployedBytecode": {"object": made["bytecode_runtime"]},
            "methodIdentifiers": selectors,
            "metadata": {"compiler": {"version": "0.4.3"}},
            "ast": {"nodeType": "SourceUnit", "absolutePath": f"{name}.vy", "nodes": [node]},
        }
        place = house / "out" / f"{name}.sol" / f"{name}.json"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(json.dumps(artifact))


def ask(house: Path, proof: Proof, *, halmos: Path, timeout_s: int) -> Answer:
    """Run one proof in a built house."""
    answers = house / "answers.json"
    answers.unlink(missing_ok=True)
    command = [
        *(str(halmos), "--root", str(house), "--contract", proof.contract),
        *("--match-test", f"^check_{proof.name}\\(", "--storage-layout", "generic"),
        *("--solver-timeout-assertion", f"{timeout_s}s", "--no-status"),
        *("--json-output", str(answers)),
    ]
    place = {**os.environ, "PATH": f"{house / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    run = subprocess.run(command, cwd=house, env=place, capture_output=True, text=True)
    if not answers.exists():
        raise SystemExit(f"halmos did not answer for {proof.name}:\n{run.stdout}{run.stderr}")
    (found,) = json.loads(answers.read_text())["test_results"].values()
    (result,) = found
    return Answer(
        proven=result["exitcode"] == 0 and not result["num_bounded_loops"],
        refuted=result["exitcode"] == 1 and bool(result["num_models"]),
        seconds=result["time"][0],
        shown=values(result),
    )


def values(result: dict[str, Any]) -> str:
    """The first counterexample, as a line: what is not zero, in hex."""
    model: dict[str, Any] = next(iter(result["models"]), {"model": {}})["model"]
    found = {name.removeprefix("p_").rsplit("_", 3)[0]: v["value"] for name, v in model.items()}
    shown = ", ".join(f"{name} {value:#x}" for name, value in sorted(found.items()) if value)
    return shown or "zeros"


def built(mutant: Mutant | None, contracts: set[str], house: Path) -> Path:
    """A folder with everything compiled, from the sources or from a copy with one fault."""
    shutil.copytree(ROOT / CONTRACTS, house / "contracts")
    shutil.copytree(ROOT / "proofs", house / "proofs")
    if mutant is not None:
        mutant.plant(house / "contracts")
    build(house, contracts)
    forge = house / "bin" / "forge"  # halmos asks it to compile; there is nothing left to compile
    forge.parent.mkdir()
    forge.write_text("#!/bin/sh\n")
    forge.chmod(0o755)
    return house


def verdict(proof: Proof, place: Path, *, halmos: Path, timeout_s: int) -> bool:
    """Print the row of a proof; whether it holds and its fault is noticed."""
    good = ask(place / "good", proof, halmos=halmos, timeout_s=timeout_s)
    house = built(proof.mutant, {proof.contract}, place / proof.name)
    bad = ask(house, proof, halmos=halmos, timeout_s=timeout_s)
    proven = f"{good.seconds:.1f}" if good.proven else "NOT PROVEN"
    refuted = bad.shown if bad.refuted else "NOT REFUTED"
    sentence = proof.name.replace("_", " ")
    print(f"| {sentence} | {proof.invariants} | {proven} | {refuted} |", flush=True)
    return good.proven and bad.refuted


def main() -> int:
    parser = argparse.ArgumentParser(description="Proofs, and a fault that each must notice.")
    parser.add_argument("--halmos", type=Path, required=True)
    parser.add_argument("--only", default="", help="only proofs whose name has this word")
    parser.add_argument("--timeout", type=int, default=60, help="seconds for one question")
    options = parser.parse_args()
    proofs = [proof for proof in PROOFS if options.only in proof.name]
    print("| for all inputs | supports | proven in s | refuted in a copy with a fault by |")
    print("|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="gridplus-proofs-") as name:
        place = Path(name)
        built(None, {proof.contract for proof in proofs}, place / "good")
        held = [
            verdict(proof, place, halmos=options.halmos.absolute(), timeout_s=options.timeout)
            for proof in proofs
        ]
    print(f"\n{sum(held)} of {len(held)} proven, and refuted where a fault is planted")
    return int(not all(held))


if __name__ == "__main__":
    sys.exit(main())
