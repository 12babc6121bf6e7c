"""Calls and logs of the registry: claim keys of a maker, devices, their owners.

A device is named by keccak(x || y) of its P-256 key. What each call does is said in IRegistry.vyi.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias

from eth_abi.abi import encode

from gridplus.contracts.abi import View, call_data, decode_values, selector
from gridplus.contracts.artifacts import artifact
from gridplus.contracts.calls import halves
from gridplus.digest import keccak256
from gridplus.failures import RemoteError, invariant

MAX_ISSUED = 200
_ENROL = "enrol((address,bytes32,bytes32,address,uint32),bytes32,bytes32,bytes32,bytes32)"


class Status(IntEnum):
    """Of a claim key. The values are the contract's."""

    UNKNOWN = 0
    ISSUED = 1
    ENROLLED = 2
    REVOKED = 4


@dataclass(frozen=True, slots=True)
class SignedEnrolment:
    """`wallet.Enrolment` with the signatures of the claim key and of the device, 64 bytes each."""

    claim_key: bytes
    device_key: bytes
    owner: bytes
    epoch: int
    claim_signature: bytes
    device_signature: bytes


@dataclass(frozen=True, slots=True)
class ClaimState:
    """`device` is 32 zero bytes while the key has never enrolled one."""

    status: Status
    device: bytes


@dataclass(frozen=True, slots=True)
class DeviceState:
    """`owner` is the zero address unless the device is enrolled."""

    owner: bytes
    claim_key: bytes
    epoch: int


@dataclass(frozen=True, slots=True)
class Issued:
    claim_key: bytes


@dataclass(frozen=True, slots=True)
class Enrolled:
    device: bytes
    owner: bytes
    claim_key: bytes
    epoch: int


@dataclass(frozen=True, slots=True)
class HandedOver:
    """The device has another owner, in the same epoch."""

    device: bytes
    owner: bytes


@dataclass(frozen=True, slots=True)
class Unenrolled:
    """`epoch` is the device's next one."""

    device: bytes
    epoch: int


@dataclass(frozen=True, slots=True)
class Revoked:
    """`device` is 32 zero bytes when the key had never enrolled one."""

    claim_key: bytes
    device: bytes


Log: TypeAlias = Issued | Enrolled | HandedOver | Unenrolled | Revoked

LOGS: dict[str, type[Log]] = {
    "Issued(address)": Issued,
    "Enrolled(bytes32,address,address,uint32)": Enrolled,
    "HandedOver(bytes32,address)": HandedOver,
    "Unenrolled(bytes32,uint32)": Unenrolled,
    "Revoked(address,bytes32)": Revoked,
}


def init_code(maker: bytes) -> bytes:
    """Deploys the registry of one maker."""
    return artifact("registry").creation_code + encode(["address"], [maker])


def device_of(device_key: bytes) -> bytes:
    """32 bytes: how the registry names a P-256 key of 64 bytes x || y."""
    invariant(len(device_key) == 64, "a device key has 64 bytes")
    return keccak256(device_key)


def issue(claim_keys: list[bytes]) -> bytes:
    """The maker issues at most 200 claim keys, by address."""
    invariant(len(claim_keys) <= MAX_ISSUED, "at most 200 claim keys are issued at once")
    return call_data("issue(address[])", claim_keys)


def enrol(signed: SignedEnrolment) -> bytes:
    invariant(len(signed.device_key) == 64, "a device key has 64 bytes")
    x, y = signed.device_key[:32], signed.device_key[32:]
    return call_data(
        _ENROL,
        (signed.claim_key, x, y, signed.owner, signed.epoch),
        *halves(signed.claim_signature),
        *halves(signed.device_signature),
    )


def hand_over(device: bytes, owner: bytes) -> bytes:
    return call_data("hand_over(bytes32,address)", device, owner)


def unenrol(device: bytes) -> bytes:
    return call_data("unenrol(bytes32)", device)


def revoke(claim_key: bytes) -> bytes:
    return call_data("revoke(address)", claim_key)


def maker() -> View[bytes]:
    return View(selector("maker()"), lambda data: decode_values(["address"], data)[0])


def claim(claim_key: bytes) -> View[ClaimState]:
    def state(data: bytes) -> ClaimState:
        status, device = decode_values(["uint256", "bytes32"], data)
        if status not in set(Status):
            raise RemoteError(f"{status} is no status of a claim key")
        return ClaimState(Status(status), device)

    return View(call_data("claim(address)", claim_key), state)


def device(name: bytes) -> View[DeviceState]:
    types = ["address", "address", "uint32"]
    return View(
        call_data("device(bytes32)", name),
        lambda data: DeviceState(*decode_values(types, data)),
    )
