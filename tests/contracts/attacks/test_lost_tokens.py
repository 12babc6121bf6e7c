"""What holders of the token lost: their balance, and the reserve behind it."""

from gridplus.contracts import artifact, calls
from tests.contracts.street import ATTESTOR, BOLT, ISSUER, MINTER, STRANGER, Street


def test_a_balance_that_an_administrator_burns(street: Street) -> None:
    """2017: the owner of the token could burn anybody's.

    Ours: only the holder redeems, and no function takes a holder without his consent.
    """
    home = street.open("ada", 30 * BOLT)
    street.give(home.owner, 5 * BOLT)
    taking = {
        entry["name"]
        for entry in artifact("bolt").abi
        if entry["type"] == "function" and entry["stateMutability"] == "nonpayable"
        for argument in entry["inputs"][:1]
        if argument["type"] == "address" and argument["name"] not in ("receiver", "spender")
    }
    assert taking <= {
        "transferFrom", "permit", "transferWithAuthorization", "receiveWithAuthorization",
        "cancelAuthorization", "set_minter", "set_attestor", "request_issuer", "set_issuer",
    }  # fmt: skip
    for power in (ISSUER, MINTER, ATTESTOR):
        redeem = calls.redeem(BOLT, bytes(32))
        assert street.refused(power, street.bolt, redeem) == "over balance"
    assert street.balance(home.owner.address) == 5 * BOLT


def test_dollars_that_left_the_reserve_and_are_minted_again(street: Street) -> None:
    """A draft of ours: burn, be paid, and mint the same dollars under the attestation of before.

    Ours: a redemption takes its room while it is queued and when it is paid.
    """
    street.give(STRANGER, 100 * BOLT)
    room = street.ask(street.bolt, calls.mintable())
    street.do(STRANGER, street.bolt, calls.redeem(100 * BOLT, bytes(32)))
    assert street.ask(street.bolt, calls.mintable()) == room - 100 * BOLT
    street.do(ISSUER, street.bolt, calls.mark_paid(0))
    assert street.ask(street.bolt, calls.mintable()) == room - 100 * BOLT
    more = calls.mint(STRANGER.address, room - 100 * BOLT + 1)
    reason = street.refused(MINTER, street.bolt, more)
    assert reason in ("over attested reserve", "over minter allowance")
