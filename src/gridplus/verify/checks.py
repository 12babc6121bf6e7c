"""Recompute a bill: every check that a home, an auditor or a regulator needs, in order.

Each check is a function of the bill and the chain's truth; it returns what is wrong, naming the
line, or None. All of them run always, so that a reader sees what still holds.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from gridplus.failures import InputError
from gridplus.market import operating_day_intervals
from gridplus.meter import check_follows, read_message
from gridplus.tariff import (
    BillDocument,
    BilledInterval,
    Liability,
    Mismatch,
    RestatedLink,
    Statement,
    Tally,
    Tip,
    day_totals,
    find_mismatch,
    group_leaf,
    history_of,
    is_sealed,
    next_statement,
    root_of_inclusion,
)
from gridplus.units import Interval, format_ubolt, format_utc
from gridplus.verify.responses import wrong_baselines, wrong_responses
from gridplus.verify.truth import ChainTruth
from gridplus.wallet import (
    Domain,
    anchor_domain,
    credit_digest,
    is_signed_by,
    vault_domain,
    verify_device,
    voucher_digest,
)


class Located(NamedTuple):
    """What is wrong in one interval."""

    what: str
    interval: Interval

    def __str__(self) -> str:
        return f"{format_utc(self.interval.start)}: {self.what}"


Finding: TypeAlias = str | Located | None
Inspect: TypeAlias = Callable[[BillDocument, ChainTruth], Finding]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. `detail` names what failed, and begins with the `interval` if
    it is one; it is empty when all is well."""

    name: str
    sentence: str
    ok: bool
    detail: str
    interval: Interval | None = None


def verify_bill(
    bill: BillDocument, truth: ChainTruth, *, earlier: Sequence[BillDocument] = ()
) -> tuple[Check, ...]:
    """Every check, in order. The bill holds when all of them are ok.

    `earlier` are the home's bills before it, day by day, from the first one that is restated on
    (or that a baseline looks back to): with them its restatements are made again from what they
    were made of, and its baselines from every read.
    """
    return tuple(inspections(bill, truth, earlier=earlier))


def inspections(
    bill: BillDocument, truth: ChainTruth, *, earlier: Sequence[BillDocument] = ()
) -> Iterator[Check]:
    """The same checks one by one, for whoever shows progress or stops at the first failure."""
    for name, sentence, inspect in _INSPECTIONS:
        finding = inspect(bill, truth)
        where = finding.interval if isinstance(finding, Located) else None
        yield Check(name, sentence, finding is None, str(finding or ""), where)
    if earlier:
        yield _made_again(bill, earlier)
        if bill.settled:
            yield _reckoned_again(bill, truth, earlier=earlier)


def _made_again(bill: BillDocument, earlier: Sequence[BillDocument]) -> Check:
    try:
        history_of([*earlier, bill])
        finding = ""
    except InputError as error:
        finding = str(error)
    sentence = "Every restatement is what the earlier bills and the right inputs lead to."
    return Check("made again", sentence, not finding, finding)


def _reckoned_again(
    bill: BillDocument, truth: ChainTruth, *, earlier: Sequence[BillDocument]
) -> Check:
    domain = anchor_domain(truth.chain_id, truth.anchor)
    found = next(wrong_baselines(bill, earlier, domain=domain), None)
    sentence = "Every baseline is what all reads of the earlier bills lead to."
    interval = None if found is None else found[1]
    detail = "" if found is None or interval is None else str(Located(found[0], interval))
    return Check("baselines", sentence, found is None, detail, interval)


def _chain(bill: BillDocument, truth: ChainTruth) -> Finding:
    who = bill.identity
    if who.chain_id != truth.chain_id:
        return f"the bill is for chain {who.chain_id}, this is chain {truth.chain_id}"
    for name, named, found in (
        ("vault", who.vault, truth.vault),
        ("anchor", who.anchor, truth.anchor),
    ):
        if named != found:
            return f"the bill names {name} 0x{named.hex()}, the deployment 0x{found.hex()}"
    return None


def _channel(bill: BillDocument, _: ChainTruth) -> Finding:
    computed = bill.identity.channel
    if bill.channel != computed:
        return f"the keys hash to 0x{computed.hex()}, the bill says 0x{bill.channel.hex()}"
    return _first(bill, lambda s: None if s.channel == computed else "is for another channel")


def _plan(bill: BillDocument, _: ChainTruth) -> Finding:
    digest = bill.plan.digest
    return _first(bill, lambda s: None if s.plan_digest == digest else "cites another plan")


def _prices(bill: BillDocument, truth: ChainTruth) -> Finding:
    digest = bill.prices.digest
    if truth.price_digest is None:
        return f"no prices of {bill.operating_day} are anchored"
    if digest != truth.price_digest:
        return f"{bill.prices} are not the anchored version: another price, version or source"
    return _first(bill, lambda s: None if s.price_digest == digest else "cites other prices")


