"""What a verifier takes from the chain, and never from the bill that it verifies."""

from dataclasses import dataclass
from datetime import date

from gridplus.chain import Chain
from gridplus.chain.deployment import Deployment
from gridplus.chain.views import ask
from gridplus.contracts import calls
from gridplus.market import PriceVersion
from gridplus.tariff import BillDocument, SumNode
from gridplus.wallet import Address

_EPOCH = date(1970, 1, 1)
_NOTHING = bytes(32)


@dataclass(frozen=True, slots=True)
class ChainTruth:
    """The chain's side of one bill; `publisher` is the deployment's.

    `bill_root` and `price_digest` are what was anchored for the bill's operating day, None when
    nothing was. `restated_prices` are those of the price versions that the bill's restatements
    cite which are anchored. The counters are those of the bill's channel in the vault, zero when
    it has none.
    """

    chain_id: int
    vault: Address
    anchor: Address
    hub: Address
    publisher: Address
    bill_root: SumNode | None
    price_digest: bytes | None
    deposited_ubolt: int
    spent_ubolt: int
    earned_ubolt: int
    restated_prices: frozenset[bytes] = frozenset()


def anchor_period(operating_day: date) -> int:
    """Days since 1970-01-01: how the anchor counts local operating days."""
    return (operating_day - _EPOCH).days


def fetch_truth(chain: Chain, deployment: Deployment, *, bill: BillDocument) -> ChainTruth:
    """Ask the chain about the bill's channel and operating day; nothing else of the bill is used.

    Raises InputError when `chain` is not the one deployed on, RemoteError when it does not answer.
    """
    deployment.require_on(chain)
    vault, publisher = deployment.vault, deployment.publisher
    period = anchor_period(bill.operating_day)
    word = ask(chain, vault, view=calls.channel_word(bill.channel))
    bills, prices = (
        ask(chain, deployment.anchor, view=calls.anchored(publisher, period, kind=kind))
        for kind in (calls.ANCHOR_BILLS, calls.ANCHOR_PRICES)
    )
    return ChainTruth(
        chain_id=chain.chain_id,
        vault=vault,
        anchor=deployment.anchor,
        hub=Address(ask(chain, vault, view=calls.hub())),
        publisher=publisher,
        bill_root=_root(bills),
        price_digest=None if prices.root == _NOTHING else prices.root,
        deposited_ubolt=word.deposited,
        spent_ubolt=word.spent,
        earned_ubolt=word.earned,
        restated_prices=frozenset(
            prices.digest
            for prices in bill.restated_prices
            if _is_anchored(chain, deployment, prices=prices)
        ),
    )


def _is_anchored(chain: Chain, deployment: Deployment, *, prices: PriceVersion) -> bool:
    period = anchor_period(prices.operating_day)
    views = (
        calls.anchored(deployment.publisher, period, kind=kind)
        for kind in calls.price_anchors(prices.version)
    )
    return any(ask(chain, deployment.anchor, view=view).root == prices.digest for view in views)


def fetch_anchoring(chain: Chain, deployment: Deployment, *, day: date, kind: int) -> bytes | None:
    """The hash of the transaction that anchored `kind` for operating day `day`; None when none did.

    Raises as `fetch_truth`.
    """
    deployment.require_on(chain)
    publisher = bytes(12) + deployment.publisher
    topics = (None, publisher, anchor_period(day).to_bytes(32, "big"), kind.to_bytes(32, "big"))
    newest = chain.finalized().number
    logs = chain.logs(deployment.anchor, topics, from_block=0, to_block=newest)
    return logs[0].transaction_hash if logs else None


def _root(entry: calls.AnchorEntry) -> SumNode | None:
    if entry.root == _NOTHING:
        return None
    return SumNode(entry.root, entry.spent_ubolt, entry.earned_ubolt)
