# pragma version 0.4.3
"""
@title Registry
@license Apache-2.0
@notice See IRegistry.vyi for what each function promises and what stays on trust.
"""

import IRegistry
import eip712
import p256

implements: IRegistry

NAME: constant(bytes32) = keccak256("Grid+ Registry")
ENROLMENT: constant(bytes32) = keccak256(
    "Enrolment(address claimKey,uint256 deviceX,uint256 deviceY,address owner,uint32 epoch)"
)
MAX_ISSUED: constant(uint256) = 200

maker: public(immutable(address))


struct Claim:
    status: IRegistry.Status
    device: bytes32


struct Device:
    owner: address
    claim_key: address
    epoch: uint32


_claims: HashMap[address, Claim]
_devices: HashMap[bytes32, Device]


@deploy
def __init__(maker_: address):
    assert maker_ != empty(address), "zero maker"
    p256._require_precompile()
    maker = maker_


@external
def issue(claim_keys: DynArray[address, MAX_ISSUED]):
    assert msg.sender == maker, "not the maker"
    for claim_key: address in claim_keys:
        assert claim_key != empty(address), "zero claim key"
        assert self._claims[claim_key].status == empty(IRegistry.Status), "already issued"
        self._claims[claim_key].status = IRegistry.Status.ISSUED
        log IRegistry.Issued(claim_key=claim_key)


@external
def enrol(
    enrolment: IRegistry.Enrolment,
    claim_r: bytes32, claim_vs: bytes32, device_r: bytes32, device_s: bytes32
):
    e: IRegistry.Enrolment = enrolment
    assert e.owner != empty(address), "zero owner"
    claim: Claim = self._claims[e.claim_key]
    assert claim.status == IRegistry.Status.ISSUED, "no free claim key"
    device: bytes32 = keccak256(abi_encode(e.device_x, e.device_y))
    assert claim.device in [empty(bytes32), device], "claim key of another device"
    known: Device = self._devices[device]
    assert known.claim_key in [empty(address), e.claim_key], "device of another claim key"
    assert known.epoch == e.epoch, "not this epoch"
    digest: bytes32 = eip712._digest(
        NAME,
        keccak256(abi_encode(ENROLMENT, e.claim_key, e.device_x, e.device_y, e.owner, e.epoch)),
    )
    # A recovered zero address is no claim key: none such is issued.
    assert eip712._recovered(digest, claim_r, claim_vs) == e.claim_key, "not the claim key"
    assert p256._is_valid(digest, device_r, device_s, e.device_x, e.device_y), "not the device"

    self._claims[e.claim_key] = Claim(status=IRegistry.Status.ENROLLED, device=device)
    self._devices[device] = Device(owner=e.owner, claim_key=e.claim_key, epoch=e.epoch)
    log IRegistry.Enrolled(device=device, owner=e.owner, claim_key=e.claim_key, epoch=e.epoch)


@external
def hand_over(device: bytes32, owner: address):
    self._require_owner(device)
    assert owner != empty(address), "zero owner"
    self._devices[device].owner = owner
    log IRegistry.HandedOver(device=device, owner=owner)


@external
def unenrol(device: bytes32):
    self._require_owner(device)
    self._claims[self._devices[device].claim_key].status = IRegistry.Status.ISSUED
    log IRegistry.Unenrolled(device=device, epoch=self._free(device))


@external
def revoke(claim_key: address):
    assert msg.sender == maker, "not the maker"
    claim: Claim = self._claims[claim_key]
    revocable: IRegistry.Status = IRegistry.Status.ISSUED | IRegistry.Status.ENROLLED
    assert claim.status in revocable, "nothing to revoke"
    self._claims[claim_key].status = IRegistry.Status.REVOKED
    if claim.device != empty(bytes32):
        self._free(claim.device)
    log IRegistry.Revoked(claim_key=claim_key, device=claim.device)


@view
@external
def claim(claim_key: address) -> (IRegistry.Status, bytes32):
    found: Claim = self._claims[claim_key]
    return found.status, found.device


@view
@external
def device(device: bytes32) -> (address, address, uint32):
    found: Device = self._devices[device]
    return found.owner, found.claim_key, found.epoch


@view
@external
def DOMAIN_SEPARATOR() -> bytes32:
    return eip712._separator(NAME)


def _free(device: bytes32) -> uint32:
    """
    @return The device's next epoch.
    """
    epoch: uint32 = self._devices[device].epoch + 1
    self._devices[device].owner = empty(address)
    self._devices[device].epoch = epoch
    return epoch


@view
def _require_owner(device: bytes32):
    assert msg.sender == self._devices[device].owner, "not the owner"
