"""Who lives in a simulated world: keys from names, and what a home's channel is the hash of."""

from functools import lru_cache

import coincurve
from cryptography.hazmat.primitives.asymmetric import ec

from gridplus.chain.deployment import Deployment
from gridplus.digest import keccak256
from gridplus.keystore import DeviceKey, Secp256k1Key
from gridplus.tariff import ChannelIdentity
from gridplus.units import UBOLT_PER_BOLT
from gridplus.wallet import Address, Descriptor

CHAIN_ID = 31_337
DEPOSIT_UBOLT, CAP_BOLT, POOL_UBOLT = 60 * UBOLT_PER_BOLT, 40, 600 * UBOLT_PER_BOLT
DEPLOYMENT = Deployment(CHAIN_ID, *(Address(bytes([n]) * 20) for n in (1, 2, 3, 4)), codes=())


@lru_cache
def key_of(name: str) -> Secp256k1Key:
    return Secp256k1Key(coincurve.PrivateKey(keccak256(name.encode())))


@lru_cache
def device_of(name: str) -> DeviceKey:
    secret = int.from_bytes(keccak256(name.encode())[:31], "big")
    return DeviceKey(ec.derive_private_key(secret, ec.SECP256R1()))


@lru_cache
def identity_of(name: str) -> ChannelIdentity:
    public = device_of(name).public
    descriptor = Descriptor(
        key_of(name + " owner").address,
        key_of(name + " guardian").address,
        int.from_bytes(public[:32], "big"),
        int.from_bytes(public[32:], "big"),
        keccak256(name.encode()),
    )
    here = DEPLOYMENT
    voucher = key_of(name + " voucher").address
    return ChannelIdentity(CHAIN_ID, here.vault, here.anchor, descriptor, CAP_BOLT, voucher)
