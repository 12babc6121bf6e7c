# pragma version 0.4.3
"""
@title What no deposit and no claim does to a channel, and no credit to the pool
@license Apache-2.0
@dev On the vault's own modules, compiled as the vault is: a claim recovers a signature per home in a
     loop, which is not for a symbolic machine, and calls `_claimed` for each.
"""

import channels
import cheats
import retailer

initializes: channels
initializes: retailer


struct Claim:
    word: uint256
    top_up: uint160
    spent: uint48
    earned: uint48


@deploy
def __init__():
    retailer.__init__(cheats.MACHINE, self, msg.sender)


@external
def check_fields_that_fit_are_packed_without_a_carry(c: channels.Channel):
    back: channels.Channel = channels._unpack(channels._pack(c))
    cheats._holds(keccak256(abi_encode(back)) == keccak256(abi_encode(c)))


@external
def check_every_word_unpacks_to_fields_that_pack_to_it(word: uint256):
    cheats._holds(channels._pack(channels._unpack(word)) == word)


@external
def check_a_deposit_raises_deposited_alone(channel: bytes32, word: uint256, cap: uint16, amount: uint256):
    assert word != 0
    channels.words[channel] = word
    channels._deposit(channel, convert(cap, uint256), amount)
    after: uint256 = channels.words[channel]
    cheats._holds(after & channels.UNDEPOSITED == word & channels.UNDEPOSITED)
    cheats._holds(after >> 208 == (word >> 208) + amount)


@external
def check_a_claim_leaves_no_headroom_below_zero(claim: Claim, now_s: uint40):
    c: channels.Channel = channels._unpack(claim.word)
    taken: uint256 = 0
    raised: uint256 = 0
    taken, raised = self._claim(claim, now_s)
    credit: uint256 = c.deposited + convert(claim.top_up, uint256) + c.earned + raised
    cheats._holds(taken == 0 or taken <= credit - (c.spent + c.withdrawn))


@external
def check_a_claim_takes_no_more_than_was_signed(claim: Claim, now_s: uint40):
    c: channels.Channel = channels._unpack(claim.word)
    taken: uint256 = 0
    raised: uint256 = 0
    taken, raised = self._claim(claim, now_s)
    if taken != 0:
        cheats._holds(c.spent < convert(claim.spent, uint256))
        cheats._holds(taken <= convert(claim.spent, uint256) - c.spent)
    if raised != 0:
        cheats._holds(c.earned < convert(claim.earned, uint256))
        cheats._holds(raised == convert(claim.earned, uint256) - c.earned)


@external
def check_a_claim_takes_no_more_than_the_cap_allows(claim: Claim, now_s: uint40):
    cheats._is_now(convert(now_s, uint64))
    allowance: uint256 = channels._cap_allowance(channels._unpack(claim.word))
    taken: uint256 = 0
    raised: uint256 = 0
    taken, raised = self._claim(claim, now_s)
    cheats._holds(taken <= allowance)


@external
def check_a_claim_takes_nothing_from_an_armed_exit(claim: Claim, now_s: uint40):
    hour: uint256 = channels._unpack(claim.word).exit_hour
    taken: uint256 = 0
    raised: uint256 = 0
    taken, raised = self._claim(claim, now_s)
    now_hour: uint256 = convert(now_s, uint256) // channels.HOUR_S
    cheats._holds(taken == 0 or now_hour < hour or now_hour >= hour + channels.EXIT_LAPSE_HOURS)


@external
def check_a_days_credit_is_a_15th_of_the_pool(pool: uint112, credited: uint64, credit: uint256):
    before: uint256 = convert(pool, uint256)
    today: uint256 = convert(credited, uint256)
    assert credit <= retailer._credit_allowance(before, today)
    cheats._holds(credit <= before)
    cheats._holds(credit == 0 or today + credit <= unsafe_add(before, today) // 15)


def _claim(claim: Claim, now_s: uint40) -> (uint256, uint256):
    """
    @return (taken, raised) of a voucher in a claim, whatever was signed and whatever the time.
    """
    cheats._is_now(convert(now_s, uint64))
    c: channels.Channel = channels._unpack(claim.word)
    assert c.spent + c.withdrawn <= c.deposited + c.earned
    after: uint256 = 0
    taken: uint256 = 0
    raised: uint256 = 0
    after, taken, raised = channels._claimed(
        claim.word, convert(claim.top_up, uint256), convert(claim.spent, uint256),
        convert(claim.earned, uint256), False,
    )
    return taken, raised
