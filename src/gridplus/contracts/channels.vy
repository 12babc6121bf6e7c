# pragma version 0.4.3
"""
@title The channel word
@license Apache-2.0
@notice deposited u48 | spent u48 | earned u48 | withdrawn u48 | cap_day u16 | daily_cap u16 |
        exit_kind u2 | exit_hour u22 | op_nonce u8, first field in the highest bits.
@dev The words, their layout, and the rules that need nothing but word and time. Nobody else shifts.
"""

UBOLT_PER_BOLT: constant(uint256) = 1_000_000
MAX_CAP_DAYS: constant(uint256) = 45
RETIRED: constant(uint256) = 2**16 - 1
DAY_S: constant(uint256) = 86_400
HOUR_S: constant(uint256) = 3_600
EXIT_LAPSE_HOURS: constant(uint256) = 48
OWNER_ALONE: constant(uint256) = 1  # kinds of exit: who started it
WITH_OWNER: constant(uint256) = 2
WITHOUT_OWNER: constant(uint256) = 3
U8: constant(uint256) = 2**8 - 1
U16: constant(uint256) = 2**16 - 1
U22: constant(uint256) = 2**22 - 1
U48: constant(uint256) = 2**48 - 1
UNCLAIMED: constant(uint256) = U48 << 64 | U48  # the fields that no claim changes
UNDEPOSITED: constant(uint256) = 2**208 - 1  # the fields that no deposit changes
LAST_S: constant(uint256) = U16 * DAY_S  # the calendar of cap_day ends in 2149


struct Channel:
    deposited: uint256
    spent: uint256
    earned: uint256
    withdrawn: uint256
    cap_day: uint256
    daily_cap: uint256
    exit_kind: uint256
    exit_hour: uint256
    op_nonce: uint256


words: HashMap[bytes32, uint256]


@pure
def _unpack(word: uint256) -> Channel:
    return Channel(
        deposited=word >> 208,
        spent=(word >> 160) & U48,
        earned=(word >> 112) & U48,
        withdrawn=(word >> 64) & U48,
        cap_day=(word >> 48) & U16,
        daily_cap=(word >> 32) & U16,
        exit_kind=(word >> 30) & 3,
        exit_hour=(word >> 8) & U22,
        op_nonce=word & U8,
    )


@pure
def _pack(c: Channel) -> uint256:
    assert (c.deposited | c.spent | c.earned | c.withdrawn) <= U48, "counter overflow"
    assert (c.cap_day | c.daily_cap) <= U16, "cap overflow"
    assert c.exit_kind <= 3 and c.exit_hour <= U22 and c.op_nonce <= U8, "exit overflow"
    return (
        c.deposited << 208
        | c.spent << 160
        | c.earned << 112
        | c.withdrawn << 64
        | c.cap_day << 48
        | c.daily_cap << 32
        | c.exit_kind << 30
        | c.exit_hour << 8
        | c.op_nonce
    )


@view
def _live(channel: bytes32) -> Channel:
    """
    @return The fields of an open channel that was not rotated away.
    """
    word: uint256 = self.words[channel]
    assert word != 0, "unknown channel"
    c: Channel = self._unpack(word)
    assert c.daily_cap != RETIRED, "channel is retired"
    return c


def _deposit(channel: bytes32, opening_cap: uint256, amount: uint256):
    """
    @dev Opens the channel if needed, which counts one cap for today. On the bits, for gas.
    """
    word: uint256 = self.words[channel]
    if word == 0:
        assert block.timestamp < LAST_S, "end of calendar"
        word = (block.timestamp // DAY_S - 1) << 48 | opening_cap << 32
    assert (word >> 32) & U16 != RETIRED, "channel is retired"
    deposited: uint256 = (word >> 208) + amount
    assert deposited <= U48, "counter overflow"
    self.words[channel] = deposited << 208 | word & UNDEPOSITED


@pure
def _headroom(c: Channel) -> uint256:
    return c.deposited + c.earned - c.spent - c.withdrawn


@view
def _cap_allowance(c: Channel) -> uint256:
    if c.daily_cap == RETIRED:
        return 0
    today: uint256 = block.timestamp // DAY_S
    return c.daily_cap * UBOLT_PER_BOLT * (today - max(c.cap_day, today - MAX_CAP_DAYS))


@pure
def _next_nonce(c: Channel) -> uint256:
    """
    @return Round after 256, long after a signature of seven days has expired.
    """
    return (c.op_nonce + 1) & U8


@view
def _hour_after(window_s: uint256) -> uint256:
    """
    @return The first full hour at which the window has passed.
    """
    return (block.timestamp + window_s + HOUR_S - 1) // HOUR_S


@view
def _has_exit(c: Channel) -> bool:
    """
    @return True from the start of an exit until it lapses, is cancelled or finished.
    """
    return block.timestamp // HOUR_S < c.exit_hour + EXIT_LAPSE_HOURS


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
    cap: uint256 = (word >> 32) & U16
    if deposited > U48 or cap == RETIRED:
        return word, 0, 0
    old_spent: uint256 = (word >> 160) & U48
    old_earned: uint256 = (word >> 112) & U48
    new_earned: uint256 = max(earned, old_earned)
    cap_day: uint256 = (word >> 48) & U16
    taken: uint256 = 0
    # Hours since maturity; before it, the difference wraps round to a huge number.
    armed_for: uint256 = unsafe_sub(block.timestamp // HOUR_S, (word >> 8) & U22)
    if spent > old_spent and armed_for >= EXIT_LAPSE_HOURS:
        withdrawn: uint256 = (word >> 64) & U48
        headroom: uint256 = unsafe_sub(
            unsafe_add(deposited, new_earned), unsafe_add(old_spent, withdrawn)
        )
        cap = unsafe_mul(cap, UBOLT_PER_BOLT)
        today: uint256 = block.timestamp // DAY_S
        start: uint256 = max(cap_day, unsafe_sub(today, MAX_CAP_DAYS))
        allowance: uint256 = unsafe_mul(cap, unsafe_sub(today, start))
        taken = unsafe_sub(spent, old_spent)
        if taken > headroom:
            taken = headroom
        if taken > allowance:
            taken = allowance
        if taken != 0:
            if whole_caps:
                taken = unsafe_sub(taken, taken % cap)
            cap_day = unsafe_add(start, unsafe_div(unsafe_sub(unsafe_add(taken, cap), 1), cap))
    after: uint256 = (
        deposited << 208
        | unsafe_add(old_spent, taken) << 160
        | new_earned << 112
        | cap_day << 48
        | word & UNCLAIMED
    )
    return after, taken, unsafe_sub(new_earned, old_earned)
