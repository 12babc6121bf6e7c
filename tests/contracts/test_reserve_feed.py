"""The feed says what k of n attestors signed, and BOLT mints by it as by one attestor's key."""

from dataclasses import replace

import pytest

from gridplus.contracts import calls, parse_log, reserve_feed
from gridplus.contracts.reserve_feed import Attested, Round
from gridplus.wallet import (
    Address,
    Domain,
    FeedAttestation,
    attestation_digest,
    feed_domain,
)
from tests.contracts.evm import CHAIN_ID, Reverted, Signer, signer
from tests.contracts.street import (
    ATTESTOR,
    BOLT,
    DAY_S,
    DEPLOYER,
    HUB,
    ISSUER,
    MINTER,
    RESERVE,
    STRANGER,
    Street,
)

ANN, BEN, CEM = (signer(f"attestor {name}") for name in ("ann", "ben", "cem"))
TRIO = (ANN, BEN, CEM)


class Panel:
    """A feed that needs two of Ann, Ben and Cem."""

    def __init__(self, street: Street) -> None:
        self.street = street
        keys = [who.address for who in TRIO]
        code = reserve_feed.init_code(street.bolt, keys, quorum=2)
        self.feed: Address = street.evm.deploy(DEPLOYER, code)

    def seen(self, **other: int) -> FeedAttestation:
        """What an honest attestor sees now, or something else."""
        supply = self.street.ask(self.street.bolt, calls.total_supply())
        honest = FeedAttestation(self.street.bolt, self.street.evm.now_s, supply, RESERVE)
        return replace(honest, **other)  # type: ignore[arg-type]

    def signed(self, said: FeedAttestation, *by: Signer, domain: Domain | None = None) -> bytes:
        digest = attestation_digest(domain or feed_domain(CHAIN_ID, self.feed), said)
        return reserve_feed.attest(
            said.time_s,
            supply_seen=said.supply_seen,
            reserve=said.reserve,
            signatures={who.address: who.sign(digest) for who in by},
        )

    def attest(self, said: FeedAttestation) -> object:
        (log,) = self.street.do(STRANGER, self.feed, self.signed(said, ANN, CEM)).logs
        return parse_log(log[1], log[2])

    def refused(self, data: bytes) -> str:
        return self.street.refused(STRANGER, self.feed, data)


@pytest.fixture
def panel(street: Street) -> Panel:
    return Panel(street)


def test_what_two_of_three_signed_is_read_like_an_aggregator(panel: Panel) -> None:
    ask, feed = panel.street.ask, panel.feed
    for view in (reserve_feed.latest_round(), reserve_feed.round_data(0)):
        with pytest.raises(Reverted, match="no such round"):
            ask(feed, view)
    first = panel.seen()
    log = panel.attest(first)
    assert log == Attested(1, first.time_s, first.supply_seen, RESERVE)
    second = panel.seen(reserve=RESERVE - 1)
    panel.attest(second)
    newest = Round(2, RESERVE - 1, second.time_s, second.time_s, 2)
    assert ask(feed, reserve_feed.latest_round()) == newest
    assert ask(feed, reserve_feed.round_data(1)).answer == RESERVE
    with pytest.raises(Reverted, match="no such round"):
        ask(feed, reserve_feed.round_data(3))
    assert ask(feed, reserve_feed.attestation()) == (second.time_s, second.supply_seen, RESERVE - 1)
    assert ask(feed, reserve_feed.decimals()) == 6
    assert ask(feed, reserve_feed.version()) == 1
    assert ask(feed, reserve_feed.description()) == "BOLT reserve / USD"
    assert ask(feed, reserve_feed.is_attestor(BEN.address))
    assert not ask(feed, reserve_feed.is_attestor(ATTESTOR.address))


def test_fewer_than_the_quorum_say_nothing(panel: Panel) -> None:
    """I-TK-4. One alone, one twice, one and a stranger, and three where two are asked for."""
    said = panel.seen()
    for alone in (panel.signed(said, ANN), panel.signed(said), panel.signed(said, *TRIO)):
        assert panel.refused(alone) == "not a quorum"
    for friend in (STRANGER, ATTESTOR):
        assert panel.refused(panel.signed(said, ANN, friend)) == "not an attestor"
    one = panel.signed(said, ANN)[-64:]
    head = panel.signed(said, ANN, CEM)[:-128]
    assert panel.refused(head + one + one) == "signers do not rise"
    both = panel.signed(said, ANN, CEM)[-128:]
    assert panel.refused(head + both[64:] + both[:64]) == "signers do not rise"
    assert panel.refused(head + one + bytes(64)) in ("signers do not rise", "not an attestor")
    assert panel.refused(head + bytes(64) + one) == "signers do not rise"
    panel.attest(said)


def test_they_sign_for_one_token_chain_feed_time_and_sum(panel: Panel) -> None:
    """I-TK-4."""
    said = panel.seen()
    for domain in (
        feed_domain(CHAIN_ID + 1, panel.feed),
        feed_domain(CHAIN_ID, panel.street.bolt),
        panel.street.token_domain,
    ):
        foreign = panel.signed(said, ANN, CEM, domain=domain)
        assert panel.refused(foreign) in ("not an attestor", "signers do not rise")
    other_token = panel.signed(replace(said, token=panel.street.vault), ANN, CEM)
    assert panel.refused(other_token) in ("not an attestor", "signers do not rise")
    data = panel.signed(said, ANN, CEM)
    more = reserve_feed.attest(
        said.time_s, supply_seen=said.supply_seen, reserve=said.reserve + 1, signatures={}
    )
    forged = more[: 4 + 3 * 32] + data[4 + 3 * 32 :]
    assert panel.refused(forged) in ("not an attestor", "signers do not rise")


