"""Who gets a certificate: a device whose box was opened with its code, or that is enrolled already.

A claim is single use because the registry says so: of two devices that race for one code the chain
takes the first. The desk checks everything that costs nothing before it pays for a transaction, so
that a stranger without a code of the maker's can spend none of its ether.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeVar

from cryptography import x509

from gridplus.chain import Account, Call, Chain, Reverted
from gridplus.chain.views import ask
from gridplus.contracts import registry
from gridplus.contracts.registry import ClaimState, DeviceState, SignedEnrolment, Status
from gridplus.retailer.authority import Authority, Issued, IssueRefused
from gridplus.wallet import (
    ZERO_ADDRESS,
    Address,
    Enrolment,
    attestation_digest,
    is_signed_by,
    registry_domain,
    verify_device,
)
from gridplus.wallet.certificates import (
    Claim,
    DeviceName,
    LineVoucher,
    claim,
    device_id,
    line_voucher,
)

T = TypeVar("T")
FRESH_S: Final = 600
"""How far the device's word for its line key may be from our time."""
TRIES, TRIES_S = 10, 600
"""So many refusals a peer may collect in so many seconds."""
_MOST_PEERS = 10_000
_NO_DEVICE = bytes(32)


class EnrolRefusal(Enum):
    """Why a device gets no certificate, in the order of the checks."""

    TOO_MANY_TRIES = f"too many requests were refused; try again in {TRIES_S // 60} minutes"
    NOT_VOUCHED = "the device has not vouched for the key of the request"
    STALE = "the device vouched for its key at another time than now; is its clock right?"
    NOT_ENROLLED = "no such device is enrolled; enrol it with the code from its box"
    CLAIM_UNSIGNED = "the claim key did not sign this enrolment"
    DEVICE_UNSIGNED = "the device did not sign this enrolment"
    OTHER_OWNER = "the device has an owner; it is handed over or un-enrolled by him"
    OLD_EPOCH = "the enrolment is of another epoch of the device; sign it again"
    UNKNOWN_CODE = "the maker has issued no such claim code"
    CODE_REVOKED = "the maker has revoked this claim code"
    CODE_USED = "the claim code has enrolled a device already"
    NOT_THIS_DEVICE = "the line belongs to another device than the request"


@dataclass(frozen=True, slots=True)
class RegistryLink:
    """Blocking: call from a thread. `account` pays for what is relayed."""

    chain: Chain
    contract: Address
    account: Account

    def device(self, name: bytes) -> DeviceState:
        return ask(self.chain, self.contract, view=registry.device(name))

    def claim(self, claim_key: Address) -> ClaimState:
        return ask(self.chain, self.contract, view=registry.claim(claim_key))

    def relay(self, signed: SignedEnrolment) -> None:
        """Raises Reverted when the registry refuses."""
        self.account.transact(Call(self.contract, registry.enrol(signed)))


