import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridplus.failures import InputError
from gridplus.meter import (
    IntervalRead,
    ReadRefusal,
    SignedRead,
    check_follows,
    energy_limit_wh,
    read_message,
)
from gridplus.units import SETTLEMENT_INTERVAL_S, U48_MAX, Interval
from gridplus.wallet.names import ChannelId

NOON_S = 1_613_498_400  # 2021-02-16T18:00Z
CHANNEL = ChannelId(bytes(range(32)))
PREVIOUS = IntervalRead(Interval(NOON_S, 900), 250, 0, 10_250, 3_000)


def following(
    import_wh: int = 300, export_wh: int = 0, *, registers: tuple[int, int] | None = None
) -> IntervalRead:
    after = registers or (10_250 + import_wh, 3_000 + export_wh)
    return IntervalRead(Interval(NOON_S + 900, 900), import_wh, export_wh, *after)


def test_a_read_that_continues_the_last_one_is_accepted() -> None:
    assert check_follows(PREVIOUS, following()) is None
    assert check_follows(PREVIOUS, following(0, 0)) is None
    assert check_follows(PREVIOUS, following(24_000, 24_000)) is None


REFUSED = {
    ReadRefusal.NOT_ON_GRID: IntervalRead(Interval(NOON_S, 3_600), 0, 0, 10_250, 3_000),
    ReadRefusal.INTERVAL_REPEATED: PREVIOUS,
    ReadRefusal.INTERVAL_GAP: IntervalRead(Interval(NOON_S + 1_800, 900), 1, 0, 10_251, 3_000),
    ReadRefusal.IMPOSSIBLE_ENERGY: following(24_001),
    ReadRefusal.REGISTER_FELL: following(registers=(10_550, 2_999)),
    ReadRefusal.REGISTER_MISMATCH: following(registers=(10_551, 3_000)),
}


@pytest.mark.parametrize("refusal", ReadRefusal)
def test_each_way_not_to_follow_has_its_name(refusal: ReadRefusal) -> None:
    assert check_follows(PREVIOUS, REFUSED[refusal]) is refusal


def test_an_older_interval_is_a_repetition() -> None:
    older = IntervalRead(Interval(NOON_S - 900, 900), 0, 0, 10_250, 3_000)
    assert check_follows(PREVIOUS, older) is ReadRefusal.INTERVAL_REPEATED


def test_the_first_of_several_reasons_is_given() -> None:
    wrong = IntervalRead(Interval(NOON_S + 1_800, 900), 99_000, 0, 0, 0)
    assert check_follows(PREVIOUS, wrong) is ReadRefusal.INTERVAL_GAP


def test_a_first_read_may_stand_anywhere_that_holds_its_energy() -> None:
    assert check_follows(None, PREVIOUS) is None
    hollow = IntervalRead(Interval(NOON_S, 900), 250, 0, 249, 0)
    assert check_follows(None, hollow) is ReadRefusal.REGISTER_MISMATCH
    too_much = IntervalRead(Interval(NOON_S, 900), 24_001, 0, 24_001, 0)
    assert check_follows(None, too_much) is ReadRefusal.IMPOSSIBLE_ENERGY


def test_the_limit_is_a_400_ampere_service_and_scales_with_time() -> None:
    assert energy_limit_wh(Interval(0, 900)) == 24_000
    assert energy_limit_wh(Interval(0, 3_600)) == 96_000


ENERGY = st.integers(0, 24_000)


@given(st.lists(st.tuples(ENERGY, ENERGY), min_size=1, max_size=20))
def test_a_meter_that_counts_right_is_always_followed_and_its_registers_tell_the_sum(
    energies: list[tuple[int, int]],
) -> None:
    """I-BI-5."""
    previous: IntervalRead | None = None
    imported = exported = 0
    for i, (import_wh, export_wh) in enumerate(energies):
        imported, exported = imported + import_wh, exported + export_wh
        interval = Interval(i * SETTLEMENT_INTERVAL_S, SETTLEMENT_INTERVAL_S)
        read = IntervalRead(interval, import_wh, export_wh, imported, exported)
        assert check_follows(previous, read) is None
        previous = read
    assert previous is not None
    assert previous.register_import_wh == sum(energy[0] for energy in energies)


@given(ENERGY, st.integers(-5, 5).filter(bool))
def test_a_register_that_moved_by_another_amount_never_follows(energy_wh: int, off: int) -> None:
    wrong = following(energy_wh, 0, registers=(10_250 + energy_wh + off, 3_000))
    assert check_follows(PREVIOUS, wrong) in (
        ReadRefusal.REGISTER_FELL,
        ReadRefusal.REGISTER_MISMATCH,
    )


def test_an_amount_below_zero_or_beyond_48_bits_is_no_read() -> None:
    assert IntervalRead(Interval(0, 900), 0, 0, U48_MAX, 0).register_import_wh == U48_MAX
    for wrong in (-1, U48_MAX + 1):
        with pytest.raises(InputError, match="register_export_wh"):
            IntervalRead(Interval(0, 900), 0, 0, 0, wrong)


def test_the_message_is_91_bytes_in_the_documented_order() -> None:
    message = read_message(CHANNEL, following(300, 7))
    assert len(message) == 91
    assert message[:15] == b"gridplus.read/1"
    assert message[15:47] == CHANNEL
    numbers = [NOON_S + 900, 900, 300, 7, 10_550, 3_007]
    sizes = [8, 4, 8, 8, 8, 8]
    packed = b"".join(n.to_bytes(size, "big") for n, size in zip(numbers, sizes, strict=True))
    assert message[47:] == packed
    assert SignedRead(CHANNEL, following(300, 7), bytes(64)).message == message


@given(st.integers(0, 5))
def test_every_field_of_a_read_and_its_channel_changes_the_message(place: int) -> None:
    read = IntervalRead(Interval(NOON_S, 900), 1, 2, 3, 4)
    others = [
        IntervalRead(Interval(NOON_S + 900, 900), 1, 2, 3, 4),
        IntervalRead(Interval(NOON_S, 900), 9, 2, 3, 4),
        IntervalRead(Interval(NOON_S, 900), 1, 9, 3, 4),
        IntervalRead(Interval(NOON_S, 900), 1, 2, 9, 4),
        IntervalRead(Interval(NOON_S, 900), 1, 2, 3, 9),
        IntervalRead(Interval(NOON_S, 1_800), 1, 2, 3, 4),
    ]
    assert read_message(CHANNEL, others[place]) != read_message(CHANNEL, read)
    assert read_message(ChannelId(bytes(32)), read) != read_message(CHANNEL, read)
