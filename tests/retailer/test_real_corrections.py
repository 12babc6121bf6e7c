"""The 216 real corrections of real-time prices, restated: bills, ledger, vouchers and a real chain.

ERCOT's feed as it was posted and its later annual files differ in 216 quarter hours of HB_HUBAVG.
Three homes bought every quarter hour of those 20 days at the posted prices, under a plan that
follows the real-time index: it is a simulation, because the law forbids to sell it to homes. Where
the annual file of the year is not there, the quarter hours around a correction cost 30 $/MWh.
"""

import csv
import gzip
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from gridplus.chain import Account, Call
from gridplus.chain.embedded import EmbeddedChain, Genesis
from gridplus.chain.views import ask
from gridplus.clock import FileClock
from gridplus.contracts import calls
from gridplus.ledger import (
    BilledDay,
    Code,
    Ledger,
    Refused,
    Transfer,
    bill,
    claim,
    movement,
    restatement,
)
from gridplus.ledger.chart import POOL, TRUST_CASH
from gridplus.market import PriceVersion, operating_day_bounds, operating_day_intervals
from gridplus.market.formats import PriceCorrection, corrected, parse_price_corrections
from gridplus.meter import IntervalRead
from gridplus.retailer.street_day import LEDGER_CODES, ledger_restatements
from gridplus.tariff import (
    Cause,
    Correction,
    History,
    Plan,
    Restatement,
    Side,
    Stated,
    Statement,
    Tip,
    day_totals,
    next_statement,
    parse_plan,
    restate,
)
from gridplus.units import SETTLEMENT_INTERVAL_S, Interval
from gridplus.wallet import voucher_digest
from tests.retailer.ground import BOLT, DEPOSIT_UBOLT, POOL_UBOLT, Ground, HomeKeys
from tests.retailer.served import CHAIN_ID

PRICES = Path(__file__).parents[3] / "shared/data/ercot_prices"
CORRECTIONS = PRICES / "rtm_price_corrections_HB_HUBAVG_2024_2025.csv.gz"
ANNUAL = PRICES / "rtm_spp_15min_2024.csv.gz"
needs_shared = pytest.mark.skipif(not CORRECTIONS.exists(), reason="../shared/data is not there")
ELSEWHERE = 30_000_000
ZONE = ZoneInfo("America/Chicago")
GROSS_UP_PPM = 1_021_637
POSTED_ON = date(2025, 12, 1)
PLAN: Plan = parse_plan(
    b"""
format = "gridplus.plan/2"
id = "hub-average-real-time"
version = 1
name = "Hub average, real time"
time_zone = "America/Chicago"
jurisdiction = "simulation"
customer_class = "residential"
settlement_point = "HB_HUBAVG"
effective_from = 2024-01-01
as_of = 2026-01-31
[index]
market = "RTM"
[[components]]
kind = "index_price"
[[components]]
kind = "adder"
price = "1.00 \xc2\xa2/kWh"
[[components]]
kind = "export_index"
adder = "0.00 \xc2\xa2/kWh"
[[components]]
kind = "taxes"
[[components.rows]]
from = 2012-01-01
puc_assessment = "0.1667 %"
gross_receipts = "1.997 %"
source = "made for a test"
""",
    what="plan.toml",
)


def ubolt_per_mwh(dollars: str) -> int:
    return int(Decimal(dollars) * BOLT)


def start_s(text: str) -> int:
    return int(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp())


def rows(path: Path) -> Iterator[dict[str, str]]:
    with gzip.open(path, "rt") as file:
        yield from csv.DictReader(file)


@dataclass(frozen=True)
class Market:
    """Prices (µBOLT/MWh) by the start of a quarter hour: as posted, and as they were corrected."""

    posted: dict[int, int]
    right: dict[int, int]
    days: tuple[date, ...]
    corrections: tuple[PriceCorrection, ...]

    def as_posted(self, day: date) -> PriceVersion:
        from_s, until_s = operating_day_bounds(day)
        starts = range(from_s, until_s, SETTLEMENT_INTERVAL_S)
        return PriceVersion(
            "HB_HUBAVG", day, "RTM", "final", 1, until_s, "ERCOT", from_s,
            SETTLEMENT_INTERVAL_S, tuple(self.posted.get(at, ELSEWHERE) for at in starts),
        )  # fmt: skip

    def as_corrected(self, day: date) -> PriceVersion:
        known_at_s = int(datetime(2025, 11, 30, tzinfo=ZONE).timestamp())
        return corrected(
            self.as_posted(day), self.corrections, known_at_s=known_at_s, source="ERCOT"
        )