def _day(bill: BillDocument, _: ChainTruth) -> Finding:
    right = operating_day_intervals(bill.operating_day, bill.plan.time_zone)
    found = [billed.statement.interval for billed in bill.intervals]
    for at, (mine, due) in enumerate(zip(found, right, strict=False)):
        if mine != due:
            return f"interval {at} is {mine}, but {due} is due there"
    if len(found) != len(right):
        return f"{bill.operating_day} has {len(right)} intervals, the bill {len(found)}"
    return None


def _reads(bill: BillDocument, _: ChainTruth) -> Finding:
    key = bill.identity.descriptor.device_key
    for billed in bill.intervals:
        message = read_message(bill.channel, billed.statement.read)
        if not verify_device(key, message, signature=billed.evidence.read):
            return _at(billed, "the read is not signed by the device key")
    return None


def _registers(bill: BillDocument, _: ChainTruth) -> Finding:
    previous = None
    for billed in bill.intervals:
        read = billed.statement.read
        refusal = check_follows(previous, read)
        if refusal is not None:
            return _at(billed, refusal.value)
        previous = read
    return None


def _statements(bill: BillDocument, _: ChainTruth) -> Finding:
    before = bill.opening.total
    for billed in bill.links:
        if isinstance(billed, BilledInterval):
            difference = _recompute(bill, billed.statement, before=before)
            if difference is not None:
                return _at(billed, difference)
        before = billed.link.after
    return None


def _restated(bill: BillDocument, truth: ChainTruth) -> Finding:
    """What a restatement says can be told right from wrong only beside the earlier bills; here it
    is held against the counters and the chain."""
    before = bill.opening.total
    for each in bill.links:
        if isinstance(each, RestatedLink):
            told = each.restatement
            cited = {revision.price_digest for revision in told.revisions}
            if told.channel != bill.channel:
                return _at(each, "the restatement is for another channel")
            if told.before != before:
                return _at(each, "the restatement's lines are not what its counters moved")
            if not cited <= truth.restated_prices | {None}:
                return _at(each, "the restatement cites prices that are not anchored")
        before = each.link.after
    return None


def _recompute(bill: BillDocument, statement: Statement, *, before: Tally) -> str | None:
    """Rate the read again. Whether the heads chain is looked at apart."""
    tip = Tip(bill.channel, statement.previous_head, before)
    try:
        right = next_statement(
            tip,
            plan=bill.plan,
            prices=bill.prices,
            read=statement.read,
            given=statement.given,
        )
    except InputError as error:
        return str(error)
    mismatch = find_mismatch(statement, right)
    if mismatch is Mismatch.CHARGE_DIFFERS:
        return _line_difference(statement, right)
    return None if mismatch is None else mismatch.value


def _line_difference(statement: Statement, right: Statement) -> str:
    for line, due in zip(statement.lines, right.lines, strict=False):
        if line != due:
            billed = f"{line.amount_abolt} aBOLT for {line.quantity_wh} Wh"
            return (
                f"line {due.code} says {line.code}, {billed} at {line.price_ubolt_per_mwh} "
                f"µBOLT/MWh; recomputed {due.amount_abolt} aBOLT for {due.quantity_wh} Wh "
                f"at {due.price_ubolt_per_mwh}"
            )
    return f"has {len(statement.lines)} lines, {len(right.lines)} are due"


def _responses(bill: BillDocument, truth: ChainTruth) -> Finding:
    for what, interval in wrong_responses(bill, truth):
        return what if interval is None else Located(what, interval)
    return None


def _heads(bill: BillDocument, _: ChainTruth) -> Finding:
    opening = bill.opening
    if opening.head == opening.channel and opening.total != Tally():
        return "the first bill of a channel must open with nothing billed"
    previous = opening.head
    for billed in bill.links:
        if billed.link.previous_head != previous:
            return _at(billed, "does not continue the head before it")
        if billed.link.head != billed.head:
            return _at(billed, "its head is not the hash of the statement")
        previous = billed.head
    return None


def _groups(bill: BillDocument, truth: ChainTruth) -> Finding:
    domain = _domain(truth)
    for billed in bill.links:
        leaf = group_leaf(bill.channel, billed.head)
        if not is_sealed(billed.evidence.group, leaf, domain=domain, hub=truth.hub):
            return _at(billed, "the group that holds this head is not signed by the hub")
    return None


