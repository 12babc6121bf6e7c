"""The claim code printed in a device's box, and the key it derives.

104 random bits and 16 bits that catch a typing error, in 24 letters and digits of Crockford's
base 32 in groups of four: nobody guesses it, and it can be read aloud. The key is the keccak of the
bits; with so many of them, nothing slower is needed.
"""

import re
from secrets import token_bytes

import coincurve

from gridplus.digest import keccak256
from gridplus.failures import InputError
from gridplus.keystore.keys import Secp256k1Key

RANDOM_BYTES = 13
_CHECK_BYTES = 2
_LETTERS = 24
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LOOK_ALIKE = str.maketrans("ILO", "110")
_QR = "GRIDPLUS:CLAIM:"
_PREFIX = b"gridplus.claim-code/1\n"


def new_claim_code(*, seed: bytes | None = None) -> str:
    """A fresh code, as it is printed: six groups of four letters and digits. With a `seed` always
    the same, for a run that is to be repeated."""
    secret = token_bytes(RANDOM_BYTES) if seed is None else keccak256(seed)[:RANDOM_BYTES]
    number = int.from_bytes(secret + _check(secret), "big")
    letters = "".join(_ALPHABET[number >> 5 * i & 31] for i in reversed(range(_LETTERS)))
    return "-".join(letters[i : i + 4] for i in range(0, _LETTERS, 4))


def qr_text(code: str) -> str:
    """What a QR code in the box says, in the letters of its alphanumeric mode (ISO/IEC 18004)."""
    return _QR + code


def claim_key(code: str) -> Secp256k1Key:
    """The claim key of a code, typed in either case, with or without its dashes, or scanned.

    Raises InputError for what is no code; the message does not repeat what was typed.
    """
    letters = re.sub(r"[\s-]", "", code.upper().removeprefix(_QR)).translate(_LOOK_ALIKE)
    if len(letters) != _LETTERS or not set(letters) <= set(_ALPHABET):
        raise InputError(f"a claim code has {_LETTERS} letters and digits")
    number = 0
    for letter in letters:
        number = number << 5 | _ALPHABET.index(letter)
    data = number.to_bytes(RANDOM_BYTES + _CHECK_BYTES, "big")
    secret = data[:RANDOM_BYTES]
    if data[RANDOM_BYTES:] != _check(secret):
        raise InputError("the claim code is mistyped: its last letters do not fit the others")
    return Secp256k1Key(coincurve.PrivateKey(keccak256(_PREFIX + secret)))


def _check(secret: bytes) -> bytes:
    return keccak256(_PREFIX + b"check\n" + secret)[:_CHECK_BYTES]