@pytest.fixture(scope="module")
def market() -> Market:
    right = {start_s(row["interval_start_utc"]): ubolt_per_mwh(row["HB_HUBAVG"])
             for row in rows(ANNUAL) if row["HB_HUBAVG"]}  # fmt: skip
    found, faults = parse_price_corrections(
        gzip.decompress(CORRECTIONS.read_bytes()), what=CORRECTIONS.name
    )
    assert (len(found), faults) == (216, ())
    posted = {correction.start_s: correction.posted for correction in found}
    for correction in found:
        at, now = correction.start_s, correction.corrected
        assert right.setdefault(at, now) == now
    local = {datetime.fromtimestamp(at, ZONE).date() for at in posted}
    return Market({**right, **posted}, right, tuple(sorted(local)), found)


def reads(place: int, days: tuple[date, ...]) -> Iterator[IntervalRead]:
    """The second home sleeps every other day; the third feeds in around noon."""
    taken_wh = fed_wh = 0
    for number, day in enumerate(days):
        for at, interval in enumerate(operating_day_intervals(day)):
            asleep = place == 1 and number % 2
            import_wh = 0 if asleep else 20 + (31 * at + 17 * place) % 90
            export_wh = 50 + at % 30 if place == 2 and 40 <= at < 64 else 0
            taken_wh, fed_wh = taken_wh + import_wh, fed_wh + export_wh
            yield IntervalRead(interval, import_wh, export_wh, taken_wh, fed_wh)


@dataclass
class Told:
    """One home: its statements at the posted prices, and its history."""

    home: HomeKeys
    statements: list[Statement]
    history: History

    def days(self) -> Iterator[tuple[date, list[Statement]]]:
        found: dict[date, list[Statement]] = {}
        for statement in self.statements:
            local = statement.interval.start.astimezone(ZONE).date()
            found.setdefault(local, []).append(statement)
        yield from found.items()


def billed(home: HomeKeys, place: int, *, market: Market) -> Told:
    tip, stated = Tip.genesis(home.identity.channel), []
    posted = {day: market.as_posted(day) for day in market.days}
    for read in reads(place, market.days):
        prices = posted[read.interval.start.astimezone(ZONE).date()]
        statement = next_statement(tip, plan=PLAN, prices=prices, read=read)
        stated.append(Stated(statement, PLAN, prices))
        tip = statement.tip
    history = History.of(Tip.genesis(home.identity.channel), stated)
    return Told(home, [one.statement for one in stated], history)


def corrections(market: Market) -> list[Correction]:
    """Every quarter hour that was corrected, at the newest price version of its day."""
    newest = {day: market.as_corrected(day) for day in market.days}
    return [
        Correction(Interval(at, SETTLEMENT_INTERVAL_S), prices=newest[day])
        for day in market.days
        for at in range(*operating_day_bounds(day), SETTLEMENT_INTERVAL_S)
        if market.posted.get(at) != market.right.get(at)
    ]


def expected_abolt(told: Told, market: Market) -> dict[int, int]:
    """By hand: what each corrected quarter hour should have cost more."""
    owed = {}
    for statement in told.statements:
        at, read = statement.interval.start_s, statement.read
        old, new = market.posted.get(at), market.right.get(at)
        if old is None or new is None or old == new:
            continue
        charge = read.import_wh * (max(new, 0) - max(old, 0)) * GROSS_UP_PPM
        below_zero = read.import_wh * (max(-new, 0) - max(-old, 0)) * 1_000_000
        fed_in = read.export_wh * (max(new, 0) - max(old, 0)) * 1_000_000
        owed[at] = charge - below_zero - fed_in
    return owed


@needs_shared
def test_216_corrections_change_exactly_the_affected_bills_by_exactly_what_they_should(
    ground: Ground, market: Market, tmp_path: Path
) -> None:
    ground.copy_to(tmp_path)
    homes = [billed(home, place, market=market) for place, home in enumerate(ground.homes)]
    vault, ledger = ground.deployment.vault, opened_ledger(ground)
    with EmbeddedChain(
        tmp_path / "chain.db", FileClock(tmp_path / "clock"), genesis=Genesis(CHAIN_ID, {})
    ) as chain:
        bills = [
            transfer
            for told in homes
            for day, statements in told.days()
            for transfer in bill(billed_day(told, day, statements))
        ]
        claimed = claim_all(ground, chain, homes)
        post(ledger, [*bills, *claimed])
        for told in homes:
            agree(chain, vault, told, ledger=ledger)
        restated_lines: list[Transfer] = []
        for told in homes:
            found = restate(
                told.history,
                corrections(market),
                cause=Cause.PRICES,
                decided_at_s=int(datetime(2025, 12, 1, tzinfo=ZONE).timestamp()),
            )
            assert found is not None
            restated, told.history = found
            check_amounts(restated, told, market=market)
            for day_restated in ledger_restatements(restated):
                restated_lines += restatement(day_restated, posted_on=POSTED_ON)
        claimed = claim_all(ground, chain, homes)
        post(ledger, [*restated_lines, *claimed])
        for told in homes:
            agree(chain, vault, told, ledger=ledger)
        assert ledger.balance(TRUST_CASH) == ledger.owed_to_homes_ubolt
        assert ledger.balance(POOL) == ask(chain, vault, view=calls.pool())


