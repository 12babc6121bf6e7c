"""Where this retailer's contracts are: one small file that names what to trust.

Whoever verifies a bill takes these addresses from the retailer's published file, never from the
bill. `publisher` is the account that anchors; the hub's address is asked of the vault itself. The
file names the code of each contract, so that another contract at its address is found out.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from gridplus.chain.port import Chain
from gridplus.contracts import artifact
from gridplus.digest import Document, canonical_json, keccak256, parse_document
from gridplus.failures import InputError, StorageError
from gridplus.wallet import Address

FORMAT = "gridplus.deployment/1"
_LIMIT = 10_000
CONTRACTS = ("bolt", "vault", "anchor")
_ADDRESSES = (*CONTRACTS, "publisher")


@dataclass(frozen=True, slots=True)
class Code:
    """What a contract runs: keccak of the first `size` bytes of its code. Immutables, which differ
    from one deployment to the next, are behind them (Vyper, "Immutable variables")."""

    hash: bytes
    size: int

    @classmethod
    def compiled(cls, name: str) -> Self:
        """As this version compiles it."""
        made = artifact(name)
        return cls(made.runtime_hash, made.runtime_size)

    def runs(self, code: bytes) -> bool:
        return len(code) >= self.size and keccak256(code[: self.size]) == self.hash


def _compiled() -> tuple[Code, ...]:
    return tuple(Code.compiled(name) for name in CONTRACTS)


@dataclass(frozen=True, slots=True)
class Deployment:
    """Contracts of one retailer on one chain; `codes` is of CONTRACTS, in that order."""

    chain_id: int
    bolt: Address
    vault: Address
    anchor: Address
    publisher: Address
    codes: tuple[Code, ...] = field(default_factory=_compiled)

    def document(self) -> dict[str, Document]:
        addresses = {name: "0x" + getattr(self, name).hex() for name in _ADDRESSES}
        codes: dict[str, Document] = {
            name: {"hash": f"0x{code.hash.hex()}", "size": code.size}
            for name, code in zip(CONTRACTS, self.codes, strict=True)
        }
        return {"format": FORMAT, "chain_id": self.chain_id, **addresses, "codes": codes}

    def to_bytes(self) -> bytes:
        return canonical_json(self.document()) + b"\n"

    def save(self, path: Path) -> None:
        """All of it or nothing. Raises StorageError."""
        write_whole(path, self.to_bytes())

    @classmethod
    def load(cls, path: Path) -> Self:
        """Raises InputError that names the file and what is wrong with it."""
        return cls.parse(read_document(path, FORMAT), what=str(path))

    @classmethod
    def parse(cls, document: Document, *, what: str) -> Self:
        """The inverse of `document`. Raises InputError that names `what`."""
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise InputError(f"{what} is no deployment ({FORMAT})")
        chain_id = document.get("chain_id")
        if type(chain_id) is not int or chain_id <= 0:
            raise InputError(f"{what}: chain_id must be a positive integer")
        addresses = {
            name: parse_address(document.get(name), f"{what}: {name}") for name in _ADDRESSES
        }
        codes = document.get("codes")
        if not isinstance(codes, dict):
            raise InputError(f"{what}: codes must name the code of {', '.join(CONTRACTS)}")
        listed = tuple(_code(codes.get(name), f"{what}: codes: {name}") for name in CONTRACTS)
        return cls(chain_id, **addresses, codes=listed)

    def require_on(self, chain: Chain) -> None:
        """Raises InputError unless `chain` is the named one and each contract runs its code."""
        if chain.chain_id != self.chain_id:
            raise InputError(f"the node serves chain {chain.chain_id}, not {self.chain_id}")
        for name, expected in zip(CONTRACTS, self.codes, strict=True):
            address = getattr(self, name)
            code = chain.code(address)
            if not code:
                raise InputError(f"chain {self.chain_id} has no contract at the {name}'s address")
            if not expected.runs(code):
                raise InputError(
                    f"what runs at the {name}'s address 0x{address.hex()} is not the code "
                    f"0x{expected.hash.hex()} that the deployment file names"
                )


def write_whole(path: Path, content: bytes) -> None:
    """All of it or nothing, and durable. Raises StorageError."""
    fresh = path.with_name(f"{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with fresh.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(fresh, path)
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror}") from None


def read_document(path: Path, named: str) -> dict[str, Document]:
    """The object in a file of format `named`. Raises InputError."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; name the retailer's deployment file") from None
    document = parse_document(data, limit=_LIMIT, what=str(path))
    if not isinstance(document, dict) or document.get("format") != named:
        raise InputError(f"{path} is not a deployment file ({named})")
    return document


def parse_address(value: Document, what: str) -> Address:
    """Raises InputError that names `what`."""
    if isinstance(value, str) and len(value) == 42 and value.startswith("0x"):
        try:
            return Address(bytes.fromhex(value[2:]))
        except ValueError:
            pass
    raise InputError(f"{what} must be an address: 0x and 40 hex digits")


def _code(value: Document, what: str) -> Code:
    if isinstance(value, dict) and isinstance(text := value.get("hash"), str):
        size = value.get("size")
        try:
            digest = bytes.fromhex(text.removeprefix("0x"))
        except ValueError:
            digest = b""
        if len(digest) == 32 and type(size) is int and size > 0:
            return Code(digest, size)
    raise InputError(f"{what} must have a hash of 32 bytes and a size")
