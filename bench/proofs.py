"""Proofs that bills stand under an anchored root, for a street, a town and a city.

`python bench/proofs.py [--homes 100000] [--quick]` prints one table. For each number of homes: the
tree over all salted leaves, then every home's proof as the bytes of its bill file; beside it the
same hashes alone. A sample of the proofs is read back and led to the root, or the run fails. Below
it: one whole bill of a day, laid out with its proof, and verified.
"""

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from gridplus.digest import canonical_json, keccak256
from gridplus.failures import invariant
from gridplus.tariff import (
    Fields,
    Liability,
    LiabilityTree,
    format_bill,
    home_salt,
    inclusion_document,
    inclusion_from,
    liability_tree,
    parse_bill,
    root_of_inclusion,
)
from gridplus.verify import verify_bill
from gridplus.wallet import ChannelId
from signed import signed_bill
from town import bundled_plan

T = TypeVar("T")
SECRET = keccak256(b"the secret of a bench's day")
SAMPLE = 500
HASHED_BYTES = 193
"""What a node hashes: a prefix and two children of 96 bytes."""
HASHES_PER_HOME = 11
"""A salt, four for the shares and two for the salts of its leaves, two leaves, two nodes."""


@dataclass(frozen=True, slots=True)
class City:
    homes: int
    tree_s: float
    proofs_s: float
    proof_bytes: int
    hashing_s: float


def liabilities(homes: int) -> list[Liability]:
    """Counters up to some hundred BOLT, at heads that nobody could guess."""
    owed = []
    for number in range(homes):
        name = keccak256(number.to_bytes(4, "big"))
        spent, earned = (int.from_bytes(name[i : i + 4], "big") // (9 * i + 9) for i in (0, 4))
        owed.append(Liability(ChannelId(name), keccak256(name), spent, earned))
    return owed


def timed(work: Callable[[], T]) -> tuple[T, float]:
    began = time.perf_counter()
    result = work()
    return result, time.perf_counter() - began


def measure(homes: int) -> City:
    owed = liabilities(homes)

    def tree_of_all() -> LiabilityTree:
        return liability_tree([(one, home_salt(SECRET, one.channel)) for one in owed])

    def hash_alone() -> None:
        data = bytes(HASHED_BYTES)
        for _ in range(HASHES_PER_HOME * homes):
            keccak256(data)

    def write_all() -> tuple[int, dict[int, bytes]]:
        size, sample = 0, {}
        for number in range(homes):
            written = canonical_json(inclusion_document(tree.inclusion(number)))
            size += len(written)
            if number % max(1, homes // SAMPLE) == 0:
                sample[number] = written
        return size, sample

    tree, tree_s = timed(tree_of_all)
    (size, sample), proofs_s = timed(write_all)
    for number, written in sample.items():
        proof = inclusion_from(Fields(json.loads(written), "the proof"))
        invariant(root_of_inclusion(owed[number], proof) == tree.root, "a proof leads to the root")
    _, hashing_s = timed(hash_alone)
    return City(homes, tree_s, proofs_s, size // homes, hashing_s)


def print_cities(sizes: list[int]) -> None:
    print("   homes    tree s  proofs s   together  bytes a proof  hashing alone   ratio")
    for homes in sizes:
        city = measure(homes)
        both = city.tree_s + city.proofs_s
        print(
            f"{city.homes:>8,}{city.tree_s:>10.2f}{city.proofs_s:>10.2f}{both:>9.2f} s"
            f"{city.proof_bytes:>15,}{city.hashing_s:>13.2f} s{both / city.hashing_s:>7.1f} x"
        )


def print_one_bill(rounds: int) -> None:
    """The fastest of the rounds, each with a bill whose signatures nobody has recovered yet."""
    plan = bundled_plan()
    took: dict[str, list[float]] = {"written": [], "read": [], "verified": []}
    for number in range(rounds):
        signed = signed_bill(number, plan)
        written, written_s = timed(partial(format_bill, signed.bill))
        read, read_s = timed(partial(parse_bill, written))
        checks, verified_s = timed(partial(verify_bill, read, signed.truth))
        invariant(all(check.ok for check in checks), "a signed bill holds")
        for name, seconds in zip(took, (written_s, read_s, verified_s), strict=True):
            took[name].append(seconds)
    told = ", ".join(f"{name} in {1_000 * min(each):.1f} ms" for name, each in took.items())
    print(f"a bill of a day ({len(written):,} bytes, 96 intervals): {told}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--homes", type=int, default=100_000)
    parser.add_argument("--quick", action="store_true", help="only to see that it runs")
    asked = parser.parse_args()
    print_cities([50] if asked.quick else [1_000, 10_000, asked.homes])
    print_one_bill(2 if asked.quick else 8)


if __name__ == "__main__":
    main()