def check_amounts(restated: Restatement, told: Told, *, market: Market) -> None:
    expected = expected_abolt(told, market)
    assert len(expected) == 216
    assert {r.interval.start_s for r in restated.revisions} == set(expected)
    assert {r.operating_day for r in restated.revisions} == set(market.days)
    for revision in restated.revisions:
        owed = sum(delta.owed_abolt for delta in revision.deltas)
        assert owed == expected[revision.interval.start_s]
    before, after = restated.before, restated.after
    moved = (after.charges_abolt - before.charges_abolt) - (
        after.credits_abolt - before.credits_abolt
    )
    assert moved == sum(expected.values())
    for statement in told.statements:
        at = statement.interval.start_s
        newest = restated.digest if at in expected else statement.digest
        assert told.history.versions[at].digest == newest


def billed_day(told: Told, day: date, statements: list[Statement]) -> BilledDay:
    first = told.statements.index(statements[0])
    opening = (
        told.statements[first - 1].after if first else Tip.genesis(told.history.tip.channel).total
    )
    totals = day_totals(statements, opening=opening)
    lines = dict.fromkeys(LEDGER_CODES.values(), 0)
    for code, amount in totals.lines_ubolt:
        if code.side is Side.CHARGE:
            lines[LEDGER_CODES[code]] += amount
    channel = told.home.identity.channel
    return BilledDay(channel, day, totals.charges_ubolt, totals.credits_ubolt, lines)


def opened_ledger(ground: Ground) -> Ledger:
    ledger, day = Ledger(), date(2024, 1, 1)
    batch = [
        *movement(Code.CAPITAL, b"opening", day=day, amount_ubolt=100 * BOLT),
        *movement(Code.POOL_FUNDING, b"pool", day=day, amount_ubolt=POOL_UBOLT),
    ]
    for home in ground.homes:
        channel = home.identity.channel
        batch += movement(Code.DEPOSIT, channel, day=day, amount_ubolt=DEPOSIT_UBOLT, home=channel)
    post(ledger, batch)
    return ledger


def post(ledger: Ledger, batch: list[Transfer]) -> None:
    """A credit is owed as soon as it is posted, so it is posted with its claim."""
    posted = ledger.post(batch)
    assert not isinstance(posted, Refused), posted


def claim_all(ground: Ground, chain: EmbeddedChain, homes: list[Told]) -> tuple[Transfer, ...]:
    """Each home signs where its bill chain stands, the hub claims it all; what the ledger posts."""
    vault, items, before, after = ground.deployment.vault, [], [0, 0], [0, 0]
    for told in homes:
        who, total = told.home.identity, told.history.tip.total
        spent, earned = total.spent_ubolt, total.earned_ubolt
        digest = voucher_digest(who.domain, who.cfg, spent=spent, earned=earned)
        items.append(calls.ClaimItem(who.cfg, spent, earned, told.home.voucher.sign(digest)))
        word = ask(chain, vault, view=calls.channel_word(who.channel))
        before = [before[0] + word.spent, before[1] + word.earned]
        after = [after[0] + spent, after[1] + earned]
    seq = ask(chain, vault, view=calls.next_seq())
    Account(ground.hub, chain).transact(Call(vault, calls.claim(items, fund=0, seq=seq)))
    source, moved = seq.to_bytes(8, "big"), (after[0] - before[0], after[1] - before[1])
    return claim(source, day=POSTED_ON, spent_ubolt=moved[0], earned_ubolt=moved[1])


def agree(chain: EmbeddedChain, vault: bytes, told: Told, *, ledger: Ledger) -> None:
    """Ledger, voucher and chain say one amount."""
    total, channel = told.history.tip.total, told.home.identity.channel
    word = ask(chain, vault, view=calls.channel_word(channel))
    assert (word.spent, word.earned) == (total.spent_ubolt, total.earned_ubolt)
    due = DEPOSIT_UBOLT + total.earned_ubolt - total.spent_ubolt
    assert ledger.deposit(channel) == word.headroom == due


@needs_shared
def test_a_home_that_took_nothing_then_is_told_of_the_prices_and_owes_nothing_for_them(
    ground: Ground, market: Market
) -> None:
    told = billed(ground.homes[1], 1, market=market)
    found = restate(
        told.history, corrections(market), cause=Cause.PRICES, decided_at_s=1_764_000_000
    )
    assert found is not None
    asleep = market.days[1::2]
    for revision in found[0].revisions:
        assert (revision.deltas == ()) == (revision.operating_day in asleep)
    whole = replace(found[0], revisions=())
    assert whole.head != found[0].head
    assert len(market.days) == 20
