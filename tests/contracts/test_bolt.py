"""BOLT as a token: ERC-20, permit, authorizations with bitmap nonces, redemption."""

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data

from gridplus.contracts import calls, parse_log
from gridplus.contracts.abi import call_data, selector, view_of
from gridplus.contracts.logs import RedemptionPaid, RedemptionQueued, Transferred
from gridplus.wallet import domain_separator
from tests.contracts.evm import CHAIN_ID, Signer, signer
from tests.contracts.street import BOLT, HUB, ISSUER, MINTER, STRANGER, Street

ADA, BOB = signer("ada"), signer("bob")
NONCE = bytes(31) + b"\x05"
FIELDS = ["from", "to", "value", "validAfter", "validBefore", "nonce"]
ARGUMENTS = "address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,bytes32"


@pytest.fixture
def rich(street: Street) -> Street:
    street.do(MINTER, street.bolt, calls.mint(ADA.address, 100 * BOLT))
    return street


def sign_typed(
    street: Street, by: Signer, struct: str, message: dict[str, object]
) -> tuple[int, bytes, bytes]:
    """(v, r, s) by eth-account: how any wallet signs, without our own digests."""
    kinds = {"from": "address", "to": "address", "owner": "address", "spender": "address"}
    kinds |= {"authorizer": "address", "nonce": "uint256" if struct == "Permit" else "bytes32"}
    members = [{"name": name, "type": kinds.get(name, "uint256")} for name in message]
    domain = {
        "name": "BOLT",
        "version": "1",
        "chainId": CHAIN_ID,
        "verifyingContract": "0x" + street.bolt.hex(),
    }
    values = {
        name: "0x" + value.hex() if isinstance(value, bytes) and len(value) == 20 else value
        for name, value in message.items()
    }
    signed = Account.sign_message(encode_typed_data(domain, {struct: members}, values), by.secret)
    return signed.v, signed.r.to_bytes(32, "big"), signed.s.to_bytes(32, "big")


def pay(
    street: Street,
    function: str,
    *,
    nonce: bytes = NONCE,
    after: int = 0,
    before: int | None = None,
) -> bytes:
    """Calldata: Ada pays Bob 7 BOLT by an authorization of the kind that `function` takes."""
    before = street.evm.now_s + 100 if before is None else before
    message = dict(
        zip(FIELDS, [ADA.address, BOB.address, 7 * BOLT, after, before, nonce], strict=True)
    )
    v, r, s = sign_typed(street, ADA, function[0].upper() + function[1:], message)
    return call_data(f"{function}({ARGUMENTS})", *message.values(), v, r, s)


def used(street: Street, nonce: bytes) -> bool:
    view = view_of("authorizationState(address,bytes32)", "bool", ADA.address, nonce)
    return bool(street.ask(street.bolt, view))


def test_the_token_says_what_it_is(street: Street) -> None:
    assert street.ask(street.bolt, view_of("name()", "string")) == "BOLT"
    assert street.ask(street.bolt, view_of("symbol()", "string")) == "BOLT"
    assert street.ask(street.bolt, view_of("decimals()", "uint8")) == 6
    separator = street.ask(street.bolt, calls.domain_separator())
    assert separator == domain_separator(street.token_domain)


def test_a_transfer_moves_what_the_sender_has_and_no_more(rich: Street) -> None:
    """I-TK-8"""
    over = calls.transfer(BOB.address, 100 * BOLT + 1)
    assert rich.refused(ADA, rich.bolt, over) == "over balance"
    assert rich.refused(ADA, rich.bolt, calls.transfer(bytes(20), 1)) == "bad receiver"
    assert rich.refused(ADA, rich.bolt, calls.transfer(rich.bolt, 1)) == "bad receiver"
    outcome = rich.do(ADA, rich.bolt, calls.transfer(BOB.address, 30 * BOLT))
    (log,) = outcome.logs
    assert parse_log(log[1], log[2]) == Transferred(ADA.address, BOB.address, 30 * BOLT)
    assert (rich.balance(ADA.address), rich.balance(BOB.address)) == (70 * BOLT, 30 * BOLT)


