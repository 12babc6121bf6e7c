"""Whether paid requests are settled as they were promised: who signed, which baseline, what reward.

From the bill alone follows that each baseline is what the reads shown lead to. That no read was
left out which would have led to another is told by the home's earlier bills, or by an audit.
"""

from collections.abc import Iterable, Iterator

from gridplus.tariff import (
    BillDocument,
    Called,
    Past,
    SettledRequest,
    Statement,
    UsedLately,
    called_at,
    is_sealed,
    join_leaf,
    join_message,
)
from gridplus.units import Interval
from gridplus.verify.truth import ChainTruth
from gridplus.wallet import Domain, anchor_domain, vault_domain, verify_device

Wrong = tuple[str, Interval | None]


def wrong_responses(bill: BillDocument, truth: ChainTruth) -> Iterator[Wrong]:
    """What is wrong with the requests that the bill settles, and in which interval."""
    domain = anchor_domain(truth.chain_id, truth.anchor)
    before: list[SettledRequest] = []
    for each in bill.settled:
        said = _wrong_request(each, bill, truth=truth, domain=domain)
        if said is None and any(each.request.overlaps(other.request) for other in before):
            said = "it holds at the same time as another one"
        if said is not None:
            yield f"request {each.request.name!r}: {said}", None
        before.append(each)
    place = (domain, bill.plan.time_zone)
    for statement in (billed.statement for billed in bill.intervals):
        due = None
        for each in bill.settled:
            due = due or called_at(statement.interval, [each.request], past=each.past, place=place)
        if statement.given.called != due:
            yield call_difference(statement.given.called, due), statement.interval


def wrong_baselines(
    bill: BillDocument, earlier: Iterable[BillDocument], *, domain: Domain
) -> Iterator[Wrong]:
    """Where the home's earlier bills, and this one, lead to another baseline than is billed; of
    days before them the reads shown count."""
    statements = [each.statement for whole in (*earlier, bill) for each in whole.intervals]
    requests, known = [each.request for each in bill.settled], past_of(statements)
    shown = [each.past for each in bill.settled]

    def import_wh(start_s: int) -> int | None:
        found = (each.import_wh(start_s) for each in (known, *shown))
        return next((wh for wh in found if wh is not None), None)

    past = Past(import_wh, known.is_called)
    for statement in (billed.statement for billed in bill.intervals):
        due = called_at(
            statement.interval, requests, past=past, place=(domain, bill.plan.time_zone)
        )
        if statement.given.called != due:
            yield call_difference(statement.given.called, due), statement.interval


def past_of(statements: Iterable[Statement]) -> Past:
    """What a home's bills say of its past."""
    used = UsedLately()
    for statement in statements:
        called = statement.given.called is not None
        used.bill(statement.interval.start_s, statement.read.import_wh, is_called=called)
    return used.past


def call_difference(found: Called | None, due: Called | None) -> str:
    """In what the call of an interval differs from the right one."""
    if due is None:
        return "it is billed as if the home had been asked for less"
    if found is None:
        return "the home took part in a paid request, and the bill knows nothing of it"
    if found.request != due.request:
        return "it is billed under another request than the home joined"
    if found.reward_ubolt_per_mwh != due.reward_ubolt_per_mwh:
        billed, promised = found.reward_ubolt_per_mwh, due.reward_ubolt_per_mwh
        return f"the reward is {billed} µBOLT/MWh, the request promised {promised}"
    return f"the baseline is {found.baseline_wh} Wh, the reads lead to {due.baseline_wh} Wh"


def _wrong_request(
    each: SettledRequest, bill: BillDocument, *, truth: ChainTruth, domain: Domain
) -> str | None:
    request, group, device = each.request, each.joined.group, bill.identity.descriptor.device_key
    digest = request.digest(domain)
    if not request.is_signed_by(truth.publisher, domain):
        return "the retailer's publisher did not sign it"
    message = join_message(bill.channel, digest)
    if not verify_device(device, message, signature=each.joined.signature):
        return "the home's device did not sign that it takes part"
    leaf, vault = join_leaf(bill.channel, digest), vault_domain(truth.chain_id, truth.vault)
    in_time = group.closed_at_s < request.start_s
    if not (in_time and is_sealed(group, leaf, domain=vault, hub=truth.hub)):
        return "the hub did not seal that the home takes part before it began"
    if not any(request.covers(billed.interval) for billed in bill.intervals):
        return "it holds in no interval of this bill"
    if not all(verify_device(device, r.message, signature=r.signature) for r in each.reads):
        return "a read under its baseline is not signed by the home's device"
    reckoned = request.reckon(past=each.past, zone=bill.plan.time_zone)
    rests_on = () if reckoned is None else reckoned.rests_on
    if tuple(signed.read.interval.start_s for signed in each.reads) != rests_on:
        return "the reads shown are not those that its baseline rests on"
    return None
