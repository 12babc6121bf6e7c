# pragma version 0.4.3
"""
@title What a proof says to the symbolic machine
@license Apache-2.0
@dev A proof is a function `check_...`. Its arguments, and what the cheats make arbitrary, stand for
     all values at once. A revert excludes a case; a sentence that does not hold is a counterexample.
"""

interface Cheats:
    def warp(now_s: uint256): nonpayable
    def prank(sender: address): nonpayable
    def getCode(path: String[64]) -> Bytes[24576]: nonpayable
    def etch(who: address, code: Bytes[24576]): nonpayable
    def setArbitraryStorage(who: address): nonpayable


MACHINE: constant(address) = 0x7109709ECfa91a80626fF3989D68f67F5b1DD12D
PANIC: constant(bytes4) = 0x4e487b71  # Panic(uint256), of which 1 is a failed assertion


def _is_now(now_s: uint64):
    extcall Cheats(MACHINE).warp(convert(now_s, uint256))


def _next_call_by(sender: address):
    extcall Cheats(MACHINE).prank(sender)


def _stands_at(place: address, artifact: String[64]):
    """
    @dev The deployed code of a contract, over storage that may hold anything.
    """
    code: Bytes[24576] = extcall Cheats(MACHINE).getCode(artifact)
    extcall Cheats(MACHINE).etch(place, code)
    extcall Cheats(MACHINE).setArbitraryStorage(place)


def _holds(sentence: bool):
    if not sentence:
        raw_revert(abi_encode(convert(1, uint256), method_id=PANIC))
