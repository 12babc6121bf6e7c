import json
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from gridplus.chain import RpcChain
from gridplus.chain.views import ask
from gridplus.contracts import calls
from gridplus.ledger import Code, Ledger
from gridplus.ledger.chart import POOL, TRUST_CASH
from gridplus.market import PriceVersion, operating_day_bounds
from gridplus.retailer.book import Book
from gridplus.tariff import BillDocument, parse_bill
from gridplus.verify import fetch_truth, verify_bill
from gridplus.wire import BilledRecord
from tests.retailer.ground import BOLT, DAY, DEPOSIT_UBOLT, NAMES, NEXT_DAY, POOL_UBOLT, price
from tests.retailer.scene import Scene
from tests.tariff.examples import prices_of

DAY_END_S = operating_day_bounds(DAY)[1]


def closed(scene: Scene, day: date = DAY) -> dict[str, Any]:
    """Open and close `day`; the result."""
    scene.move_clock(max(scene.clock.now_s(), prices_of(day).known_at_s))
    opened = scene.order("day-ahead", day)
    assert opened.status_code == 200, opened.text
    answer = scene.order("close", day)
    assert answer.status_code == 200, answer.text
    result: dict[str, Any] = answer.json()
    return result


def book_of(scene: Scene) -> Book:
    book = Book()
    book.replay(scene.facts())
    return book


def bill_of(scene: Scene, name: str, day: date = DAY) -> BillDocument:
    path = scene.root / "out" / "bills" / f"{name}-{day}.json"
    return parse_bill(path.read_bytes(), what=path.name)


def real_time(scene: Scene) -> PriceVersion:
    dearer = tuple(3 * price for price in prices_of(DAY, price).prices_ubolt_per_mwh)
    return replace(prices_of(DAY), market="RTM", prices_ubolt_per_mwh=dearer)


def test_money_agrees_between_ledger_chain_and_vouchers(scene: Scene) -> None:
    result = closed(scene)
    ledger, where = book_of(scene).ledger, scene.ground.deployment
    with RpcChain(scene.chain.url) as chain:
        for home in scene.ground.homes:
            channel = home.identity.channel
            last = scene.ground.records[home.name][91].statement
            due = DEPOSIT_UBOLT + last.earned_ubolt - last.spent_ubolt
            headroom = ask(chain, where.vault, view=calls.headroom(channel))
            assert ledger.deposit(channel) == headroom == due
            assert result["deposits_ubolt"][home.name] == due
        assert ledger.balance(POOL) == ask(chain, where.vault, view=calls.pool())
    assert ledger.balance(TRUST_CASH) == ledger.owed_to_homes_ubolt == result["trust_ubolt"]
    assert result["reconciliation"] == {
        "day": DAY.isoformat(), "homes": 3, "agrees": True, "differences": []
    }  # fmt: skip
    assert result["pool_ubolt"] == POOL_UBOLT + sum(
        r[91].statement.spent_ubolt - r[91].statement.earned_ubolt
        for r in scene.ground.records.values()
    )


def test_every_bill_that_is_written_verifies_against_the_chain(scene: Scene) -> None:
    closed(scene)
    with RpcChain(scene.chain.url) as chain:
        for name in NAMES:
            bill = bill_of(scene, name)
            truth = fetch_truth(chain, scene.ground.deployment, bill=bill)
            assert [check for check in verify_bill(bill, truth) if not check.ok] == []


def test_hledger_accepts_the_books_and_its_balances_are_ours(scene: Scene) -> None:
    closed(scene)
    journal = scene.root / "out" / "ledger.journal"
    hledger("check", "-s", journal=journal)
    lines = hledger("balance", "--flat", "-N", "-O", "csv", journal=journal).splitlines()[1:]
    theirs = dict(line.replace('"', "").split(",") for line in lines)
    for account, balance in book_of(scene).ledger.trial_balance().items():
        if balance:
            assert theirs[account] == f"{balance / BOLT:.6f} BOLT"


