"""The Python twin of the channel word packs and computes as the vault does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridplus.contracts import ChannelWord, ExitKind
from gridplus.failures import Bug

u48, u16 = st.integers(0, 2**48 - 1), st.integers(0, 2**16 - 1)
words = st.builds(
    ChannelWord,
    u48,
    u48,
    u48,
    u48,
    u16,
    u16,
    st.integers(0, 3),
    st.integers(0, 2**22 - 1),
    st.integers(0, 255),
)


@given(words)
def test_what_was_packed_is_unpacked(word: ChannelWord) -> None:
    assert ChannelWord.unpack(word.pack()) == word


def test_the_first_field_stands_in_the_highest_bits() -> None:
    word = ChannelWord(1, 2, 3, 4, 5, 6, ExitKind.WITH_OWNER, 7, 8)
    digits = "000000000001 000000000002 000000000003 000000000004 0005 0006 800007 08"
    assert f"{word.pack():064x}" == digits.replace(" ", "")


@pytest.mark.parametrize(
    "word",
    [
        ChannelWord(deposited=1 << 48),
        ChannelWord(spent=-1),
        ChannelWord(cap_day=1 << 16),
        ChannelWord(exit_kind=4),
        ChannelWord(exit_hour=1 << 22),
        ChannelWord(op_nonce=256),
    ],
)
def test_a_field_that_would_carry_into_its_neighbour_is_a_bug(word: ChannelWord) -> None:
    with pytest.raises(Bug, match="never carries"):
        word.pack()


def test_more_than_256_bits_are_a_bug() -> None:
    with pytest.raises(Bug, match="256 bits"):
        ChannelWord.unpack(1 << 256)


def test_an_exit_is_armed_from_maturity_until_it_lapses() -> None:
    word = ChannelWord(exit_hour=1000)
    armed = [word.is_armed(hour * 3600) for hour in (999, 1000, 1047, 1048)]
    assert armed == [False, True, True, False]
    under_way = [word.has_exit(hour * 3600) for hour in (0, 999, 1047, 1048)]
    assert under_way == [True, True, True, False]
    assert not ChannelWord().has_exit(1_613_347_200)
