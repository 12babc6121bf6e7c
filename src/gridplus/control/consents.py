"""An owner's consent: this kind of signal may move this device, until then. Never signs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from gridplus.control.asks import Signal
from gridplus.digest import keccak256
from gridplus.failures import InputError
from gridplus.units import format_utc, utc_from_s
from gridplus.wallet import Address, ChannelId, Domain, is_signed_by
from gridplus.wallet.digests import struct_digest


@dataclass(frozen=True, slots=True)
class Consent:
    """The highest `number` for a device and signal counts; one that is valid until 0 withdraws."""

    channel: ChannelId
    device: str
    signal: Signal
    number: int
    valid_until_s: int
    signature: bytes = bytes(64)
    TYPE: ClassVar[str] = (
        "DeviceConsent(bytes32 channel,bytes32 device,uint8 signal,uint64 number,uint64 validUntil)"
    )

    def words(self) -> str:
        """What a person reads before the owner's key signs."""
        if self.valid_until_s == 0:
            return f"The {self.device} does not follow {self.signal.words} any more."
        until = format_utc(utc_from_s(self.valid_until_s))
        return f"Until {until} the Smart Agent may let {self.signal.words} move the {self.device}."


def consent_digest(domain: Domain, consent: Consent) -> bytes:
    """32 bytes that the owner signs, in the vault's domain: the device as the hash of its name.

    Raises InputError when a value does not fit its type.
    """
    device = keccak256(consent.device.encode())
    values = (consent.channel, device, consent.signal, consent.number, consent.valid_until_s)
    return struct_digest(domain, consent.TYPE, values=values)


@dataclass(frozen=True)
class Consents:
    """Consents that the owner signed, the newest of each device and signal."""

    given: tuple[Consent, ...] = ()

    @classmethod
    def checked(
        cls, found: Iterable[Consent], *, channel: ChannelId, domain: Domain, owner: Address
    ) -> "Consents":
        """Raises InputError for one of another home, or that the owner did not sign."""
        newest: dict[tuple[str, Signal], Consent] = {}
        for consent in found:
            what = f"consent {consent.number} of the {consent.device} to {consent.signal.words}"
            if consent.channel != channel:
                raise InputError(f"{what} is another home's")
            digest = consent_digest(domain, consent)
            if not is_signed_by(owner, digest, signature=consent.signature):
                raise InputError(f"{what} is not signed by this home's owner; sign it again")
            key = (consent.device, consent.signal)
            if key not in newest or newest[key].number < consent.number:
                newest[key] = consent
        return cls(tuple(newest.values()))

    def of(self, device: str, signal: Signal, *, now_s: int) -> Consent | None:
        """The consent that holds at `now_s`."""
        found = self._by.get((device, signal))
        return found if found is not None and now_s < found.valid_until_s else None

    def next_number(self, device: str, signal: Signal) -> int:
        found = self._by.get((device, signal))
        return 1 if found is None else found.number + 1

    @cached_property
    def _by(self) -> Mapping[tuple[str, Signal], Consent]:
        return {(each.device, each.signal): each for each in self.given}
