"""A contract small enough to assemble by hand: it adds up what it is sent.

With no calldata it answers (total, block time). With a word it reverts on zero ("zero refused"),
else adds the word to storage slot 0, logs Added(word indexed, total) and answers the new total.
"""

from gridplus.digest import keccak256

ADDED = keccak256(b"Added(uint256,uint256)")
_ERROR = keccak256(b"Error(string)")[:4]
_REASON = b"zero refused"

_OPCODES = {
    "ADD": 0x01, "CALLDATALOAD": 0x35, "CALLDATASIZE": 0x36, "CODECOPY": 0x39, "TIMESTAMP": 0x42,
    "POP": 0x50, "MSTORE": 0x52, "SLOAD": 0x54, "SSTORE": 0x55, "JUMPI": 0x57, "JUMPDEST": 0x5B,
    "PUSH0": 0x5F, "DUP1": 0x80, "LOG2": 0xA2, "RETURN": 0xF3, "REVERT": 0xFD,
}  # fmt: skip


def assemble(*program: str | int | bytes) -> bytes:
    """Names are opcodes, integers one-byte pushes, bytes pushes of that length; ':x' marks a jump
    target and '@x' pushes where it is."""
    places: dict[str, int] = {}
    code = b""
    for _ in range(2):
        code = b""
        for part in program:
            match part:
                case int():
                    code += bytes([0x60, part])
                case bytes():
                    code += bytes([0x5F + len(part)]) + part
                case _ if part[0] == ":":
                    places[part[1:]] = len(code)
                    code += bytes([_OPCODES["JUMPDEST"]])
                case _ if part[0] == "@":
                    code += bytes([0x60, places.get(part[1:], 0)])
                case _:
                    code += bytes([_OPCODES[part]])
    return code


def creation_code(runtime: bytes) -> bytes:
    """Code that leaves `runtime` behind as a contract."""
    length = len(runtime).to_bytes(2, "big")
    start = 11
    head = assemble(length, "DUP1", start, "PUSH0", "CODECOPY", "PUSH0", "RETURN")
    return head.ljust(start, b"\x00") + runtime


RUNTIME = assemble(
    "CALLDATASIZE", "@word", "JUMPI",
    "PUSH0", "SLOAD", "PUSH0", "MSTORE", "TIMESTAMP", 32, "MSTORE", 64, "PUSH0", "RETURN",
    ":word", "PUSH0", "CALLDATALOAD", "DUP1", "@add", "JUMPI",
    _ERROR.ljust(32, b"\x00"), "PUSH0", "MSTORE", 32, 4, "MSTORE", len(_REASON), 36, "MSTORE",
    _REASON.ljust(32, b"\x00"), 68, "MSTORE", 100, "PUSH0", "REVERT",
    ":add", "DUP1", "PUSH0", "SLOAD", "ADD", "DUP1", "PUSH0", "SSTORE", "PUSH0", "MSTORE",
    ADDED, 32, "PUSH0", "LOG2", 32, "PUSH0", "RETURN",
)  # fmt: skip
CREATION = creation_code(RUNTIME)


def word(value: int) -> bytes:
    return value.to_bytes(32, "big")