def _credits(bill: BillDocument, truth: ChainTruth) -> Finding:
    domain = _domain(truth)
    earned = bill.opening.total.earned_ubolt
    for billed in bill.links:
        statement, signature = billed.link, billed.evidence.credit
        if (signature is not None) != (statement.earned_ubolt > earned):
            return _at(billed, "a credit must stand where earned rose, and only there")
        earned = statement.earned_ubolt
        if signature is None:
            continue
        digest = credit_digest(domain, bill.channel, earned=earned, bill_head=billed.head)
        if not is_signed_by(truth.hub, digest, signature=signature):
            return _at(billed, "the credit is not signed by the hub")
    return None


def _vouchers(bill: BillDocument, truth: ChainTruth) -> Finding:
    domain, cfg = _domain(truth), bill.identity.cfg
    for billed in bill.links:
        statement, signature = billed.link, billed.evidence.voucher
        if signature is None:
            continue
        digest = voucher_digest(
            domain, cfg, spent=statement.spent_ubolt, earned=statement.earned_ubolt
        )
        if not is_signed_by(bill.identity.voucher_key, digest, signature=signature):
            return _at(billed, "the voucher is not signed by the home")
    if bill.intervals[-1].evidence.voucher is None:
        return _at(bill.intervals[-1], "the day is not paid to its end: the last voucher is absent")
    return None


def _totals(bill: BillDocument, _: ChainTruth) -> Finding:
    statements = [billed.statement for billed in bill.intervals]
    told = [each.restatement for each in bill.restated]
    right = day_totals(statements, opening=bill.opening.total, restated=told)
    mine = bill.totals
    for name in ("import_wh", "export_wh", "charges_ubolt", "credits_ubolt"):
        if getattr(mine, name) != getattr(right, name):
            return f"{name} is {getattr(mine, name)}, recomputed {getattr(right, name)}"
    printed, due = dict(mine.lines_ubolt), dict(right.lines_ubolt)
    for code in printed.keys() | due.keys():
        if printed.get(code) != due.get(code):
            return f"line {code} is {printed.get(code)} µBOLT, recomputed {due.get(code)}"
    return None


def _inclusion(bill: BillDocument, truth: ChainTruth) -> Finding:
    if truth.bill_root is None:
        return f"no bills of {bill.operating_day} are anchored"
    found = root_of_inclusion(Liability.after(bill.closing), bill.inclusion)
    if found != truth.bill_root:
        what = "the day's last head and counters do not lead to the anchored root and its sums"
        return _at(bill.intervals[-1], what)
    return None


def _claimed(bill: BillDocument, truth: ChainTruth) -> Finding:
    closing = bill.closing
    for name, due, found in (
        ("spent", closing.spent_ubolt, truth.spent_ubolt),
        ("earned", closing.earned_ubolt, truth.earned_ubolt),
    ):
        if found < due:
            return f"{name} is {format_ubolt(found)} BOLT on chain, {format_ubolt(due)} in the bill"
    if truth.spent_ubolt > truth.deposited_ubolt + truth.earned_ubolt:
        return "more is spent on chain than was deposited and earned"
    return None


def _domain(truth: ChainTruth) -> Domain:
    return vault_domain(truth.chain_id, truth.vault)


def _first(bill: BillDocument, complaint: Callable[[Statement], str | None]) -> Finding:
    for billed in bill.intervals:
        found = complaint(billed.statement)
        if found is not None:
            return _at(billed, found)
    return None


def _at(billed: BilledInterval | RestatedLink, what: str) -> Located:
    return Located(what, billed.interval)


_INSPECTIONS: tuple[tuple[str, str, Inspect], ...] = (
    ("chain", "The bill names this chain, its vault and its anchor.", _chain),
    ("channel", "Roles, opening cap and voucher key hash to the channel id.", _channel),
    ("plan", "Every statement cites the plan printed in the bill.", _plan),
    ("prices", "Every statement cites the prices printed, the ones anchored.", _prices),
    ("day", "The intervals are those of the operating day, each once.", _day),
    ("reads", "Every read is signed by the home's device key.", _reads),
    ("registers", "The meter's registers move by exactly what was read.", _registers),
    ("responses", "Paid requests are settled by signed reads, as promised.", _responses),
    ("statements", "Read, prices and plan give every line and counter.", _statements),
    ("restated", "Restatements move the counters by their lines, at anchored prices.", _restated),
    ("heads", "Every statement continues the one before it.", _heads),
    ("groups", "The hub signed a group root over every head.", _groups),
    ("credits", "The hub signed a credit wherever the home earned.", _credits),
    ("vouchers", "The home signed what it pays, to the end of the day.", _vouchers),
    ("totals", "The day's totals are the sums of its lines.", _totals),
    ("inclusion", "The day's last head is in the root anchored on chain.", _inclusion),
    ("claimed", "At least this much has been claimed and credited on chain.", _claimed),
)
