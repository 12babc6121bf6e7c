"""A reward, a baseline, a read or a word that is not right is found by name, in a bill alone."""

from dataclasses import replace

import pytest

from gridplus.tariff import (
    BillDocument,
    Called,
    Given,
    SettledRequest,
    Statement,
    tip_before,
)
from gridplus.tariff.statement import next_statement
from gridplus.verify import verify_bill
from gridplus.wallet import anchor_domain
from tests.verify.signed_day import ASKED, DEVICE, MALLORY, PLAN, signed_day

BILL, TRUTH = signed_day()
(SETTLED,) = BILL.settled
CALLED = BILL.intervals[ASKED.start].statement.given.called
DOMAIN = anchor_domain(TRUTH.chain_id, TRUTH.anchor)


def said(bill: BillDocument) -> str:
    (check,) = (check for check in verify_bill(bill, TRUTH) if check.name == "responses")
    return check.detail


def with_called(called: Called | None, place: int = ASKED.start) -> BillDocument:
    """The interval rated anew as the hub would if it were given something else."""
    billed = BILL.intervals[place]
    old: Statement = billed.statement
    statement = next_statement(
        tip_before(old), plan=PLAN, prices=BILL.prices, read=old.read, given=Given(called)
    )
    intervals = list(BILL.intervals)
    intervals[place] = replace(billed, statement=statement, head=statement.head)
    return replace(BILL, intervals=tuple(intervals))


def with_settled(settled: SettledRequest) -> BillDocument:
    return replace(BILL, settled=(settled,))


def test_a_request_that_is_kept_is_a_line_of_the_bill_and_holds() -> None:
    """I-BI-12."""
    assert CALLED is not None
    assert said(BILL) == ""
    lines = dict(BILL.totals.lines_ubolt)
    less = [
        max(CALLED.baseline_wh - each.statement.read.import_wh, 0) for each in BILL.intervals[ASKED]
    ]
    assert sum(less) > 0
    assert 0 <= lines["demand_response"] - 500 * sum(less) <= 1, "500 µBOLT a Wh, rounded once"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"baseline_wh": 1 << 14}, "the baseline is 16384 Wh, the reads lead to"),
        ({"reward_ubolt_per_mwh": 499_999_999}, "the reward is 499999999 µBOLT/MWh"),
        ({"request": bytes(32)}, "under another request"),
    ],
)
def test_another_baseline_reward_or_request_is_named(change: dict[str, object], why: str) -> None:
    assert CALLED is not None
    found = said(with_called(replace(CALLED, **change)))  # type: ignore[arg-type]
    assert why in found
    assert found.startswith("2021-03-14T21:00:00Z")


def test_a_request_that_is_forgotten_or_invented_is_named() -> None:
    assert "the bill knows nothing of it" in said(with_called(None))
    invented = with_called(CALLED, place=ASKED.stop)
    assert "as if the home had been asked for less" in said(invented)


def test_who_did_not_sign_is_named() -> None:
    joined, request = SETTLED.joined, SETTLED.request
    forged = replace(request, signature=MALLORY.sign(request.digest(DOMAIN)))
    late = replace(joined.group, closed_at_s=request.start_s)
    for other, why in (
        (replace(joined, request=forged), "the retailer's publisher did not sign it"),
        (replace(joined, signature=DEVICE.sign(b"no")), "the home's device did not sign"),
        (replace(joined, group=late), "the hub did not seal that the home takes part before"),
    ):
        assert why in said(with_settled(replace(SETTLED, joined=other)))


def test_reads_that_are_changed_left_out_or_added_are_named() -> None:
    first, *rest = SETTLED.reads
    more = replace(first.read, import_wh=first.read.import_wh + 1)
    changed = replace(SETTLED, reads=(replace(first, read=more), *rest))
    assert "a read under its baseline is not signed" in said(with_settled(changed))
    for reads in (tuple(rest), (*SETTLED.reads, first)):
        assert "are not those that its baseline rests on" in said(
            with_settled(replace(SETTLED, reads=reads))
        )
    assert "at the same time as another" in said(replace(BILL, settled=(SETTLED, SETTLED)))


def test_earlier_bills_say_whether_a_read_was_left_out() -> None:
    def reckoned(bill: BillDocument) -> str:
        checks = verify_bill(bill, TRUTH, earlier=[BILL])
        return next(check.detail for check in checks if check.name == "baselines")

    assert reckoned(BILL) == ""
    assert CALLED is not None
    assert "the reads lead to" in reckoned(with_called(replace(CALLED, baseline_wh=9)))
