"""What a hub leaves with a watchtower: vouchers, credits and claims signed ahead, in one file.

Layout, integers big-endian: `gridplus.promises/1` and a newline; chain id u64, vault 20 bytes, hub
20 bytes, made_at_s u64; three counts u32; vouchers of 108 bytes (cfg, spent u48, earned u48,
signature); credits of 134 bytes (channel, earned u48, bill head, signature); claims (nonce u64, seq
u64, size u32, transaction); keccak-256 of all that. A file that was cut or changed is refused.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from gridplus.channel import Credit, Voucher
from gridplus.digest import keccak256
from gridplus.failures import InputError
from gridplus.wallet import (
    Address,
    Cfg,
    ChannelId,
    Domain,
    channel_id,
    credit_digest,
    is_signed_by,
    recover,
    vault_domain,
    voucher_digest,
)

MAX_BYTES = 600_000_000
_MAGIC = b"gridplus.promises/1\n"
_HEAD = struct.Struct(">Q20s20sQIII")
_VOUCHER = struct.Struct(">32s6s6s64s")
_CREDIT = struct.Struct(">32s6s32s64s")
_CLAIM = struct.Struct(">QQI")
_DIGEST = 32


@dataclass(frozen=True, slots=True)
class SignedClaim:
    """A claim that the hub signed ahead: good while `nonce` is its account's next, `seq` the
    vault's. `raw` is the transaction."""

    nonce: int
    seq: int
    raw: bytes


@dataclass(frozen=True, slots=True)
class Promises:
    """Everything that somebody without a key of hub or homes needs to save both."""

    domain: Domain
    hub: Address
    made_at_s: int
    vouchers: tuple[Voucher, ...] = ()
    credits: tuple[Credit, ...] = ()
    claims: tuple[SignedClaim, ...] = ()

    def to_bytes(self) -> bytes:
        counts = (len(self.vouchers), len(self.credits), len(self.claims))
        where, hub = (self.domain.chain_id, self.domain.contract), self.hub
        parts = [_MAGIC, _HEAD.pack(*where, hub, self.made_at_s, *counts)]
        parts += (
            _VOUCHER.pack(v.cfg, _u48(v.spent), _u48(v.earned), v.signature) for v in self.vouchers
        )
        parts += (
            _CREDIT.pack(c.channel, _u48(c.earned), c.bill_head, c.signature) for c in self.credits
        )
        parts += (_CLAIM.pack(c.nonce, c.seq, len(c.raw)) + c.raw for c in self.claims)
        content = b"".join(parts)
        return content + keccak256(content)

    @classmethod
    def parse(cls, data: bytes, *, what: str) -> Self:
        """Raises InputError that names `what` for bytes that no hub of this version wrote whole.
        Signatures are checked when they are used: `owners`, `is_hubs`."""
        content, digest = data[:-_DIGEST], data[-_DIGEST:]
        if len(data) > MAX_BYTES or not data.startswith(_MAGIC):
            raise InputError(f"{what} is no file of promises; `gridplus hub export` writes one")
        if keccak256(content) != digest:
            raise InputError(f"{what} was cut short or changed; export it again")
        try:
            return cls._parsed(content)
        except struct.error:
            raise InputError(f"{what} does not hold as much as it says; export it again") from None

    @classmethod
    def _parsed(cls, content: bytes) -> Self:
        head = _HEAD.unpack_from(content, len(_MAGIC))
        chain_id, vault, hub, made_at_s, paid, owed, ahead = head
        at = len(_MAGIC) + _HEAD.size
        vouchers = tuple(_vouchers(content, at, count=paid))
        at += paid * _VOUCHER.size
        credited = tuple(_credits(content, at, count=owed))
        at += owed * _CREDIT.size
        claims = list[SignedClaim]()
        for _ in range(ahead):
            nonce, seq, size = _CLAIM.unpack_from(content, at)
            raw = content[at + _CLAIM.size : at + _CLAIM.size + size]
            at += _CLAIM.size + size
            claims.append(SignedClaim(nonce, seq, raw))
        if at != len(content):
            raise struct.error("it ends elsewhere")
        domain = vault_domain(chain_id, Address(vault))
        return cls(domain, Address(hub), made_at_s, vouchers, credited, tuple(claims))

    def owners(self) -> Iterator[tuple[ChannelId, Voucher]]:
        """Each voucher with the channel whose voucher key signed it; whoever signed another text
        owns a channel that nobody opened."""
        for v in self.vouchers:
            digest = voucher_digest(self.domain, v.cfg, spent=v.spent, earned=v.earned)
            key = recover(digest, v.signature)
            if key is not None:
                yield channel_id(key, v.cfg), v

    def is_hubs(self, credit: Credit) -> bool:
        """Whether the hub signed it."""
        digest = credit_digest(
            self.domain, credit.channel, earned=credit.earned, bill_head=credit.bill_head
        )
        return is_signed_by(self.hub, digest, signature=credit.signature)


def _vouchers(content: bytes, at: int, *, count: int) -> Iterator[Voucher]:
    for place in range(count):
        cfg, spent, earned, signature = _VOUCHER.unpack_from(content, at + place * _VOUCHER.size)
        yield Voucher(Cfg(cfg), _integer(spent), _integer(earned), signature)


def _credits(content: bytes, at: int, *, count: int) -> Iterator[Credit]:
    for place in range(count):
        channel, earned, head, signature = _CREDIT.unpack_from(content, at + place * _CREDIT.size)
        yield Credit(ChannelId(channel), _integer(earned), head, signature)


def _u48(value: int) -> bytes:
    return value.to_bytes(6, "big")


def _integer(octets: bytes) -> int:
    return int.from_bytes(octets, "big")
