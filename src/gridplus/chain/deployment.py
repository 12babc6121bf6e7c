"""Where this retailer's contracts are: one small file that names what to trust.

Whoever verifies a bill takes these addresses from the retailer's published file, never from the
bill. `publisher` is the account that anchors; the hub's address is asked of the vault itself.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from gridplus.chain.port import Chain
from gridplus.digest import Document, canonical_json, parse_document
from gridplus.failures import InputError
from gridplus.wallet import Address

FORMAT = "gridplus.deployment/1"
_LIMIT = 10_000
_ADDRESSES = ("bolt", "vault", "anchor", "publisher")


@dataclass(frozen=True, slots=True)
class Deployment:
    """Contracts of one retailer on one chain."""

    chain_id: int
    bolt: Address
    vault: Address
    anchor: Address
    publisher: Address

    def document(self) -> dict[str, Document]:
        addresses = {name: "0x" + getattr(self, name).hex() for name in _ADDRESSES}
        return {"format": FORMAT, "chain_id": self.chain_id, **addresses}

    def to_bytes(self) -> bytes:
        return canonical_json(self.document()) + b"\n"

    @classmethod
    def load(cls, path: Path) -> Self:
        """Raises InputError that names the file and what is wrong with it."""
        try:
            data = path.read_bytes()
        except OSError as error:
            raise InputError(
                f"{path}: {error.strerror}; name the retailer's deployment file"
            ) from None
        document = parse_document(data, limit=_LIMIT, what=str(path))
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise InputError(f"{path} is not a deployment file ({FORMAT})")
        chain_id = document.get("chain_id")
        if type(chain_id) is not int or chain_id <= 0:
            raise InputError(f"{path}: chain_id must be a positive integer")
        addresses = {name: _address(document.get(name), f"{path}: {name}") for name in _ADDRESSES}
        return cls(chain_id, **addresses)

    def require_on(self, chain: Chain) -> None:
        """Raises InputError unless `chain` is the named one and has code at each contract."""
        if chain.chain_id != self.chain_id:
            raise InputError(f"the node serves chain {chain.chain_id}, not {self.chain_id}")
        for name in ("bolt", "vault", "anchor"):
            if not chain.code(getattr(self, name)):
                raise InputError(f"chain {self.chain_id} has no contract at the {name}'s address")


def _address(value: Document, what: str) -> Address:
    if isinstance(value, str) and len(value) == 42 and value.startswith("0x"):
        try:
            return Address(bytes.fromhex(value[2:]))
        except ValueError:
            pass
    raise InputError(f"{what} must be an address: 0x and 40 hex digits")
