"""A wrapped dollar is backed 1:1 by what it wraps, whatever it wraps; its face is BOLT's."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridplus.contracts import artifact, bolt_wrapper, calls, parse_log
from gridplus.contracts.abi import call_data
from gridplus.contracts.logs import Transferred
from gridplus.wallet import (
    ZERO_ADDRESS,
    Address,
    Authorization,
    bolt_domain,
    receive_authorization_digest,
)
from tests.contracts.dollars import dollar_init_code
from tests.contracts.evm import CHAIN_ID, Reverted, Signer, signer
from tests.contracts.street import BOLT, DEPLOYER, HUB, STRANGER, TREASURER, Street, new_street

ADA, BOB, THIEF = map(signer, ("ada", "bob", "thief"))


class Bureau:
    """A dollar, its wrapper, and Ada with 1,000 of it."""

    def __init__(self, street: Street, **kind: object) -> None:
        self.street = street
        code = dollar_init_code(**kind)  # type: ignore[arg-type]
        self.dollar: Address = street.evm.deploy(DEPLOYER, code)
        self.wrapper: Address = street.evm.deploy(DEPLOYER, bolt_wrapper.init_code(self.dollar))
        self.unit = street.ask(self.wrapper, bolt_wrapper.unit())
        self.pay_in(ADA, 1_000 * BOLT)

    def pay_in(self, holder: Signer, amount: int) -> None:
        data = call_data("mint(address,uint256)", holder.address, amount * self.unit)
        self.street.do(DEPLOYER, self.dollar, data)

    def wrap(self, amount: int, receiver: bytes = ADA.address) -> bytes:
        return bolt_wrapper.wrap(receiver, amount)

    def unwrap(self, amount: int, receiver: bytes = ADA.address) -> bytes:
        return bolt_wrapper.unwrap(receiver, amount)

    def do(self, sender: Signer, data: bytes) -> list[object]:
        logs = self.street.do(sender, self.wrapper, data).logs
        return [parse_log(topics, data) for _, topics, data in logs]

    def refused(self, sender: Signer, data: bytes) -> str:
        return self.street.refused(sender, self.wrapper, data)

    def dollars(self, holder: bytes) -> int:
        return self.street.ask(self.dollar, calls.balance_of(holder))

    def balance(self, holder: Signer) -> int:
        return self.street.ask(self.wrapper, calls.balance_of(holder.address))

    @property
    def supply(self) -> int:
        return self.street.ask(self.wrapper, calls.total_supply())

    @property
    def backing(self) -> int:
        return self.street.ask(self.wrapper, bolt_wrapper.backing())


@pytest.mark.parametrize("decimals", [6, 18])
def test_a_dollar_goes_in_and_the_same_comes_out(street: Street, decimals: int) -> None:
    bureau = Bureau(street, decimals=decimals)
    assert bureau.unit == 10 ** (decimals - 6)
    assert street.ask(bureau.wrapper, bolt_wrapper.underlying()) == bureau.dollar
    assert bureau.do(ADA, bureau.wrap(100 * BOLT, BOB.address)) == [
        Transferred(ZERO_ADDRESS, BOB.address, 100 * BOLT),
        bolt_wrapper.Wrapped(ADA.address, BOB.address, 100 * BOLT),
    ]
    assert (bureau.balance(ADA), bureau.balance(BOB)) == (0, 100 * BOLT)
    assert bureau.supply == bureau.backing == 100 * BOLT
    assert bureau.do(BOB, bureau.unwrap(40 * BOLT, HUB.address)) == [
        Transferred(BOB.address, ZERO_ADDRESS, 40 * BOLT),
        bolt_wrapper.Unwrapped(BOB.address, HUB.address, 40 * BOLT),
    ]
    assert bureau.dollars(HUB.address) == 40 * BOLT * bureau.unit
    assert bureau.supply == bureau.backing == 60 * BOLT


def test_nobody_takes_out_more_than_he_holds_or_puts_nothing_in(street: Street) -> None:
    """I-TK-2."""
    bureau = Bureau(street)
    bureau.do(ADA, bureau.wrap(100 * BOLT))
    assert bureau.refused(THIEF, bureau.unwrap(1)) == "over balance"
    assert bureau.refused(ADA, bureau.unwrap(100 * BOLT + 1)) == "over balance"
    assert bureau.refused(THIEF, bureau.wrap(1)) == "Revert"
    for nothing in (bureau.wrap(0), bureau.unwrap(0)):
        assert bureau.refused(ADA, nothing) == "zero amount"
    for nowhere in (bytes(20), bureau.wrapper):
        for data in (bureau.wrap(1, nowhere), bureau.unwrap(1, nowhere)):
            assert bureau.refused(ADA, data) == "bad receiver"
    much = (1 << 256) - 1
    wide = Bureau(street, decimals=18)
    assert wide.refused(ADA, wide.wrap(much)) == "Revert"


def test_a_dollar_that_answers_nothing_is_taken_at_its_balances(street: Street) -> None:
    bureau = Bureau(street, silent=True)
    bureau.do(ADA, bureau.wrap(100 * BOLT))
    bureau.do(ADA, bureau.unwrap(100 * BOLT))
    assert bureau.dollars(ADA.address) == 1_000 * BOLT


@pytest.mark.parametrize(
    ("mode", "why"),
    [
        ("says no", "underlying refused"),
        ("moves nothing", "underlying moved another amount"),
        ("fee on arrival", "underlying moved another amount"),
        ("arrives as more", "underlying moved another amount"),
        ("wraps again", "Revert"),
        ("unwraps again", "Revert"),
    ],
)
def test_a_hostile_dollar_is_refused_on_the_way_in(street: Street, mode: str, why: str) -> None:
    """I-TK-2. The same mint without what is wrong passes above."""
    bureau = Bureau(street, mode=mode)
    bureau.pay_in(Signer(b"", bureau.dollar), 1_000 * BOLT)
    assert bureau.refused(ADA, bureau.wrap(100 * BOLT)) == why
    assert bureau.supply == bureau.backing == 0


def test_a_dollar_that_comes_back_on_the_way_out_gets_nothing(street: Street) -> None:
    """I-TK-2."""
    for mode in ("wraps again", "unwraps again"):
        bureau = Bureau(street, mode="")
        bureau.do(ADA, bureau.wrap(100 * BOLT))
        bureau.do(ADA, calls.transfer(bureau.dollar, 40 * BOLT))
        bureau.pay_in(Signer(b"", bureau.dollar), 1_000 * BOLT)
        street.do(DEPLOYER, bureau.dollar, call_data("set_mode(string)", mode))
        assert bureau.refused(ADA, bureau.unwrap(40 * BOLT)) == "Revert"
        assert bureau.supply == bureau.backing == 100 * BOLT


def test_a_dollar_that_turns_bad_pays_in_full_or_burns_nothing(street: Street) -> None:
    """I-TK-2."""
    bureau = Bureau(street)
    bureau.do(ADA, bureau.wrap(100 * BOLT))
    for mode, why in (
        ("says no", "underlying refused"),
        ("moves nothing", "underlying moved another amount"),
    ):
        street.do(DEPLOYER, bureau.dollar, call_data("set_mode(string)", mode))
        assert bureau.refused(ADA, bureau.unwrap(40 * BOLT)) == why
    assert bureau.balance(ADA) == bureau.supply == bureau.backing == 100 * BOLT


def test_a_dollar_that_charges_its_sender_takes_nothing_of_what_backs_others(
    street: Street,
) -> None:
    """I-TK-2."""
    bureau = Bureau(street, mode="fee on sender")
    bureau.do(ADA, bureau.wrap(100 * BOLT))
    assert bureau.refused(ADA, bureau.unwrap(50 * BOLT)) == "underlying moved another amount"
    assert bureau.supply == bureau.backing == 100 * BOLT


def test_a_hole_stops_wrapping_and_nobody_new_pays_for_it(street: Street) -> None:
    """I-TK-3."""
    bureau = Bureau(street)
    bureau.pay_in(BOB, 1_000 * BOLT)
    bureau.do(ADA, bureau.wrap(100 * BOLT))
    lowered = call_data("set_balance(address,uint256)", bureau.wrapper, 90 * BOLT)
    street.do(DEPLOYER, bureau.dollar, lowered)
    assert bureau.backing < bureau.supply
    assert bureau.refused(BOB, bureau.wrap(10 * BOLT, BOB.address)) == "not backed"
    bureau.do(ADA, bureau.unwrap(90 * BOLT))
    assert bureau.refused(ADA, bureau.unwrap(10 * BOLT)) == "Revert"
    street.do(BOB, bureau.dollar, calls.transfer(bureau.wrapper, 10 * BOLT))
    bureau.do(BOB, bureau.wrap(10 * BOLT, BOB.address))
    assert bureau.backing == bureau.supply == 20 * BOLT


def test_a_frozen_receiver_loses_nothing_and_names_another(street: Street) -> None:
    bureau = Bureau(street)
    bureau.do(ADA, bureau.wrap(100 * BOLT))
    street.do(DEPLOYER, bureau.dollar, call_data("freeze(address)", ADA.address))
    assert bureau.refused(ADA, bureau.unwrap(100 * BOLT)) == "frozen"
    assert bureau.balance(ADA) == 100 * BOLT
    bureau.do(ADA, bureau.unwrap(100 * BOLT, BOB.address))


@pytest.mark.parametrize("decimals", [0, 5, 25, 255])
def test_a_dollar_of_other_decimals_is_not_wrapped(street: Street, decimals: int) -> None:
    with pytest.raises(Reverted, match="bad decimals"):
        Bureau(street, decimals=decimals)


def test_what_is_no_token_is_not_wrapped(street: Street) -> None:
    with pytest.raises(Reverted, match="underlying is no contract"):
        street.evm.deploy(DEPLOYER, bolt_wrapper.init_code(ADA.address))
    with pytest.raises(Reverted, match="Revert"):
        street.evm.deploy(DEPLOYER, bolt_wrapper.init_code(street.anchor))


def test_a_vault_takes_a_wrapped_dollar_as_it_takes_bolt(street: Street) -> None:
    """I-TK-1. Ada deposits by an EIP-3009 authorization that a stranger relays."""
    bureau = Bureau(street)
    bureau.do(ADA, bureau.wrap(100 * BOLT))
    street.bolt = bureau.wrapper
    street.vault = street.evm.deploy(
        DEPLOYER,
        calls.vault_init_code(bureau.wrapper, hub=HUB.address, treasurer=TREASURER.address),
    )
    home = street.home("ada", daily_cap=20)
    bureau.do(ADA, calls.transfer(home.owner.address, 100 * BOLT))
    deposit = street.authorized_deposit(home, 60 * BOLT, number=0)
    street.do(STRANGER, street.vault, calls.deposit_with_authorization(deposit))
    assert street.word(home).deposited == 60 * BOLT
    replayed = calls.deposit_with_authorization(deposit)
    assert street.refused(STRANGER, street.vault, replayed) == "nonce used"


def test_the_two_tokens_have_one_face_and_two_domains(street: Street) -> None:
    """I-TK-1."""
    bureau = Bureau(street)
    shared = {
        entry["name"]
        for entry in artifact("bolt").abi
        if entry["type"] == "function" and entry["name"][0].islower()
    } & {entry.get("name") for entry in artifact("bolt_wrapper").abi}
    assert {"permit", "receiveWithAuthorization", "transferWithAuthorization", "nonces"} <= shared
    domains = [bolt_domain(CHAIN_ID, token) for token in (street.bolt, bureau.wrapper)]
    separators = [street.ask(domain.contract, calls.domain_separator()) for domain in domains]
    assert separators[0] != separators[1]
    promise = Authorization(ADA.address, BOB.address, BOLT, 0, 1 << 40, bytes(32))
    bureau.do(ADA, bureau.wrap(BOLT))
    for domain, refusal in zip(domains, ("not the signer", ""), strict=True):
        signature = ADA.sign(receive_authorization_digest(domain, promise))
        s = int.from_bytes(signature[32:], "big")
        data = call_data(
            "receiveWithAuthorization"
            "(address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,bytes32)",
            promise.payer,
            promise.receiver,
            promise.value_ubolt,
            0,
            1 << 40,
            bytes(32),
            27 + (s >> 255),
            signature[:32],
            (s & (1 << 255) - 1).to_bytes(32, "big"),
        )
        assert street.evm.send(BOB, bureau.wrapper, data).reason == refusal


moves = st.tuples(
    st.sampled_from(["wrap", "unwrap", "transfer", "donate"]),
    st.sampled_from([(ADA, BOB), (BOB, ADA)]),
    st.one_of(st.integers(1, 60 * BOLT), st.just(1)),
)


@settings(max_examples=8, deadline=None)
@given(course=st.lists(moves, max_size=12), decimals=st.sampled_from([6, 18]))
def test_the_supply_is_always_backed_and_every_dollar_comes_out_again(
    course: list[tuple[str, tuple[Signer, Signer], int]], decimals: int
) -> None:
    """I-TK-2."""
    bureau = Bureau(new_street(), decimals=decimals)
    bureau.pay_in(BOB, 1_000 * BOLT)
    donated = 0
    for move, (who, to), amount in course:
        target, data = {
            "wrap": (bureau.wrapper, bureau.wrap(amount, to.address)),
            "unwrap": (bureau.wrapper, bureau.unwrap(amount, to.address)),
            "transfer": (bureau.wrapper, calls.transfer(to.address, amount)),
            "donate": (bureau.dollar, calls.transfer(bureau.wrapper, amount * bureau.unit)),
        }[move]
        outcome = bureau.street.evm.send(who, target, data)
        donated += amount if move == "donate" and outcome.ok else 0
        assert bureau.backing == bureau.supply + donated
        assert bureau.supply == bureau.balance(ADA) + bureau.balance(BOB)
    for who in (ADA, BOB):
        if bureau.balance(who):
            bureau.do(who, bureau.unwrap(bureau.balance(who), who.address))
    assert (
        bureau.dollars(ADA.address) + bureau.dollars(BOB.address)
        == (2_000 * BOLT - donated) * bureau.unit
    )
