# pragma version 0.4.3
"""
@title The channel word
@license Apache-2.0
@notice deposited u48 | spent u48 | earned u48 | withdrawn u48 | cap_day u16 | daily_cap u16 |
        exit_hour u24 | op_nonce u8, first field in the highest bits.
@dev A library without storage: the layout, and the rules that need nothing but word and time.
"""

UBOLT_PER_BOLT: constant(uint256) = 1_000_000
MAX_CAP_DAYS: constant(uint256) = 45
RETIRED: constant(uint256) = 2**16 - 1
DAY_S: constant(uint256) = 86_400
HOUR_S: constant(uint256) = 3_600
EXIT_LAPSE_HOURS: constant(uint256) = 48
U8: constant(uint256) = 2**8 - 1
U16: constant(uint256) = 2**16 - 1
U24: constant(uint256) = 2**24 - 1
U48: constant(uint256) = 2**48 - 1
UNCLAIMED: constant(uint256) = U48 << 64 | U48  # the fields that no claim changes
LAST_S: constant(uint256) = U16 * DAY_S  # the calendar of cap_day ends in 2149


struct Channel:
    deposited: uint256
    spent: uint256
    earned: uint256
    withdrawn: uint256
    cap_day: uint256
    daily_cap: uint256
    exit_hour: uint256
    op_nonce: uint256


@pure
def _unpack(word: uint256) -> Channel:
    return Channel(
        deposited=word >> 208,
        spent=(word >> 160) & U48,
        earned=(word >> 112) & U48,
        withdrawn=(word >> 64) & U48,
        cap_day=(word >> 48) & U16,
        daily_cap=(word >> 32) & U16,
        exit_hour=(word >> 8) & U24,
        op_nonce=word & U8,
    )


@pure
def _pack(c: Channel) -> uint256:
    assert (c.deposited | c.spent | c.earned | c.withdrawn) <= U48, "counter overflow"
    assert (c.cap_day | c.daily_cap) <= U16, "cap overflow"
    assert c.exit_hour <= U24 and c.op_nonce <= U8, "exit overflow"
    return (
        c.deposited << 208
        | c.spent << 160
        | c.earned << 112
        | c.withdrawn << 64
        | c.cap_day << 48
        | c.daily_cap << 32
        | c.exit_hour << 8
        | c.op_nonce
    )


@view
def _opened(daily_cap: uint256) -> Channel:
    assert daily_cap != RETIRED, "cap means retired"
    c: Channel = empty(Channel)
    c.daily_cap = daily_cap
    c.cap_day = block.timestamp // DAY_S - 1  # the opening day counts one cap
    return c


@pure
def _headroom(c: Channel) -> uint256:
    return c.deposited + c.earned - c.spent - c.withdrawn


@view
def _cap_allowance(c: Channel) -> uint256:
    today: uint256 = block.timestamp // DAY_S
    return c.daily_cap * UBOLT_PER_BOLT * (today - max(c.cap_day, today - MAX_CAP_DAYS))


@view
def _is_armed(c: Channel) -> bool:
    """
    @return True while the exit is mature and has not lapsed.
    """
    hour: uint256 = block.timestamp // HOUR_S
    return c.exit_hour <= hour and hour < c.exit_hour + EXIT_LAPSE_HOURS


@view
def _claimed(
    word: uint256, top_up: uint256, spent: uint256, earned: uint256, whole_caps: bool
) -> (uint256, uint256, uint256):
    """
    @param word Of an open channel, before today ends the calendar (LAST_S).
    @param top_up At most 2^160. One that does not fit changes nothing.
    @param whole_caps Round what is taken down to whole daily caps.
    @return (the word after a voucher of `spent` and `earned`, both u48; taken; raised)
    @dev Works on the bits, as every home passes here in every batch. Nothing overflows: counters
         have 48 bits, a cap 36, days 16, and each new field is bounded by one that was checked:
         spent and earned by the voucher's, cap_day by today since taken <= allowance.
    """
    deposited: uint256 = unsafe_add(word >> 208, top_up)
    if deposited > U48:
        return word, 0, 0
    old_spent: uint256 = (word >> 160) & U48
    old_earned: uint256 = (word >> 112) & U48
    new_earned: uint256 = max(earned, old_earned)
    cap_day: uint256 = (word >> 48) & U16
    taken: uint256 = 0
    # Hours since maturity; before it, the difference wraps round to a huge number.
    armed_for: uint256 = unsafe_sub(block.timestamp // HOUR_S, (word >> 8) & U24)
    if spent > old_spent and armed_for >= EXIT_LAPSE_HOURS:
        withdrawn: uint256 = (word >> 64) & U48
        headroom: uint256 = unsafe_sub(
            unsafe_add(deposited, new_earned), unsafe_add(old_spent, withdrawn)
        )
        cap: uint256 = unsafe_mul((word >> 32) & U16, UBOLT_PER_BOLT)
        today: uint256 = block.timestamp // DAY_S
        start: uint256 = max(cap_day, unsafe_sub(today, MAX_CAP_DAYS))
        allowance: uint256 = unsafe_mul(cap, unsafe_sub(today, start))
        taken = unsafe_sub(spent, old_spent)
        if taken > headroom:
            taken = headroom
        if taken > allowance:
            taken = allowance
        if whole_caps and cap != 0:
            taken = unsafe_sub(taken, taken % cap)
        if taken != 0:
            cap_day = unsafe_add(start, unsafe_div(unsafe_sub(unsafe_add(taken, cap), 1), cap))
    after: uint256 = (
        deposited << 208
        | unsafe_add(old_spent, taken) << 160
        | new_earned << 112
        | cap_day << 48
        | word & UNCLAIMED
    )
    return after, taken, unsafe_sub(new_earned, old_earned)
