"""Credits are redeemed by their holder alone, once, in time, and within his limit."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridplus.contracts import kwh_credits, parse_log
from gridplus.contracts.kwh_credits import SignedRedemption
from gridplus.wallet import (
    Address,
    ChannelId,
    Domain,
    Redemption,
    attestation_digest,
    credits_domain,
)
from tests.contracts.evm import CHAIN_ID, Reverted, Signer, signer
from tests.contracts.street import (
    DAY_S,
    DEPLOYER,
    RETAILER,
    STRANGER,
    Street,
    new_street,
)

ADA, BOB = signer("ada"), signer("bob")
HOME, OTHER_HOME = ChannelId(b"\x01" * 32), ChannelId(b"\x02" * 32)
LIMIT, PERIOD_S = 300_000, 30 * DAY_S


class Counter:
    """Credits of a retailer: 300 kWh in 30 days; Ada holds 500 kWh for two more periods."""

    def __init__(self, street: Street) -> None:
        self.street = street
        code = kwh_credits.init_code(RETAILER.address, limit_wh=LIMIT, period_s=PERIOD_S)
        self.address: Address = street.evm.deploy(DEPLOYER, code)
        self.expires_at_s = street.evm.now_s + 2 * PERIOD_S
        self.do(RETAILER, self.grant(ADA, 500_000))

    def grant(self, holder: Signer, amount_wh: int) -> bytes:
        return kwh_credits.grant(
            holder.address, expires_at_s=self.expires_at_s, amount_wh=amount_wh
        )

    def redeem(self, amount_wh: int, channel: ChannelId = HOME) -> bytes:
        return kwh_credits.redeem(channel, amount_wh=amount_wh, expires_at_s=self.expires_at_s)

    def signed(
        self, holder: Signer, amount_wh: int, *, domain: Domain | None = None, **other: int
    ) -> SignedRedemption:
        said = Redemption(
            HOME,
            amount_wh,
            self.expires_at_s,
            other.get("period", self.period),
            other.get("nonce", self.ask(kwh_credits.nonce_of(holder.address))),
        )
        digest = attestation_digest(domain or credits_domain(CHAIN_ID, self.address), said)
        return SignedRedemption(
            holder.address, HOME, amount_wh, said.expires_at_s, said.period, holder.sign(digest)
        )

    @property
    def period(self) -> int:
        return self.ask(kwh_credits.period())

    def ask(self, view: kwh_credits.View[int]) -> int:
        return self.street.ask(self.address, view)

    def lot(self, holder: Signer) -> int:
        return self.ask(kwh_credits.lot(holder.address, self.expires_at_s))

    def do(self, sender: Signer, data: bytes) -> object:
        (log,) = self.street.do(sender, self.address, data).logs
        return parse_log(log[1], log[2])

    def refused(self, sender: Signer, data: bytes) -> str:
        return self.street.refused(sender, self.address, data)

    def refused_signed(self, signed: SignedRedemption) -> str:
        return self.refused(STRANGER, kwh_credits.redeem_signed(signed))


@pytest.fixture
def counter(street: Street) -> Counter:
    return Counter(street)


def test_a_holder_redeems_from_his_lot(counter: Counter) -> None:
    log = counter.do(ADA, counter.redeem(100_000))
    assert log == kwh_credits.Redeemed(HOME, ADA.address, counter.period, 100_000)
    assert counter.lot(ADA) == 400_000
    assert counter.ask(kwh_credits.redeemed_in(ADA.address, counter.period)) == 100_000
    assert counter.ask(kwh_credits.redeemed_wh()) == 100_000


def test_nobody_else_redeems_it(counter: Counter) -> None:
    """I-CR-1."""
    assert counter.refused(BOB, counter.redeem(1)) == "over the lot"
    stolen = replace(counter.signed(BOB, 1), holder=ADA.address)
    assert counter.refused_signed(stolen) == "not the holder"
    unsigned = replace(counter.signed(ADA, 1), holder=bytes(20), signature=bytes(64))
    assert counter.refused_signed(unsigned) == "not the holder"


def test_a_relayer_changes_nothing_of_what_the_holder_signed(counter: Counter) -> None:
    """I-CR-1."""
    signed = counter.signed(ADA, 100)
    for forged in (
        replace(signed, channel=OTHER_HOME),
        replace(signed, amount_wh=101),
        replace(signed, expires_at_s=signed.expires_at_s + 1),
        replace(signed, holder=BOB.address),
    ):
        assert counter.refused_signed(forged) == "not the holder"
    log = counter.do(STRANGER, kwh_credits.redeem_signed(signed))
    assert log == kwh_credits.Redeemed(HOME, ADA.address, counter.period, 100)


def test_a_signed_redemption_counts_once_here_and_nowhere_else(counter: Counter) -> None:
    """I-CR-2. The 2017 redemption signature could be replayed."""
    signed = counter.signed(ADA, 100)
    counter.do(STRANGER, kwh_credits.redeem_signed(signed))
    assert counter.refused_signed(signed) == "not the holder"
    assert counter.refused_signed(counter.signed(ADA, 100, nonce=2)) == "not the holder"
    for domain in (
        credits_domain(CHAIN_ID + 1, counter.address),
        credits_domain(CHAIN_ID, counter.street.vault),
    ):
        foreign = counter.signed(ADA, 100, domain=domain)
        assert counter.refused_signed(foreign) == "not the holder"
    assert counter.lot(ADA) == 499_900
    counter.do(STRANGER, kwh_credits.redeem_signed(counter.signed(ADA, 100)))


def test_a_signed_redemption_is_not_held_back_into_another_period(counter: Counter) -> None:
    """I-CR-2."""
    signed, early = counter.signed(ADA, 100), counter.signed(ADA, 100, period=counter.period + 1)
    assert counter.refused_signed(early) == "not this period"
    counter.street.evm.pass_time(PERIOD_S)
    assert counter.refused_signed(signed) == "not this period"
    counter.do(STRANGER, kwh_credits.redeem_signed(early))


def test_a_holder_takes_back_what_he_signed(counter: Counter) -> None:
    """I-CR-2."""
    signed = counter.signed(ADA, 100)
    log = counter.do(ADA, kwh_credits.raise_nonce())
    assert log == kwh_credits.NonceRaised(ADA.address, 1)
    assert counter.refused_signed(signed) == "not the holder"


def test_a_holder_redeems_to_his_limit_and_again_in_the_next_period(counter: Counter) -> None:
    """I-CR-3. Whatever channels he names, himself or signed."""
    counter.do(RETAILER, counter.grant(BOB, LIMIT))
    counter.do(ADA, counter.redeem(LIMIT - 10))
    assert counter.refused(ADA, counter.redeem(11, OTHER_HOME)) == "over the limit"
    assert counter.refused_signed(counter.signed(ADA, 11)) == "over the limit"
    counter.do(ADA, counter.redeem(10))
    assert counter.refused(ADA, counter.redeem(1)) == "over the limit"
    counter.do(BOB, counter.redeem(LIMIT))
    counter.street.evm.pass_time(PERIOD_S)
    assert counter.refused(ADA, counter.redeem(200_001)) == "over the lot"
    counter.do(ADA, counter.redeem(200_000))


def test_a_lot_expires(counter: Counter) -> None:
    """I-CR-4."""
    counter.street.evm.pass_time(counter.expires_at_s - 1 - counter.street.evm.now_s)
    counter.do(ADA, counter.redeem(1))
    assert counter.refused(ADA, counter.redeem(1)) == "lot has expired"
    assert counter.refused_signed(counter.signed(ADA, 1)) == "lot has expired"
    assert counter.refused(RETAILER, counter.grant(ADA, 1)) == "lot has expired"
    assert counter.lot(ADA) == 499_999


def test_only_the_retailer_grants_something_to_somebody(counter: Counter) -> None:
    assert counter.refused(ADA, counter.grant(ADA, 1)) == "not the retailer"
    assert counter.refused(RETAILER, counter.grant(ADA, 0)) == "zero amount"
    nobody = kwh_credits.grant(bytes(20), expires_at_s=counter.expires_at_s, amount_wh=1)
    assert counter.refused(RETAILER, nobody) == "zero holder"
    most = (1 << 64) - 1
    assert counter.refused(RETAILER, counter.grant(ADA, most)) == "Revert"
    log = counter.do(RETAILER, counter.grant(BOB, most))
    assert log == kwh_credits.Granted(BOB.address, counter.expires_at_s, most)


def test_a_redemption_is_of_something_for_somebody(counter: Counter) -> None:
    assert counter.refused(ADA, counter.redeem(0)) == "zero amount"
    assert counter.refused(ADA, counter.redeem(1, ChannelId(bytes(32)))) == "zero channel"


@pytest.mark.parametrize(
    ("retailer", "limit_wh", "period_s", "why"),
    [
        (bytes(20), LIMIT, PERIOD_S, "zero retailer"),
        (RETAILER.address, 0, PERIOD_S, "zero limit"),
        (RETAILER.address, LIMIT, 0, "zero period"),
    ],
)
def test_credits_without_retailer_limit_or_period_are_not_deployed(
    street: Street, retailer: bytes, limit_wh: int, period_s: int, why: str
) -> None:
    code = kwh_credits.init_code(retailer, limit_wh=limit_wh, period_s=period_s)
    with pytest.raises(Reverted, match=why):
        street.evm.deploy(DEPLOYER, code)


steps = st.one_of(
    st.tuples(
        st.sampled_from(["grant", "redeem", "relay", "replay"]),
        st.sampled_from([ADA, BOB]),
        st.integers(1, 200_000),
    ),
    st.tuples(st.just("wait"), st.just(ADA), st.integers(1, PERIOD_S)),
)


@settings(max_examples=10, deadline=None)
@given(st.lists(steps, max_size=14))
def test_what_was_granted_is_in_the_lots_or_redeemed_within_the_limits(
    course: list[tuple[str, Signer, int]],
) -> None:
    """I-CR-5."""
    counter = Counter(new_street())
    signed = counter.signed(ADA, 1)
    for step, who, amount in course:
        if step == "wait":
            counter.street.evm.pass_time(amount)
            continue
        if step == "relay":
            signed = counter.signed(who, amount)
        sender, data = {
            "grant": (RETAILER, counter.grant(who, amount)),
            "redeem": (who, counter.redeem(amount)),
            "relay": (STRANGER, kwh_credits.redeem_signed(signed)),
            "replay": (STRANGER, kwh_credits.redeem_signed(signed)),
        }[step]
        counter.street.evm.send(sender, counter.address, data)
        redeemed = counter.ask(kwh_credits.redeemed_wh())
        held = counter.lot(ADA) + counter.lot(BOB)
        assert counter.ask(kwh_credits.granted_wh()) == held + redeemed
        for holder in (ADA, BOB):
            used = counter.ask(kwh_credits.redeemed_in(holder.address, counter.period))
            assert used <= LIMIT
