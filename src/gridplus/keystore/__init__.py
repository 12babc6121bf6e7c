"""Private keys at rest and in use: a directory of key files, and keys that sign."""

from gridplus.keystore.claim_code import claim_key, new_claim_code, qr_text
from gridplus.keystore.keys import DeviceKey, Secp256k1Key
from gridplus.keystore.sealing import PassphraseSealing
from gridplus.keystore.store import KeyStore
from gridplus.keystore.token import read_token
from gridplus.keystore.x509 import CertificateKey, P256Signer

__all__ = [
    "CertificateKey",
    "DeviceKey",
    "KeyStore",
    "P256Signer",
    "PassphraseSealing",
    "Secp256k1Key",
    "claim_key",
    "new_claim_code",
    "qr_text",
    "read_token",
]