def test_a_transfer_to_oneself_changes_nothing(rich: Street) -> None:
    rich.do(ADA, rich.bolt, calls.transfer(ADA.address, 100 * BOLT))
    assert rich.balance(ADA.address) == 100 * BOLT


def test_a_spender_stays_within_his_allowance(rich: Street) -> None:
    take = call_data("transferFrom(address,address,uint256)", ADA.address, BOB.address, 6 * BOLT)
    assert rich.refused(BOB, rich.bolt, take) == "over allowance"
    rich.do(ADA, rich.bolt, calls.approve(BOB.address, 10 * BOLT))
    rich.do(BOB, rich.bolt, take)
    assert rich.refused(BOB, rich.bolt, take) == "over allowance"
    assert rich.balance(BOB.address) == 6 * BOLT


def permit(street: Street, by: Signer, *, nonce: int, deadline: int) -> bytes:
    message = {
        "owner": ADA.address,
        "spender": BOB.address,
        "value": 5 * BOLT,
        "nonce": nonce,
        "deadline": deadline,
    }
    v, r, s = sign_typed(street, by, "Permit", message)
    function = "permit(address,address,uint256,uint256,uint8,bytes32,bytes32)"
    return call_data(function, ADA.address, BOB.address, 5 * BOLT, deadline, v, r, s)


def test_a_permit_counts_once_and_only_in_time_and_by_the_owner(rich: Street) -> None:
    deadline = rich.evm.now_s + 1000
    by_bob = permit(rich, BOB, nonce=0, deadline=deadline)
    assert rich.refused(BOB, rich.bolt, by_bob) == "not the signer"
    late = permit(rich, ADA, nonce=0, deadline=rich.evm.now_s - 1)
    assert rich.refused(BOB, rich.bolt, late) == "expired"
    good = permit(rich, ADA, nonce=0, deadline=deadline)
    rich.do(STRANGER, rich.bolt, good)
    allowance = view_of("allowance(address,address)", "uint256", ADA.address, BOB.address)
    assert rich.ask(rich.bolt, allowance) == 5 * BOLT
    assert rich.refused(STRANGER, rich.bolt, good) == "not the signer"


def test_the_zero_address_has_signed_nothing(rich: Street) -> None:
    function = "permit(address,address,uint256,uint256,uint8,bytes32,bytes32)"
    arguments = (bytes(20), BOB.address, BOLT, rich.evm.now_s + 10)
    nobody = call_data(function, *arguments, 27, bytes(32), bytes(32))
    assert rich.refused(BOB, rich.bolt, nobody) == "not the signer"
    shapeless = call_data(function, *arguments, 29, bytes(32), bytes(32))
    assert rich.refused(BOB, rich.bolt, shapeless) == "malformed signature"
    high = call_data(function, *arguments, 27, bytes(32), b"\xff" * 32)
    assert rich.refused(BOB, rich.bolt, high) == "malformed signature"


def test_an_authorized_transfer_is_relayed_once_by_anybody(rich: Street) -> None:
    data = pay(rich, "transferWithAuthorization")
    assert not used(rich, NONCE)
    rich.do(STRANGER, rich.bolt, data)
    assert rich.balance(BOB.address) == 7 * BOLT
    assert used(rich, NONCE)
    assert rich.refused(STRANGER, rich.bolt, data) == "nonce used"
    forged = data[:-1] + bytes([data[-1] ^ 1])
    assert rich.refused(STRANGER, rich.bolt, forged) == "not the signer"


def test_an_authorized_payment_is_taken_only_by_its_receiver(rich: Street) -> None:
    data = pay(rich, "receiveWithAuthorization")
    assert rich.refused(STRANGER, rich.bolt, data) == "not the receiver"
    as_transfer = selector(f"transferWithAuthorization({ARGUMENTS})") + data[4:]
    assert rich.refused(STRANGER, rich.bolt, as_transfer) == "not the signer"
    rich.do(BOB, rich.bolt, data)
    assert rich.balance(BOB.address) == 7 * BOLT
    assert rich.refused(BOB, rich.bolt, data) == "nonce used"


