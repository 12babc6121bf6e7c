"""An order on its way from hand to hand: the same in every wallet, refused by name."""

from dataclasses import replace

import pytest
from eth_account.messages import encode_typed_data
from eth_utils import keccak

from gridplus.channel import ChannelView
from gridplus.contracts import ChannelWord
from gridplus.failures import InputError
from gridplus.keystore import DeviceKey, Secp256k1Key
from gridplus.owner import (
    Order,
    OrderRefused,
    parse_order,
    parse_papers,
    say_order,
    say_standing,
    typed_data,
    write_papers,
)
from gridplus.tariff import ChannelIdentity
from gridplus.units import UBOLT_PER_BOLT
from gridplus.wallet import (
    Action,
    Address,
    CancelExit,
    Cfg,
    Close,
    Descriptor,
    Rotate,
    SetCap,
    StartExit,
)
from tests.keystore.test_keys import ACCOUNT as OWNER
from tests.keystore.test_keys import DEVICE

BOLT = UBOLT_PER_BOLT
NOW_S = 1_800_000_000
UNTIL_S = NOW_S + 6 * 86_400
TO = Address(b"\x05" * 20)


def account(n: int) -> Secp256k1Key:
    from coincurve import PrivateKey

    return Secp256k1Key(PrivateKey(bytes([n]) * 32))


GUARDIAN, HUB, STRANGER = account(2), account(3), account(4)
IDENTITY = ChannelIdentity(
    31_337,
    Address(b"\x0a" * 20),
    Address(b"\x0b" * 20),
    Descriptor(
        OWNER.address,
        GUARDIAN.address,
        int.from_bytes(DEVICE.public[:32], "big"),
        int.from_bytes(DEVICE.public[32:], "big"),
        bytes(32),
    ),
    10,
    account(5).address,
)
CHANNEL = IDENTITY.channel
ACTIONS: tuple[Action, ...] = (
    StartExit(CHANNEL, TO, 3, UNTIL_S),
    CancelExit(CHANNEL, 3, UNTIL_S),
    Close(CHANNEL, 9 * BOLT, 1, 3, UNTIL_S),
    Rotate(CHANNEL, TO, Cfg(bytes(32)), 9 * BOLT, 1, 3, UNTIL_S),
    SetCap(CHANNEL, 20, 3, UNTIL_S),
)
KEYS: dict[str, Secp256k1Key | DeviceKey] = {
    "owner": OWNER,
    "guardian": GUARDIAN,
    "device": DEVICE,
    "hub": HUB,
}


def signed(action: Action, *roles: str) -> Order:
    order = Order(IDENTITY, action)
    for role in roles:
        order = order.signed(role, KEYS[role].sign(order.digest))
    return order


def refusal(order: Order, *, nonce: int = 3, now_s: int = NOW_S) -> OrderRefused | None:
    return order.refusal(nonce=nonce, hub=HUB.address, now_s=now_s)


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: type(action).__name__)
def test_a_wallet_that_shows_the_typed_data_signs_the_same_digest(action: Action) -> None:
    order = Order(IDENTITY, action)
    message = encode_typed_data(full_message=typed_data(order))
    assert keccak(b"\x19" + message.version + message.header + message.body) == order.digest


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: type(action).__name__)
def test_an_order_is_read_back_as_it_was_written(action: Action) -> None:
    order = signed(action, "owner", "device", "hub")
    again = parse_order(order.to_bytes(), what="order")
    assert again == order
    assert again.to_bytes() == order.to_bytes()


