"""Receipts of a home's papers: owner, guardian and device have them before money comes.

Without the papers nobody can leave. Each of the three signs that it has these papers, and for what
channel; the first deposit waits for all three. The salt in them can be found again from the owner's
key alone: it is the hash of what that key signs for this vault, always the same (RFC 6979).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from gridplus.digest import Document, canonical_json, keccak256, parse_document
from gridplus.failures import InputError, invariant
from gridplus.owner.papers import write_papers
from gridplus.tariff import ChannelIdentity, Fields, format_octets
from gridplus.wallet import Domain, is_signed_by, verify_device
from gridplus.wallet.digests import struct_digest
from gridplus.wire.orders import ROLES

RECEIPTS_FORMAT: Final = "gridplus.receipts/1"
_LIMIT = 4_096


@dataclass(frozen=True, slots=True)
class Receipts:
    """Who has said so far that he has the papers: signatures of 64 bytes by role."""

    identity: ChannelIdentity
    signatures: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def digest(self) -> bytes:
        """32 bytes: what each signs. The device signs them as a message."""
        who = self.identity
        spelled = "PapersKept(bytes32 channel,bytes32 papers)"
        kept = keccak256(write_papers(who))
        return struct_digest(who.domain, spelled, values=(who.channel, kept))

    @property
    def missing(self) -> tuple[str, ...]:
        """Whose receipt is not there."""
        return tuple(role for role in ROLES if role not in self.signatures)

    def role_of(self, signer: bytes) -> str:
        """Whose receipt a key signs: an address, or a device's public key. Raises InputError."""
        who = self.identity.descriptor
        places = {who.owner: "owner", who.guardian: "guardian", who.device_key: "device"}
        if signer not in places:
            raise InputError("the key is not the owner's, the guardian's or the device's")
        return places[signer]

    def signed(self, role: str, signature: bytes) -> "Receipts":
        return replace(self, signatures={**self.signatures, role: signature})

    def to_bytes(self) -> bytes:
        told: dict[str, Document] = {
            "format": RECEIPTS_FORMAT,
            "channel": format_octets(self.identity.channel),
            "signatures": {role: format_octets(s) for role, s in self.signatures.items()},
        }
        return canonical_json(told) + b"\n"


def parse_receipts(data: bytes, identity: ChannelIdentity, *, what: str) -> Receipts:
    """The receipts of these papers. Raises InputError that names `what` for those of others, and
    for a signature that is not by the key whose place it takes."""
    fields = Fields(parse_document(data, limit=_LIMIT, what=what), what)
    if fields.text("format") != RECEIPTS_FORMAT:
        raise InputError(f"{what} holds no receipts of a home's papers (format {RECEIPTS_FORMAT})")
    if fields.octets("channel", 32) != identity.channel:
        raise InputError(f"{what} holds the receipts of another home's papers")
    inner = fields.object("signatures")
    found = Receipts(identity, {r: inner.octets(r, 64) for r in ROLES if inner.has(r)})
    inner.close()
    fields.close()
    for role in found.signatures:
        if not _is_good(found, role):
            raise InputError(f"{what}: the receipt of the {role} is not for these papers")
    return found


def salt_digest(domain: Domain, number: int) -> bytes:
    """What the owner signs to find the salt of his home `number` (0 is the first) at a vault."""
    return struct_digest(domain, "HomeSalt(uint32 number)", values=(number,))


def salt_of(signature: bytes) -> bytes:
    """The salt (32 bytes) that the owner's signature of `salt_digest` gives."""
    invariant(len(signature) == 64, "a key signs 64 bytes")
    return keccak256(signature)


def _is_good(receipts: Receipts, role: str) -> bool:
    signature, who = receipts.signatures[role], receipts.identity.descriptor
    if role == "device":
        return verify_device(who.device_key, receipts.digest, signature=signature)
    by = who.owner if role == "owner" else who.guardian
    return is_signed_by(by, receipts.digest, signature=signature)
