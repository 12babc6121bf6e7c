"""Inputs of the P-256 precompile, made from RFC 6979's vector (A.2.5, SHA-256, 'sample')."""

from hashlib import sha256

_P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
_N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_X = 0x60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6
_Y = 0x7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299
_R = 0xEFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716
_S = 0xF7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8
_H = int.from_bytes(sha256(b"sample").digest(), "big")


def _input(h: int = _H, *, r: int = _R, s: int = _S, x: int = _X, y: int = _Y) -> bytes:
    return b"".join(value.to_bytes(32, "big") for value in (h, r, s, x, y))


GOOD = {"high s": _input(), "low s": _input(s=_N - _S)}
BAD = {
    "another hash": _input(_H ^ 1),
    "another r": _input(r=_R ^ 1),
    "another s": _input(s=_S ^ 1),
    "r is zero": _input(r=0),
    "s is zero": _input(s=0),
    "r is the order": _input(r=_N),
    "s is the order": _input(s=_N),
    "the negated key": _input(y=_P - _Y),
    "a point off the curve": _input(y=_Y ^ 1),
    "the point at infinity": _input(x=0, y=0),
    "x is the field's prime": _input(x=_P),
    "y is beyond the field": _input(y=(1 << 256) - 1),
    "one byte short": _input()[:-1],
    "one byte long": _input() + b"\x00",
    "empty": b"",
}