def hledger(*arguments: str, journal: Path) -> str:
    command = ["hledger", "-f", str(journal), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_the_result_is_the_sum_of_what_was_billed_bought_and_burnt(scene: Scene) -> None:
    result = closed(scene)
    bills = [bill_of(scene, name) for name in NAMES]
    reads = [billed.statement.read for bill in bills for billed in bill.intervals]
    revenue, cost = result["revenue_ubolt"], result["cost_ubolt"]
    assert sum(revenue.values()) == sum(bill.totals.charges_ubolt for bill in bills)
    assert cost["export-credit"] == sum(bill.totals.credits_ubolt for bill in bills) > 0
    assert result["consumption_wh"] == sum(read.import_wh - read.export_wh for read in reads)
    assert result["imbalance"]["energy_wh"] == (
        result["consumption_wh"] - result["position"]["energy_wh"]
    )
    assert result["profit_ubolt"] == revenue["energy"] + revenue["adder"] - sum(cost.values())
    assert (result["homes"], result["intervals"]) == (3, 92)
    kinds = result["gas"]["kinds"]
    assert {kind: paid["transactions"] for kind, paid in kinds.items()} == {
        "deposit": 3, "pool-funding": 1, "claim": 1, "anchor-prices": 1, "anchor-bills": 1,
        "anchor-corrections": 0,
    }  # fmt: skip
    assert cost["gas"] == sum(paid["cost_ubolt"] for paid in kinds.values())
    assert 0 < kinds["claim"]["gas_used"] <= 8 * kinds["claim"]["cost_ubolt"]


def test_a_closed_day_is_told_again_and_nothing_is_done_twice(scene: Scene) -> None:
    result, facts = closed(scene), scene.facts()
    (scene.root / "out" / "ledger.journal").unlink()
    assert scene.order("close", DAY).json() == result
    assert scene.facts() == facts
    assert (scene.root / "out" / "ledger.journal").exists()


def test_imbalance_is_valued_in_real_time_when_those_prices_are_there(scene: Scene) -> None:
    scene.post(real_time(scene))
    result = closed(scene)
    assert result["imbalance"]["valued_at"] == "real-time prices"
    assert result["imbalance"]["prices"] == f"0x{real_time(scene).digest.hex()}"


def test_imbalance_is_valued_day_ahead_and_says_so_otherwise(scene: Scene) -> None:
    result = closed(scene)
    prices, position = prices_of(DAY, price), book_of(scene).days[DAY].bid.position
    assert result["imbalance"]["valued_at"] == "day-ahead prices"
    in_order = zip(
        (billed.statement.interval for billed in bill_of(scene, "home-01").intervals),
        result["imbalance"]["by_interval_wh"],
        strict=True,
    )
    exact = sum(wh * prices.price_at(interval) for interval, wh in in_order)
    assert result["cost_ubolt"]["imbalance"] == -(-exact // BOLT)
    assert result["cost_ubolt"]["day-ahead"] == position.cost_ubolt(prices)


def test_the_next_day_goes_on_where_the_first_ended(scene: Scene) -> None:
    first = closed(scene)
    scene.hub.claim_until_s = operating_day_bounds(NEXT_DAY)[1]
    second = closed(scene, NEXT_DAY)
    assert second["gas"]["kinds"]["deposit"]["transactions"] == 0
    assert second["intervals"] == 96
    assert sum(second["revenue_ubolt"].values()) == second["claimed"]["spent_ubolt"]
    assert book_of(scene).ledger.profit_ubolt == first["profit_ubolt"] + second["profit_ubolt"]


def test_a_claim_that_runs_into_the_next_day_waits_for_its_bills(scene: Scene) -> None:
    """A day is closed while the next is sold: the ledger takes of the claim what it has billed."""
    scene.hub.claim_until_s = DAY_END_S + 8 * 900
    first = closed(scene)
    ledger = book_of(scene).ledger
    assert ledger.balance(TRUST_CASH) == ledger.owed_to_homes_ubolt
    last = [records[91].statement for records in scene.ground.records.values()]
    assert first["claimed"]["spent_ubolt"] == sum(bill.spent_ubolt for bill in last)
    assert "CLAIMED_AHEAD" in {reason for reason, _, _ in apart(first)}
    scene.hub.claim_until_s = operating_day_bounds(NEXT_DAY)[1]
    assert closed(scene, NEXT_DAY)["reconciliation"]["agrees"]
    ledger, where = book_of(scene).ledger, scene.ground.deployment
    with RpcChain(scene.chain.url) as chain:
        assert ledger.balance(POOL) == ask(chain, where.vault, view=calls.pool())


def apart(result: dict[str, Any]) -> list[tuple[str, str, str]]:
    found = result["reconciliation"]["differences"]
    return [(at["reason"], at["home"], at["since"]) for at in found]


def test_vouchers_that_nobody_claims_are_told_since_the_day_they_were_left(scene: Scene) -> None:
    """I-LE-7."""
    scene.hub.claim_until_s = 0
    homes = sorted(f"0x{home.identity.channel.hex()}" for home in scene.ground.homes)
    first = apart(closed(scene))
    assert [found for found in first if found[0] == "UNCLAIMED_VOUCHER"] == [
        ("UNCLAIMED_VOUCHER", home, DAY.isoformat()) for home in homes
    ]
    assert set(first) <= set(apart(closed(scene, NEXT_DAY)))


def records_of(scene: Scene, place: int = 1) -> list[BilledRecord]:
    return scene.hub.records[scene.ground.homes[place].identity.channel.hex()]


def lose_an_interval(scene: Scene) -> None:
    del records_of(scene)[40]


def repeat_an_interval(scene: Scene) -> None:
    records_of(scene).insert(40, records_of(scene)[40])


def leave_the_last_unpaid(scene: Scene) -> None:
    last = records_of(scene)[91]
    records_of(scene)[91] = replace(last, evidence=replace(last.evidence, voucher=None))


def bill_at_other_prices(scene: Scene) -> None:
    scene.post(prices_of(DAY, lambda hour: 9_000_000 * hour))


def break_the_chain_of_bills(scene: Scene) -> None:
    third = records_of(scene)[2]
    statement = replace(third.statement, previous_head=b"\x05" * 32)
    records_of(scene)[2] = replace(third, statement=statement)


def change_customers(scene: Scene, change: Callable[[list[Any]], object]) -> None:
    path = scene.root / "customers.json"
    customers = json.loads(path.read_text())
    change(customers)
    path.write_text(json.dumps(customers))


def forget_a_customer(scene: Scene) -> None:
    change_customers(scene, lambda customers: customers.pop())


def add_a_customer(scene: Scene) -> None:
    other = {"name": "home-99", "channel": f"0x{9:064x}", "home": "home.toml"}
    change_customers(scene, lambda customers: customers.append(other))
    scene.write_history("home-99", load_wh=1)


def have_no_customers(scene: Scene) -> None:
    change_customers(scene, lambda customers: customers.clear())


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lose_an_interval, "home-02 on 2021-03-14: 2021-03-14T16:00:00Z is not billed, 1 of 92"),
        (repeat_an_interval, "home-02 on 2021-03-14: the intervals are not those of the day"),
        (leave_the_last_unpaid, "home-02 on 2021-03-14: the day is not paid to its end"),
        (bill_at_other_prices, "is not billed under plan houston-day-ahead at the published"),
        (break_the_chain_of_bills, "2021-03-14T06:30:00Z does not continue the bill before it"),
        (forget_a_customer, "whose is it?"),
        (add_a_customer, "home-99: the hub has no bill of this customer"),
        (have_no_customers, "there is no customer to bill"),
    ],
)
def test_a_day_that_is_not_whole_is_not_closed(
    scene: Scene, spoil: Callable[[Scene], None], why: str
) -> None:
    spoil(scene)
    assert scene.order("day-ahead", DAY).status_code == 200
    before = scene.facts()
    answer = scene.order("close", DAY)
    assert answer.status_code == 409
    assert why in answer.json()["error"]
    assert scene.facts() == before
    assert not (scene.root / "out").exists()


