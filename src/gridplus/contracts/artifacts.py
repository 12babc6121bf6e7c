"""What the compiler made of the sources: committed, so that nobody needs Vyper at run time."""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, slots=True)
class Artifact:
    """One compiled contract. Immutables follow the `runtime_size` bytes that are hashed."""

    abi: tuple[dict[str, Any], ...]
    creation_code: bytes
    runtime_hash: bytes
    runtime_size: int
    storage_layout: dict[str, Any]


@cache
def artifact(name: str) -> Artifact:
    """The artifact of a contract, by the name of its source."""
    found = _document()["contracts"][name]
    return Artifact(
        abi=tuple(found["abi"]),
        creation_code=bytes.fromhex(found["creation_code"][2:]),
        runtime_hash=bytes.fromhex(found["runtime_hash"][2:]),
        runtime_size=found["runtime_size"],
        storage_layout=found["storage_layout"],
    )


def code_hashes() -> dict[str, bytes]:
    """Contract name -> keccak of its runtime code without immutables."""
    return {name: artifact(name).runtime_hash for name in sorted(_document()["contracts"])}


@cache
def _document() -> dict[str, Any]:
    text = files("gridplus.contracts").joinpath("artifacts.json").read_text("utf-8")
    document: dict[str, Any] = json.loads(text)
    return document
