"""A key whose secret everybody knows."""

import coincurve

from gridplus.keystore import Secp256k1Key


def key_of(secret_hex: str) -> Secp256k1Key:
    return Secp256k1Key(coincurve.PrivateKey(bytes.fromhex(secret_hex.removeprefix("0x"))))
