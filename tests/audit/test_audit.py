"""An audit passes on two days of a real street, and finds each fault that is planted in it."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gridplus.audit import Audit, Difference, Side
from gridplus.cli.audit import command
from gridplus.digest import keccak256
from gridplus.failures import InputError
from gridplus.journal import SqliteJournal
from gridplus.ledger import Code as LedgerCode
from gridplus.ledger import Payee, Transfer, deposits_of
from gridplus.market import operating_day_intervals
from gridplus.retailer.facts import invoice_fact
from gridplus.retailer.invoices import ReceivedInvoice
from gridplus.tariff import Liability, liability_tree, parse_restatement
from gridplus.units import format_utc
from tests.audit.planted import DAY, FIRST_DAY, INTERVAL, Street

HOME, OTHER = "home-01", "home-02"
Found = tuple[Side, str, str, bool]
"""Side, what, home, and whether it is named with the planted interval."""


def found(audited: Audit) -> set[Found]:
    return {(d.side, d.what, d.home, d.interval == INTERVAL) for d in audited.differences}


def one_wh(street: Street) -> None:
    def change(statement: dict[str, Any]) -> None:
        statement["import_wh"] += 1

    street.change_bill(HOME, change)


def one_head(street: Street) -> None:
    def change(statement: dict[str, Any]) -> None:
        statement["previous_head"] = f"0x{keccak256(b'another past').hex()}"

    street.change_bill(HOME, change)


def one_price_version(street: Street) -> None:
    def change(prices: dict[str, Any]) -> None:
        prices["version"] += 1

    street.change_office("PricesAdopted", change)


def one_plan(street: Street) -> None:
    def change(plan: dict[str, Any]) -> None:
        plan["version"] += 1

    street.change_office("PlanAdopted", change, day=None)


def one_ledger_line(street: Street) -> None:
    deposit = deposits_of(street.bill(OTHER).channel)

    def change(batch: list[Transfer]) -> None:
        place = next(at for at, transfer in enumerate(batch) if transfer.debit == deposit)
        batch[place] = batch[place]._replace(amount_ubolt=batch[place].amount_ubolt + 1)

    street.change_batch(change)


def missing_leaf(street: Street) -> None:
    mine = street.bill(HOME)
    root = liability_tree([(Liability.after(mine.closing), mine.inclusion.salt)]).root
    street.retell_chain(street.with_root(root.hash, root.spent_ubolt, root.earned_ubolt))


def wrong_root(street: Street) -> None:
    street.retell_chain(street.with_root(keccak256(b"a root"), 5, 7))


def duplicated_bill(street: Street) -> None:
    street.bill_again(HOME, lambda _: None)


def foreign_channel(street: Street) -> None:
    def change(statement: dict[str, Any]) -> None:
        statement["channel"] = f"0x{keccak256(b'nobody').hex()}"

    street.bill_again(HOME, change)


def unclaimed_voucher(street: Street) -> None:
    street.retell_chain(street.without_claim_of(OTHER))


def foreign_file(street: Street) -> None:
    text = street.bill_path(OTHER).read_text()
    street.bill_path("home-77").write_text(text)


def torn_file(street: Street) -> None:
    path = street.bill_path(OTHER)
    path.write_bytes(path.read_bytes()[:-100])


def missing_file(street: Street) -> None:
    street.bill_path(OTHER).unlink()


def changed_file(street: Street) -> None:
    bill = json.loads(street.bill_path(HOME).read_bytes())
    at = next(i for i in bill["intervals"] if i["statement"]["start_s"] == INTERVAL.start_s)
    at["voucher_signature"] = None
    street.bill_path(HOME).write_text(json.dumps(bill, separators=(",", ":")))


def restated_by_one_ubolt_more(street: Street) -> None:
    def change(body: dict[str, Any]) -> None:
        told = parse_restatement(body["restatement"], what="planted")
        first = told.revisions[0]
        dearer = first.deltas[0]._replace(owed_abolt=first.deltas[0].owed_abolt + 10**12)
        revisions = (replace(first, deltas=(dearer, *first.deltas[1:])), *told.revisions[1:])
        owed = told.collected_abolt + 10**12
        after = replace(
            told.after,
            charges_abolt=told.before.charges_abolt + max(0, owed),
            credits_abolt=told.before.credits_abolt + max(0, -owed),
        )
        body["restatement"] = replace(told, revisions=revisions, after=after).document()

    street.change_restatement(HOME, change)


def restated_twice(street: Street) -> None:
    street.restate_again(OTHER)


def order_not_carried_out(street: Street) -> None:
    street.decide(OTHER, import_wh=9_999)


def restated_by_nobodys_order(street: Street) -> None:
    def change(body: dict[str, Any]) -> None:
        body["order"] = f"0x{keccak256(b'an order').hex()}"

    street.change_restatement(HOME, change)


def one_corrected_price(street: Street) -> None:
    def change(prices: dict[str, Any]) -> None:
        prices["prices_ubolt_per_mwh"][18] += 1

    street.change_office("PricesCorrected", change, day=FIRST_DAY)


def restated_transfer(street: Street) -> None:
    deposit = deposits_of(street.bill(HOME).channel)

    def change(batch: list[Transfer]) -> None:
        place = next(
            at
            for at, transfer in enumerate(batch)
            if transfer.code is LedgerCode.RESTATEMENT
            and deposit in (transfer.debit, transfer.credit)
        )
        batch[place] = batch[place]._replace(amount_ubolt=batch[place].amount_ubolt + 1)

    street.change_batch(change)


def torn_fact(street: Street) -> None:
    street.change_bill(HOME, lambda statement: statement.pop("spent_ubolt"))


FAULTS: dict[Callable[[Street], None], Found] = {
    one_wh: (Side.HUB, "reads", HOME, True),
    one_price_version: (Side.OFFICE, "prices", HOME, False),
    missing_leaf: (Side.CHAIN, "root", "", False),
    duplicated_bill: (Side.HUB, "bills", HOME, True),
    one_ledger_line: (Side.LEDGER, "transfer", OTHER, False),
    unclaimed_voucher: (Side.CHAIN, "voucher", OTHER, False),
    one_plan: (Side.OFFICE, "plan", "", False),
    wrong_root: (Side.CHAIN, "root", "", False),
    foreign_channel: (Side.HUB, "channel", f"0x{keccak256(b'nobody').hex()}", False),
    one_head: (Side.HUB, "heads", HOME, True),
    foreign_file: (Side.BILL, "file", "", False),
    torn_file: (Side.BILL, "file", OTHER, False),
    missing_file: (Side.BILL, "file", OTHER, False),
    changed_file: (Side.BILL, "file", HOME, True),
    torn_fact: (Side.HUB, "journal", "", False),
    restated_by_one_ubolt_more: (Side.HUB, "restatement", HOME, False),
    restated_twice: (Side.HUB, "restatement", OTHER, False),
    order_not_carried_out: (Side.HUB, "restatement", OTHER, True),
    restated_by_nobodys_order: (Side.HUB, "restatement", HOME, False),
    one_corrected_price: (Side.HUB, "restatement", HOME, False),
    restated_transfer: (Side.LEDGER, "transfer", HOME, False),
}
ALONE = {
    duplicated_bill,
    foreign_channel,
    foreign_file,
    torn_file,
    missing_file,
    changed_file,
    restated_twice,
    order_not_carried_out,
}
"""What touches nothing else is all that is told."""


def test_two_days_of_a_real_street_agree_to_the_last_ubolt(street: Street) -> None:
    told = []
    audited = street.audit(first=None)
    assert audited.differences == ()
    assert [(d.day, d.homes, d.intervals) for d in audited.days] == [
        (FIRST_DAY, 2, 192),
        (DAY, 2, 184),
    ]
    told += audited.days
    assert [len(street.bill(home).restated) for home in (HOME, OTHER)] == [1, 1]
    assert all(day.differences == 0 for day in told)


@pytest.mark.parametrize("plant", FAULTS, ids=lambda plant: plant.__name__)
def test_a_planted_fault_is_found_with_its_home_interval_and_side(
    street: Street, plant: Callable[[Street], None]
) -> None:
    plant(street)
    audited = street.audit()
    assert not audited.ok
    assert FAULTS[plant] in found(audited), [str(d) for d in audited.differences]
    if plant in ALONE:
        assert len(audited.differences) == 1
    guess = "another root is anchored: it is the root without home-02"
    assert (guess in {d.sentence for d in audited.differences}) == (plant is missing_leaf)


def test_an_invoice_leaves_the_days_as_they_were(street: Street) -> None:
    received = ReceivedInvoice(Payee.TDSP, "7", date(2021, 3, 20), DAY, 5_000_000)
    path = street.path / "retailer" / "retailer.journal"
    with SqliteJournal.open(path, now_s=lambda: 0) as journal:
        journal.append([invoice_fact(received)])
    assert street.audit(first=None).ok


def test_a_fault_of_an_earlier_day_is_not_told_of_a_later_one(street: Street) -> None:
    street.bill_path(OTHER, FIRST_DAY).unlink()
    assert street.audit(first=DAY).ok
    (missing,) = street.audit(first=FIRST_DAY, last=FIRST_DAY).differences
    assert missing == Difference(
        Side.BILL, "file", "home-02-2021-03-13.json is not there", FIRST_DAY, OTHER
    )


def test_a_period_without_a_closed_day_is_refused(street: Street) -> None:
    with pytest.raises(InputError, match="no day of the period was closed"):
        street.audit(first=date(2021, 4, 1))


def test_the_command_tells_each_difference_and_says_by_its_status_how_it_went(
    street: Street, tmp_path: Path
) -> None:
    changed_file(street)
    run = CliRunner().invoke(command, [str(street.path), "--from", str(DAY)])
    assert run.exit_code == 1
    start = format_utc(INTERVAL.start)
    assert f"2021-03-14  home-01 {start}  bill: file: " in run.stdout
    assert run.stderr == "2021-03-14  2 homes, 184 intervals: 1 difference\n"
    quiet = [str(street.path), "--to", str(FIRST_DAY), "--json", "--quiet"]
    run = CliRunner().invoke(command, quiet)
    assert (run.exit_code, run.stderr) == (0, "")
    assert json.loads(run.stdout)["ok"]
    for wrong in ([str(tmp_path)], [str(street.path), "--from", "yesterday"]):
        run = CliRunner().invoke(command, wrong)
        assert run.exit_code == 2
        assert run.stderr.startswith("gridplus: ")


@pytest.mark.parametrize("field", ["baseline_wh", "reward_ubolt_per_mwh"])
def test_a_baseline_or_reward_that_is_not_right_is_named(field: str, street: Street) -> None:
    """I-BI-12."""
    (settled,) = street.bill(HOME).settled
    asked = next(each for each in operating_day_intervals(DAY) if settled.request.covers(each))

    def change(statement: dict[str, Any]) -> None:
        statement["given"]["called"][field] += 1

    street.change_bill(HOME, change, interval=asked)
    named = [(d.side, d.what, d.home, d.interval) for d in street.audit().differences]
    assert (Side.HUB, "responses", HOME, asked) in named
