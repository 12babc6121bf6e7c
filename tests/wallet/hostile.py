"""Signatures that an attacker makes of a good one, for both curves. Python and the chain refuse
the same set."""

from collections.abc import Mapping

ORDERS: Mapping[str, int] = {
    "P-256": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    "secp256k1": 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141,
}
FIELDS: Mapping[str, int] = {
    "P-256": 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF,
    "secp256k1": 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFFC2F,
}
_PARITY = 1 << 255


def hostile(curve: str, good: bytes) -> dict[str, bytes]:
    """64 bytes each, by what is wrong with them. `good` is (r, s), low s; on secp256k1 the top bit
    of s is the parity of EIP-2098."""
    order, field = ORDERS[curve], FIELDS[curve]
    r, vs = int.from_bytes(good[:32], "big"), int.from_bytes(good[32:], "big")
    parity = vs & _PARITY if curve == "secp256k1" else 0
    s = vs ^ parity
    twins = {
        "both are zero": (0, 0),
        "r is zero": (0, vs),
        "s is zero": (r, parity),
        "r is one": (1, vs),
        "s is one": (r, parity | 1),
        "r is the order": (order, vs),
        "r is above the order by one": (order + 1, vs),
        "r is the field": (field, vs),
        "r is all ones": ((1 << 256) - 1, vs),
        "s is all ones": (r, (1 << 256) - 1),
        "s is half the order and a half": (r, parity | (order // 2 + 1)),
        "r and s change places": (s, parity | r % _PARITY),
        "r is another's": (r ^ 1, vs),
        "s is another's": (r, vs ^ 1),
        "s is negative, modulo the order": (r, (order - s) | parity),
        "r is negative, modulo the order": (order - r, vs),
    }
    if curve == "secp256k1":
        twins["the parity is the other"] = (r, vs ^ _PARITY)
        twins["high s with the other parity"] = (r, ((order - s) | _PARITY) ^ parity)
    else:
        twins["s is the order"] = (r, order)
        twins["s is above the order by s"] = (r, min(order + s, (1 << 256) - 1))
    return {
        name: (a % (1 << 256)).to_bytes(32, "big") + (b % (1 << 256)).to_bytes(32, "big")
        for name, (a, b) in twins.items()
    }