def test_an_order_is_refused_by_name() -> None:
    leave, close = ACTIONS[0], ACTIONS[2]
    assert refusal(signed(leave, "owner", "device")) is None
    assert refusal(signed(close, "owner", "guardian", "hub")) is None
    assert refusal(signed(leave, "owner")) is OrderRefused.ONE_KEY_IS_NOT_TWO
    assert refusal(signed(leave, "owner", "hub")) is OrderRefused.ONE_KEY_IS_NOT_TWO
    assert refusal(signed(close, "owner", "device")) is OrderRefused.HUB_MUST_SIGN
    late = signed(leave, "owner", "device")
    assert refusal(late, now_s=UNTIL_S + 1) is OrderRefused.EXPIRED
    assert refusal(late, nonce=4) is OrderRefused.OUTDATED
    for role in ("owner", "device"):
        forged = late.signed(role, STRANGER.sign(late.digest))
        assert refusal(forged) is OrderRefused.SIGNATURE_IS_BAD
    moved = replace(late, action=replace(leave, to=STRANGER.address))  # type: ignore[call-arg]
    assert refusal(moved) is OrderRefused.SIGNATURE_IS_BAD


def test_a_signer_takes_his_own_place_or_none() -> None:
    order = Order(IDENTITY, ACTIONS[0])
    hub = HUB.address
    assert order.role_of(OWNER.address, hub=hub) == "owner"
    assert order.role_of(DEVICE.public, hub=hub) == "device"
    assert order.role_of(hub, hub=hub) == "hub"
    assert order.role_of(STRANGER.address, hub=hub) is None


@pytest.mark.parametrize(
    ("before", "after", "place"),
    [
        (b'"nonce":3', b'"nonce":256', "nonce"),
        (b'"to":"0x05', b'"to":"0x', "to"),
        (b'"kind":"exit"', b'"kind":"gift"', "kind"),
        (b'"nonce":3', b'"nonce":3,"more":1', "more"),
        (b"gridplus.order/1", b"gridplus.order/2", "no order"),
        (b"{", b"[", "order"),
    ],
)
def test_a_broken_order_is_refused_with_its_place(before: bytes, after: bytes, place: str) -> None:
    data = signed(ACTIONS[0], "owner").to_bytes()
    assert before in data
    with pytest.raises(InputError, match=place):
        parse_order(data.replace(before, after, 1), what="order")


def test_papers_are_read_back_and_nothing_else_is() -> None:
    assert parse_papers(write_papers(IDENTITY), what="papers") == IDENTITY
    with pytest.raises(InputError, match="no papers"):
        parse_papers(signed(ACTIONS[0]).to_bytes(), what="papers")


VIEW = ChannelView(
    ChannelWord(deposited=50_200_000, spent=9 * BOLT, cap_day=20_000, daily_cap=10), 20_001
)


def test_an_order_is_said_in_words_before_it_is_signed() -> None:
    leave, stay, close, move, cap = (say_order(Order(IDENTITY, a), VIEW) for a in ACTIONS)
    assert leave[0].startswith("Pay out 41.20 BOLT, less what is claimed until then, to an address")
    assert leave[0].endswith(f"0x{TO.hex()}; leaves the account with 0.")
    assert "21 days" in leave[1]
    assert stay[0].startswith("Stay")
    assert close[0].startswith("Close the account: pay out 41.200001 BOLT to the owner 0x")
    assert "new payment key is 0x05" in move[0]
    assert "at most 20 BOLT a day (now 10)" in cap[0]
    for told in (leave, stay, close, move, cap):
        assert told[-1] == "Valid until 2027-01-21 08:00 UTC."


def test_a_channel_is_said_in_words_with_the_next_step_and_its_day() -> None:
    assert say_standing(VIEW, now_s=NOW_S)[0] == "41.20 BOLT are yours."
    assert say_standing(VIEW, now_s=NOW_S)[-1] == "No exit is under way."
    hour = NOW_S // 3_600 + 5
    left = replace(VIEW, word=replace(VIEW.word, exit_kind=1, exit_hour=hour))
    assert "started by the owner alone, matures on 2027-01-15 13:00 UTC." in " ".join(
        say_standing(left, now_s=NOW_S)
    )
    assert "finish it before 2027-01-17 13:00 UTC" in say_standing(left, now_s=hour * 3_600)[-1]
    assert "Nothing has been deposited" in say_standing(ChannelView(ChannelWord(), 1), now_s=1)[0]