def test_a_day_that_was_not_opened_is_not_closed(scene: Scene) -> None:
    answer = scene.order("close", DAY)
    assert answer.status_code == 409
    assert answer.json()["error"] == "2021-03-14 was not opened: no prices, no position"


def test_days_are_closed_one_after_the_other(scene: Scene) -> None:
    scene.move_clock(prices_of(NEXT_DAY).known_at_s)
    scene.order("day-ahead", NEXT_DAY)
    answer = scene.order("close", NEXT_DAY)
    assert answer.status_code == 409
    assert "close the days one after the other" in answer.json()["error"]


def test_a_ledger_that_refuses_posts_nothing_until_the_reason_is_gone(scene: Scene) -> None:
    scene.configure(("100.00 BOLT", "50.00 BOLT"))
    scene.order("day-ahead", DAY)
    before = scene.facts()
    answer = scene.order("close", DAY)
    assert answer.status_code == 409
    assert "CREDITS_BEYOND_DEBITS at assets:operating:cash" in answer.json()["error"]
    assert scene.facts() == before
    scene.configure()
    closed(scene)
    ledger = book_of(scene).ledger
    assert [t.amount_ubolt for t in ledger.transfers if t.code is Code.CAPITAL] == [100 * BOLT]


def test_a_replay_of_the_journal_is_the_same_book(scene: Scene) -> None:
    closed(scene)
    once, twice = book_of(scene), book_of(scene)
    assert once == twice
    assert once.ledger == Ledger.replay([twice.ledger.transfers])


def test_a_broken_real_time_file_is_named_before_anything_is_anchored(scene: Scene) -> None:
    (scene.root / "market" / f"{DAY}-RTM.json").write_text("[]")
    scene.order("day-ahead", DAY)
    answer = scene.order("close", DAY)
    assert answer.status_code == 400
    assert "2021-03-14-RTM.json is not an object" in answer.json()["error"]
    assert not (scene.root / "out").exists()