@pytest.mark.parametrize("function", ["transferWithAuthorization", "receiveWithAuthorization"])
def test_an_authorization_counts_only_between_its_two_instants(rich: Street, function: str) -> None:
    now_s = rich.evm.now_s
    early = pay(rich, function, after=now_s)
    assert rich.refused(BOB, rich.bolt, early) == "not yet valid"
    late = pay(rich, function, before=rich.evm.now_s)
    assert rich.refused(BOB, rich.bolt, late) == "expired"
    rich.do(BOB, rich.bolt, early)


def test_nonces_that_share_a_word_do_not_share_a_bit(rich: Street) -> None:
    first, second = bytes(31) + b"\x00", bytes(31) + b"\xff"
    rich.do(STRANGER, rich.bolt, pay(rich, "transferWithAuthorization", nonce=first))
    assert (used(rich, first), used(rich, second)) == (True, False)
    rich.do(STRANGER, rich.bolt, pay(rich, "transferWithAuthorization", nonce=second))
    assert used(rich, second)


def test_a_cancelled_authorization_pays_nobody(rich: Street) -> None:
    function = "cancelAuthorization(address,bytes32,uint8,bytes32,bytes32)"
    message: dict[str, object] = {"authorizer": ADA.address, "nonce": NONCE}
    by_bob = sign_typed(rich, BOB, "CancelAuthorization", message)
    wrong = call_data(function, ADA.address, NONCE, *by_bob)
    assert rich.refused(BOB, rich.bolt, wrong) == "not the signer"
    by_ada = sign_typed(rich, ADA, "CancelAuthorization", message)
    cancel = call_data(function, ADA.address, NONCE, *by_ada)
    rich.do(STRANGER, rich.bolt, cancel)
    assert rich.refused(BOB, rich.bolt, pay(rich, "transferWithAuthorization")) == "nonce used"
    assert rich.refused(STRANGER, rich.bolt, cancel) == "nonce used"


def test_a_redemption_burns_and_is_paid_in_any_order(rich: Street) -> None:
    supply = rich.ask(rich.bolt, calls.total_supply())
    assert rich.refused(ADA, rich.bolt, calls.redeem(BOLT - 1, NONCE)) == "below 1 BOLT"
    assert rich.refused(BOB, rich.bolt, calls.redeem(BOLT, NONCE)) == "over balance"
    rich.do(ADA, rich.bolt, calls.redeem(40 * BOLT, NONCE))
    log = rich.do(ADA, rich.bolt, calls.redeem(2 * BOLT, NONCE)).logs[1]
    queued = RedemptionQueued(1, ADA.address, 2 * BOLT, NONCE)
    assert parse_log(log[1], log[2]) == queued
    assert rich.balance(ADA.address) == 58 * BOLT
    assert rich.ask(rich.bolt, calls.total_supply()) == supply - 42 * BOLT

    assert rich.refused(ADA, rich.bolt, calls.mark_paid(1)) == "not the issuer"
    assert rich.refused(ISSUER, rich.bolt, calls.mark_paid(2)) == "nothing queued"
    (paid,) = rich.do(ISSUER, rich.bolt, calls.mark_paid(1)).logs
    assert parse_log(paid[1], paid[2]) == RedemptionPaid(1)
    assert rich.refused(ISSUER, rich.bolt, calls.mark_paid(1)) == "nothing queued"
    rich.do(ISSUER, rich.bolt, calls.mark_paid(0))


def test_no_role_has_power_over_a_balance(rich: Street) -> None:
    take = call_data("transferFrom(address,address,uint256)", ADA.address, HUB.address, 1)
    for role in (ISSUER, MINTER, HUB, STRANGER):
        assert rich.refused(role, rich.bolt, take) == "over allowance"
    for missing in ("burn(address,uint256)", "freeze(address,uint256)"):
        data = call_data(missing, ADA.address, 1)
        assert not rich.evm.send(ISSUER, rich.bolt, data).ok
    assert rich.balance(ADA.address) == 100 * BOLT
