"""Dollar tokens as they are found in the wild, good and bad, compiled when a test asks for one."""

from functools import cache

from eth_abi.abi import encode
from vyper.compiler import compile_code
from vyper.compiler.settings import OptimizationLevel, Settings

SOURCE = """
# pragma version 0.4.3
interface Wrapper:
    def wrap(receiver: address, amount: uint256): nonpayable
    def unwrap(receiver: address, amount: uint256): nonpayable

decimals: public(uint8)
mode: public(String[16])
balanceOf: public(HashMap[address, uint256])
_frozen: HashMap[address, bool]
_entered: bool

@deploy
def __init__(decimals_: uint8, mode_: String[16]):
    self.decimals = decimals_
    self.mode = mode_

@external
def mint(holder: address, amount: uint256):
    self.balanceOf[holder] += amount

@external
def freeze(holder: address):
    self._frozen[holder] = True

@external
def set_balance(holder: address, amount: uint256):
    self.balanceOf[holder] = amount

@external
def set_mode(mode: String[16]):
    self.mode = mode

@external
def approve(spender: address, amount: uint256) -> bool:
    return True

@external
def transferFrom(payer: address, receiver: address, amount: uint256) -> bool:
    return self._move(payer, receiver, amount)

@external
def transfer(receiver: address, amount: uint256) -> bool:
    return self._move(msg.sender, receiver, amount)

def _move(payer: address, receiver: address, amount: uint256) -> bool:
    assert not self._frozen[payer] and not self._frozen[receiver], "frozen"
    if self.mode == "says no":
        return False
    if self.mode == "moves nothing":
        return True
    arriving: uint256 = amount
    if self.mode == "fee on arrival":
        arriving -= amount // 100
    if self.mode == "arrives as more":
        arriving += 1
    self.balanceOf[payer] -= amount
    if self.mode == "fee on sender":
        self.balanceOf[payer] -= amount // 100
    self.balanceOf[receiver] += arriving
    if not self._entered:
        self._entered = True
        if self.mode == "wraps again":
            extcall Wrapper(msg.sender).wrap(payer, amount)
        if self.mode == "unwraps again":
            extcall Wrapper(msg.sender).unwrap(payer, amount)
        self._entered = False
    return True
"""
SILENT = (
    (" -> bool:", ":"),
    ("return self._move(", "self._move("),
    (
        "        return False",
        "        return",
    ),
    ("return True", "return"),
)


@cache
def _creation_code(source: str) -> bytes:
    settings = Settings(evm_version="prague", optimize=OptimizationLevel.GAS)
    compiled = compile_code(source, output_formats=["bytecode"], settings=settings)
    return bytes.fromhex(compiled["bytecode"][2:])


def dollar_init_code(*, decimals: int = 6, mode: str = "", silent: bool = False) -> bytes:
    """A token that anybody mints. `mode` is what is wrong with it; `silent` returns nothing."""
    source = SOURCE
    if silent:
        for edit in SILENT:
            source = source.replace(*edit)
    return _creation_code(source) + encode(["uint8", "string"], [decimals, mode])
