"""The truth is what a real chain says: bills and prices anchored, vouchers claimed."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from gridplus.chain import Account, Call
from gridplus.chain.deployment import Deployment
from gridplus.chain.embedded import EmbeddedChain, Genesis
from gridplus.contracts import calls
from gridplus.failures import InputError
from gridplus.tariff import BillDocument
from gridplus.verify import ChainTruth, anchor_period, fetch_truth, verify_bill
from gridplus.wallet import bolt_domain, reserve_attestation_digest
from tests.tariff.examples import SPRING
from tests.verify.signed_day import HUB, Place, signed_day, wallet_key

ISSUER, ATTESTOR, TREASURER, PUBLISHER = (
    wallet_key(name) for name in (b"issuer", b"attestor", b"treasurer", b"publisher")
)
CHAIN_ID = 31_337
DEPOSIT_UBOLT = 60_000_000


class AfterTheDay:
    """A clock that stands at noon of the day after."""

    def now_s(self) -> int:
        return anchor_period(SPRING) * 86_400 + 36 * 3_600


@pytest.fixture(scope="module")
def chain() -> Iterator[EmbeddedChain]:
    funded = {key.address: 10**21 for key in (ISSUER, HUB, PUBLISHER)}
    with EmbeddedChain(None, AfterTheDay(), genesis=Genesis(CHAIN_ID, funded)) as chain:
        yield chain


@pytest.fixture(scope="module")
def deployment(chain: EmbeddedChain) -> Deployment:
    issuer = Account(ISSUER, chain)
    bolt = issuer.deploy(
        calls.bolt_init_code(
            ISSUER.address, ATTESTOR.address, minter=HUB.address, minter_allowance=10**12
        )
    )
    code = calls.vault_init_code(bolt, hub=HUB.address, treasurer=TREASURER.address)
    vault, anchor = issuer.deploy(code), issuer.deploy(calls.anchor_init_code())
    return Deployment(CHAIN_ID, bolt, vault, anchor, PUBLISHER.address)


@pytest.fixture(scope="module")
def day(deployment: Deployment) -> tuple[BillDocument, ChainTruth]:
    return signed_day(at=Place(CHAIN_ID, deployment.vault, deployment.anchor))


@pytest.fixture(scope="module")
def before(
    chain: EmbeddedChain, deployment: Deployment, day: tuple[BillDocument, ChainTruth]
) -> ChainTruth:
    """What the chain says before anybody opened, claimed or anchored anything."""
    return fetch_truth(chain, deployment, bill=day[0])


@pytest.fixture(scope="module")
def after(
    chain: EmbeddedChain,
    deployment: Deployment,
    day: tuple[BillDocument, ChainTruth],
    before: ChainTruth,
) -> ChainTruth:
    """What it says at the end of the day."""
    bill, expected = day
    pay_on_chain(chain, deployment, bill=bill)
    period, root = anchor_period(SPRING), expected.bill_root
    assert root is not None
    bills = calls.anchor(
        period,
        calls.ANCHOR_BILLS,
        root=root.hash,
        spent=root.spent_ubolt,
        earned=root.earned_ubolt,
    )
    prices = calls.anchor(period, calls.ANCHOR_PRICES, root=bill.prices.digest)
    anchors = [Call(deployment.anchor, data) for data in (bills, prices)]
    Account(PUBLISHER, chain).transact_many(anchors)
    return fetch_truth(chain, deployment, bill=bill)


def pay_on_chain(chain: EmbeddedChain, deployment: Deployment, *, bill: BillDocument) -> None:
    """Mint against an attested reserve, open the home's channel, claim its last voucher."""
    who, closing = bill.identity, bill.closing
    hub, at_s = Account(HUB, chain), AfterTheDay().now_s()
    ask = calls.next_seq()
    seq = ask.decode(chain.call(deployment.vault, ask.calldata))
    attested = reserve_attestation_digest(
        bolt_domain(CHAIN_ID, deployment.bolt), time_s=at_s, supply_seen=0, reserve=10**12
    )
    signature = ATTESTOR.sign(attested)
    voucher = bill.intervals[-1].evidence.voucher
    assert voucher is not None
    item = calls.ClaimItem(who.cfg, closing.spent_ubolt, closing.earned_ubolt, voucher)
    for contract, data in (
        (
            deployment.bolt,
            calls.attest_reserve(at_s, supply_seen=0, reserve=10**12, signature=signature),
        ),
        (deployment.bolt, calls.mint(HUB.address, DEPOSIT_UBOLT * 2)),
        (deployment.bolt, calls.approve(deployment.vault, calls.UNLIMITED)),
        (deployment.vault, calls.deposit(who.voucher_key, who.cfg, amount=DEPOSIT_UBOLT)),
        (deployment.vault, calls.fund_pool(DEPOSIT_UBOLT)),
        (deployment.vault, calls.claim([item], fund=0, seq=seq)),
    ):
        hub.transact(Call(contract, data))


def test_a_bill_holds_against_what_the_chain_says(
    day: tuple[BillDocument, ChainTruth], after: ChainTruth
) -> None:
    bill, expected = day
    assert after == replace(expected, deposited_ubolt=DEPOSIT_UBOLT)
    assert [check.detail for check in verify_bill(bill, after) if not check.ok] == []


def test_a_chain_that_knows_nothing_yet_bears_out_nothing(
    day: tuple[BillDocument, ChainTruth], before: ChainTruth
) -> None:
    assert (before.bill_root, before.price_digest, before.spent_ubolt) == (None, None, 0)
    failed = {check.name for check in verify_bill(day[0], before) if not check.ok}
    assert failed == {"prices", "inclusion", "claimed"}


def test_roots_that_somebody_else_anchored_count_for_nothing(
    chain: EmbeddedChain,
    deployment: Deployment,
    day: tuple[BillDocument, ChainTruth],
    after: ChainTruth,
) -> None:
    forged = fetch_truth(chain, replace(deployment, publisher=HUB.address), bill=day[0])
    assert (forged.bill_root, forged.price_digest) == (None, None)
    assert forged.spent_ubolt == after.spent_ubolt


def test_another_chain_or_an_empty_address_is_an_error(
    chain: EmbeddedChain, deployment: Deployment, day: tuple[BillDocument, ChainTruth]
) -> None:
    for wrong in (
        replace(deployment, chain_id=1),
        replace(deployment, vault=PUBLISHER.address),
        replace(deployment, anchor=PUBLISHER.address),
    ):
        with pytest.raises(InputError, match=r"not 1|no contract at the (vault|anchor)"):
            fetch_truth(chain, wrong, bill=day[0])