class EnrolDesk:
    """Answers requests one by one; `authority` and `link` are used by one thread at a time."""

    def __init__(
        self, authority: Authority, link: RegistryLink, *, now_s: Callable[[], int]
    ) -> None:
        self.authority = authority
        self._link = link
        self._now_s = now_s
        self._turn = asyncio.Lock()
        self._tries: OrderedDict[str, list[int]] = OrderedDict()

    async def enrol(
        self, request: x509.CertificateSigningRequest, *, peer: str
    ) -> Issued | EnrolRefusal | IssueRefused:
        """A certificate for a device that claims its box, or is enrolled. `peer` is who asks, for
        the limit of refusals. Raises RemoteError when the chain does not answer."""
        if self._has_tried_enough(peer):
            return EnrolRefusal.TOO_MANY_TRIES
        async with self._turn:
            answer = await asyncio.to_thread(self._enrol, request)
        if not isinstance(answer, Issued):
            self._tries.setdefault(peer, []).append(self._now_s())
            while len(self._tries) > _MOST_PEERS:
                self._tries.popitem(last=False)
        return answer

    async def renew(
        self, request: x509.CertificateSigningRequest, *, device: DeviceName
    ) -> Issued | EnrolRefusal | IssueRefused:
        """The next certificate of the device at the other end of the line. Raises RemoteError."""
        async with self._turn:
            return await asyncio.to_thread(self._renew, request, device)

    def forgive(self) -> None:
        """Let everybody try again."""
        self._tries.clear()

    async def alone(self, work: Callable[[], T]) -> T:
        """`work` with the authority, in a thread, while nobody else uses it."""
        async with self._turn:
            return await asyncio.to_thread(work)

    def _renew(
        self, request: x509.CertificateSigningRequest, device: DeviceName
    ) -> Issued | EnrolRefusal | IssueRefused:
        voucher = self._vouched(request)
        if isinstance(voucher, EnrolRefusal):
            return voucher
        if device_id(voucher.device_key) != device.id:
            return EnrolRefusal.NOT_THIS_DEVICE
        return self._issue_enrolled(request, self._link.device(device.id))

    def _enrol(
        self, request: x509.CertificateSigningRequest
    ) -> Issued | EnrolRefusal | IssueRefused:
        voucher = self._vouched(request)
        if isinstance(voucher, EnrolRefusal):
            return voucher
        name, claimed = device_id(voucher.device_key), claim(request.extensions)
        known = self._link.device(name)
        if claimed is not None:
            refusal = self._settle(claimed, voucher.device_key, known=known)
            if refusal is not None:
                return refusal
            known = self._link.device(name)
        return self._issue_enrolled(request, known)

    def _vouched(self, request: x509.CertificateSigningRequest) -> LineVoucher | EnrolRefusal:
        voucher = line_voucher(request.extensions)
        if voucher is None:
            return EnrolRefusal.NOT_VOUCHED
        if abs(voucher.made_at_s - self._now_s()) > FRESH_S:
            return EnrolRefusal.STALE
        return voucher

    def _issue_enrolled(
        self, request: x509.CertificateSigningRequest, known: DeviceState
    ) -> Issued | EnrolRefusal | IssueRefused:
        if known.owner == ZERO_ADDRESS:
            return EnrolRefusal.NOT_ENROLLED
        return self.authority.issue_device(request, epoch=known.epoch)

    def _settle(
        self, claimed: Claim, device_key: bytes, *, known: DeviceState
    ) -> EnrolRefusal | None:
        """Have the registry say what was claimed, unless it does already."""
        refusal = self._unsigned(claimed, device_key)
        if refusal is not None:
            return refusal
        if known.owner != ZERO_ADDRESS:
            same = (known.owner, known.claim_key) == (claimed.owner, claimed.claim_key)
            return None if same else EnrolRefusal.OTHER_OWNER
        if claimed.epoch != known.epoch:
            return EnrolRefusal.OLD_EPOCH
        refusal = self._spent(claimed, device_id(device_key))
        if refusal is not None:
            return refusal
        signed = SignedEnrolment(
            claimed.claim_key,
            device_key,
            claimed.owner,
            claimed.epoch,
            claimed.claim_signature,
            claimed.device_signature,
        )
        try:
            self._link.relay(signed)
        except Reverted:
            return EnrolRefusal.CODE_USED
        return None

    def _unsigned(self, claimed: Claim, device_key: bytes) -> EnrolRefusal | None:
        x, y = (int.from_bytes(half, "big") for half in (device_key[:32], device_key[32:]))
        enrolment = Enrolment(claimed.claim_key, x, y, claimed.owner, claimed.epoch)
        domain = registry_domain(self._link.chain.chain_id, self._link.contract)
        digest = attestation_digest(domain, enrolment)
        if not is_signed_by(claimed.claim_key, digest, signature=claimed.claim_signature):
            return EnrolRefusal.CLAIM_UNSIGNED
        if not verify_device(device_key, digest, signature=claimed.device_signature):
            return EnrolRefusal.DEVICE_UNSIGNED
        return None

    def _spent(self, claimed: Claim, name: bytes) -> EnrolRefusal | None:
        state = self._link.claim(claimed.claim_key)
        if state.status is Status.UNKNOWN:
            return EnrolRefusal.UNKNOWN_CODE
        if state.status is Status.REVOKED:
            return EnrolRefusal.CODE_REVOKED
        if state.status is Status.ENROLLED or state.device not in (_NO_DEVICE, name):
            return EnrolRefusal.CODE_USED
        return None

    def _has_tried_enough(self, peer: str) -> bool:
        since_s = self._now_s() - TRIES_S
        recent = [at_s for at_s in self._tries.get(peer, []) if at_s > since_s]
        if recent:
            self._tries[peer] = recent
        else:
            self._tries.pop(peer, None)
        return len(recent) >= TRIES
