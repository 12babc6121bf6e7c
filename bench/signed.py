"""A day's bill of one home with every signature, and the chain's truth it holds against."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from coincurve import PrivateKey

from gridplus.channel import Counters
from gridplus.demo.street_data import day_ahead_prices
from gridplus.digest import keccak256
from gridplus.keystore import Secp256k1Key
from gridplus.meter import read_message
from gridplus.tariff import (
    BillDocument,
    Evidence,
    GroupEvidence,
    Liability,
    Plan,
    Statement,
    build_bill,
    group_leaf,
    home_salt,
    liability_tree,
)
from gridplus.verify import ChainTruth
from gridplus.wallet import bill_group_digest, credit_digest, recover, verify_device, voucher_digest
from town import DAY, Home, home_nowhere

HUB = Secp256k1Key(PrivateKey(keccak256(b"bench hub")))


@dataclass
class Notary:
    """Signs for the home and the hub, and remembers how to check each signature."""

    home: Home
    checks: list[Callable[[], object]] = field(default_factory=list)

    def prove(self, statement: Statement, *, rose: bool) -> Evidence:
        """`rose`: the home earned in this interval. Its head is alone in its commit group."""
        who, spent, earned = self.home.identity, statement.spent_ubolt, statement.earned_ubolt
        leaf, closed_at_s = group_leaf(who.channel, statement.head), statement.interval.end_s
        group = bill_group_digest(who.domain, leaf, count=1, closed_at_s=closed_at_s)
        credit = credit_digest(who.domain, who.channel, earned=earned, bill_head=statement.head)
        voucher = voucher_digest(who.domain, who.cfg, spent=spent, earned=earned)
        return Evidence(
            read=self._read(statement),
            group=GroupEvidence(1, closed_at_s, (), self._sign(HUB, group)),
            credit=self._sign(HUB, credit) if rose else None,
            voucher=self._sign(self.home.voucher_key, voucher),
        )

    def _read(self, statement: Statement) -> bytes:
        message, device = read_message(statement.channel, statement.read), self.home.device
        signature = device.sign(message)
        self.checks.append(partial(verify_device, device.public, message, signature=signature))
        return signature

    def _sign(self, key: Secp256k1Key, digest: bytes) -> bytes:
        signature = key.sign(digest)
        self.checks.append(partial(recover, digest, signature))
        return signature


@dataclass(frozen=True)
class SignedBill:
    """A bill that holds; `checks` look at each of its signatures, and at nothing else."""

    bill: BillDocument
    truth: ChainTruth
    checks: list[Callable[[], object]]


def signed_bill(number: int, plan: Plan) -> SignedBill:
    """The bill of home `number`, whose channel begins on that day."""
    home, prices = home_nowhere(number), day_ahead_prices(DAY)
    statements = home.statements(plan, prices, count=len(home.reads))
    notary, proven, before = Notary(home), [], Counters(0, 0)
    for statement in statements:
        rose = statement.earned_ubolt > before.earned_ubolt
        proven.append((statement, notary.prove(statement, rose=rose)))
        before = Counters(statement.spent_ubolt, statement.earned_ubolt)
    spent, earned, who = before.spent_ubolt, before.earned_ubolt, home.identity
    salt = home_salt(bytes(32), who.channel)
    tree = liability_tree([(Liability.after(statements[-1]), salt)])
    bill = build_bill(who, plan=plan, prices=prices, intervals=proven, inclusion=tree.inclusion(0))
    truth = ChainTruth(
        chain_id=who.chain_id,
        vault=who.vault,
        anchor=who.anchor,
        hub=HUB.address,
        publisher=HUB.address,
        bill_root=tree.root,
        price_digest=prices.digest,
        deposited_ubolt=spent,
        spent_ubolt=spent,
        earned_ubolt=earned,
    )
    return SignedBill(bill, truth, notary.checks)
