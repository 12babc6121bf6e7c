"""Private keys at rest and in use: a directory of key files, and keys that sign."""

from gridplus.keystore.claim_code import claim_key, new_claim_code
from gridplus.keystore.keys import DeviceKey, Secp256k1Key
from gridplus.keystore.store import KeyStore
from gridplus.keystore.token import read_token

__all__ = [
    "DeviceKey",
    "KeyStore",
    "Secp256k1Key",
    "claim_key",
    "new_claim_code",
    "read_token",
]
