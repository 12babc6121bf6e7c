# pragma version 0.4.3
"""
@title What no call does to dollars
@license Apache-2.0
@dev On the code that is deployed, over storage that holds anything.
"""

import bolt
import cheats

BOLT: constant(address) = 0x1111111111111111111111111111111111111111
MAX_ATTESTATION_AGE_S: constant(uint256) = 86_400


@external
def setUp():
    cheats._stands_at(BOLT, "bolt.sol:bolt")


@external
def check_a_transfer_moves_what_the_sender_has_and_nothing_else(
    sender: address, receiver: address, other: address, amount: uint256
):
    assert other != sender and other != receiver
    sent: uint256 = staticcall bolt.__interface__(BOLT).balanceOf(sender)
    held: uint256 = staticcall bolt.__interface__(BOLT).balanceOf(receiver)
    others: uint256 = staticcall bolt.__interface__(BOLT).balanceOf(other)
    supply: uint256 = staticcall bolt.__interface__(BOLT).totalSupply()

    cheats._next_call_by(sender)
    assert extcall bolt.__interface__(BOLT).transfer(receiver, amount)
    cheats._holds(amount <= sent)
    moved: uint256 = 0 if sender == receiver else amount
    cheats._holds(staticcall bolt.__interface__(BOLT).balanceOf(sender) == sent - moved)
    cheats._holds(staticcall bolt.__interface__(BOLT).balanceOf(receiver) == held + moved)
    cheats._holds(staticcall bolt.__interface__(BOLT).balanceOf(other) == others)
    cheats._holds(staticcall bolt.__interface__(BOLT).totalSupply() == supply)


@external
def check_a_spender_moves_no_more_than_he_was_allowed(
    spender: address, owner: address, receiver: address, amount: uint256
):
    allowed: uint256 = staticcall bolt.__interface__(BOLT).allowance(owner, spender)
    cheats._next_call_by(spender)
    assert extcall bolt.__interface__(BOLT).transferFrom(owner, receiver, amount)
    cheats._holds(amount <= allowed)
    left: uint256 = staticcall bolt.__interface__(BOLT).allowance(owner, spender)
    cheats._holds(left == allowed - amount or left == max_value(uint256))


@external
def check_nothing_is_minted_beyond_the_reserve(
    minter: address, receiver: address, amount: uint256, now_s: uint64
):
    cheats._is_now(now_s)
    room: uint256 = staticcall bolt.__interface__(BOLT).surplus()
    used: uint256 = staticcall bolt.__interface__(BOLT).consumed()
    queued: uint256 = staticcall bolt.__interface__(BOLT).queued()
    allowed: uint256 = staticcall bolt.__interface__(BOLT).minter_allowance(minter)
    attested_at: uint256 = staticcall bolt.__interface__(BOLT).attested_at()
    supply: uint256 = staticcall bolt.__interface__(BOLT).totalSupply()

    cheats._next_call_by(minter)
    extcall bolt.__interface__(BOLT).mint(receiver, amount)
    cheats._holds(amount <= allowed and used + queued + amount <= room)
    cheats._holds(convert(now_s, uint256) <= attested_at + MAX_ATTESTATION_AGE_S)
    cheats._holds(staticcall bolt.__interface__(BOLT).consumed() == used + amount)
    cheats._holds(staticcall bolt.__interface__(BOLT).totalSupply() == supply + amount)


@external
def check_a_paid_redemption_gives_no_room_back(issuer: address, redemption: uint256, now_s: uint64):
    cheats._is_now(now_s)
    room: uint256 = staticcall bolt.__interface__(BOLT).mintable()
    cheats._next_call_by(issuer)
    extcall bolt.__interface__(BOLT).mark_paid(redemption)
    cheats._holds(staticcall bolt.__interface__(BOLT).mintable() == room)