def test_an_attestation_is_newer_than_the_last_and_of_the_last_day(panel: Panel) -> None:
    """I-TK-5."""
    said = panel.seen()
    panel.attest(said)
    assert panel.refused(panel.signed(said, ANN, CEM)) == "not newer"
    older = panel.seen(time_s=said.time_s - 1)
    assert panel.refused(panel.signed(older, ANN, BEN)) == "not newer"
    early = panel.seen(time_s=panel.street.evm.now_s + 60)
    assert panel.refused(panel.signed(early, ANN, BEN)) == "from the future"
    late = panel.signed(panel.seen(), BEN, CEM)
    panel.street.evm.pass_time(DAY_S + 1)
    assert panel.refused(late) == "stale attestation"
    panel.attest(panel.seen())


def test_an_attestor_neither_mints_nor_issues(panel: Panel) -> None:
    """I-TK-4."""
    street = panel.street
    street.do(ISSUER, street.bolt, calls.set_minter(CEM.address, 1))
    assert panel.refused(panel.signed(panel.seen(), ANN, CEM)) == "an attestor mints"
    street.do(ISSUER, street.bolt, calls.set_minter(CEM.address, 0))
    panel.attest(panel.seen())
    pair = reserve_feed.init_code(street.bolt, [ANN.address, ISSUER.address], quorum=2)
    panel.feed = street.evm.deploy(DEPLOYER, pair)
    assert panel.refused(panel.signed(panel.seen(), ANN, ISSUER)) == "an attestor is the issuer"


@pytest.mark.parametrize(
    ("attestors", "quorum", "why"),
    [
        ([], 0, "bad quorum"),
        ([ANN.address], 0, "bad quorum"),
        ([ANN.address], 2, "bad quorum"),
        ([ANN.address, ANN.address], 2, "attestors do not rise"),
        ([bytes(20), ANN.address], 1, "attestors do not rise"),
    ],
)
def test_a_feed_has_distinct_attestors_and_a_quorum_of_them(
    street: Street, attestors: list[bytes], quorum: int, why: str
) -> None:
    code = reserve_feed.init_code(street.bolt, attestors, quorum=quorum)
    with pytest.raises(Reverted, match=why):
        street.evm.deploy(DEPLOYER, code)


def test_a_feed_is_of_a_token(street: Street) -> None:
    code = reserve_feed.init_code(STRANGER.address, [ANN.address], quorum=1)
    with pytest.raises(Reverted, match="token is no contract"):
        street.evm.deploy(DEPLOYER, code)


def read_by(panel: Panel) -> None:
    """BOLT takes its attestations from the panel's feed from now on."""
    street = panel.street
    street.do(ISSUER, street.bolt, calls.set_attestor(panel.feed))


def test_bolt_mints_by_what_its_feed_says(panel: Panel) -> None:
    """I-TK-5. The same rules as for a key: newer than the last mint, never beyond the reserve."""
    street = panel.street
    read = reserve_feed.read_reserve()
    read_by(panel)
    assert street.refused(STRANGER, street.bolt, read) == "no such round"
    said = panel.seen()
    panel.attest(replace(said, reserve=said.supply_seen + 5 * BOLT))
    street.do(STRANGER, street.bolt, read)
    assert street.ask(street.bolt, calls.mintable()) == 5 * BOLT
    over = calls.mint(HUB.address, 5 * BOLT + 1)
    assert street.refused(MINTER, street.bolt, over) == "over attested reserve"
    street.do(MINTER, street.bolt, calls.mint(HUB.address, 5 * BOLT))
    assert street.refused(STRANGER, street.bolt, read) == "not newer"

    before_the_mint = panel.seen(time_s=panel.street.evm.now_s)
    street.do(ISSUER, street.bolt, calls.set_minter(MINTER.address, BOLT))
    panel.attest(before_the_mint)
    street.do(STRANGER, street.bolt, read)
    street.do(MINTER, street.bolt, calls.mint(HUB.address, BOLT))
    stale = panel.seen(time_s=before_the_mint.time_s + 1)
    panel.attest(stale)
    why = street.refused(STRANGER, street.bolt, read)
    assert why == "older than the last mint or payment"


def test_a_key_is_not_read_and_a_feed_does_not_sign(panel: Panel) -> None:
    """I-TK-5. Each attestor has one way to speak."""
    street = panel.street
    assert street.refused(STRANGER, street.bolt, reserve_feed.read_reserve()) == "Revert"
    read_by(panel)
    supply, now_s = street.ask(street.bolt, calls.total_supply()), street.evm.now_s
    for who in (ATTESTOR, ANN):
        data = street.attestation(now_s, supply, RESERVE, who)
        assert street.refused(STRANGER, street.bolt, data) == "not the attestor"


def test_a_feed_that_saw_less_than_the_supply_is_not_taken(panel: Panel) -> None:
    """I-TK-5."""
    street = panel.street
    read_by(panel)
    said = panel.seen()
    panel.attest(replace(said, supply_seen=said.supply_seen - 1))
    why = street.refused(STRANGER, street.bolt, reserve_feed.read_reserve())
    assert why == "saw less than the supply"
    street.evm.pass_time(DAY_S + 1)
    panel.attest(panel.seen(time_s=street.evm.now_s - DAY_S))
    street.evm.pass_time(2)
    why = street.refused(STRANGER, street.bolt, reserve_feed.read_reserve())
    assert why == "stale attestation"
