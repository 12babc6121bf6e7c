"""What the figures of a run say: rounded numbers that still add up, and sentences.

The console and the summary page show the same rows. Money is rounded to cents and prices to
thousandths of a cent, each column shared by largest remainder, so that what is printed sums to
the total that is printed.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from gridplus.demo.diary import greatest
from gridplus.demo.figures import AskFigures, Figures
from gridplus.units import WH_PER_MWH, counted, utc_from_s

UBOLT_PER_CENT = 10_000
WH_PER_TENTH_KWH = 100
UBOLT_PER_MWH_PER_CENT_PER_KWH = 10_000_000
QUARTER_HOURS = "quarter hours"


def share_rounded(amounts: Sequence[int], divisor: int) -> list[int]:
    """Each amount / `divisor` as a whole number; together they are the rounded sum (half up)."""
    total = (2 * sum(amounts) + divisor) // (2 * divisor)
    parts = [amount // divisor for amount in amounts]
    by_remainder = sorted(range(len(amounts)), key=lambda i: (-(amounts[i] % divisor), i))
    for i in by_remainder[: total - sum(parts)]:
        parts[i] += 1
    return parts


def format_scaled(number: int, digits: int) -> str:
    """(-1234567, 2) -> '-12,345.67'."""
    whole, part = divmod(abs(number), 10**digits)
    return f"{'-' if number < 0 else ''}{whole:,}.{part:0{digits}d}"


def format_cents(cents: int) -> str:
    """BOLT with two digits."""
    return format_scaled(cents, 2)


def format_bolt(amount_ubolt: int) -> str:
    """A lone amount in BOLT, to the cent."""
    return format_cents(share_rounded([amount_ubolt], UBOLT_PER_CENT)[0])


def format_kwh(energy_wh: int) -> str:
    """A lone energy in kWh, one digit."""
    return format_scaled(share_rounded([energy_wh], WH_PER_TENTH_KWH)[0], 1)


def format_price(price_ubolt_per_mwh: int) -> str:
    """A price in ¢/kWh, two digits."""
    hundredths = share_rounded([price_ubolt_per_mwh], UBOLT_PER_MWH_PER_CENT_PER_KWH // 100)[0]
    return format_scaled(hundredths, 2)


def format_ms(duration_us: int) -> str:
    return format_scaled(share_rounded([duration_us], 100)[0], 1)


def printable(text: str) -> str:
    """`text` from outside without control characters, line breaks and direction marks."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


@dataclass(frozen=True, slots=True)
class HomeRow:
    """A line of the table of homes; energies in tenths of a kWh, money in cents."""

    name: str
    taken: int
    fed_in: int
    paid: int
    without_control: int
    flat: int

    @property
    def saved(self) -> int:
        """Against no control, as printed."""
        return self.without_control - self.paid


def home_rows(figures: Figures) -> tuple[HomeRow, ...]:
    """Every home, and the street as the last row."""
    homes = figures.homes
    energies = [
        share_rounded(column, WH_PER_TENTH_KWH)
        for column in ([h.import_wh for h in homes], [h.export_wh for h in homes])
    ]
    money = [
        share_rounded(column, UBOLT_PER_CENT)
        for column in (
            [h.paid_ubolt for h in homes],
            [h.without_control_ubolt for h in homes],
            [h.flat_ubolt for h in homes],
        )
    ]
    columns = energies + money
    names = [printable(home.name) for home in homes]
    rows = [HomeRow(name, *cells) for name, *cells in zip(names, *columns, strict=True)]
    return *rows, HomeRow("street", *map(sum, columns))


@dataclass(frozen=True, slots=True)
class StackRow:
    """A layer of the cost of a kWh, in thousandths of a cent per kWh, and in cents over the run."""

    name: str
    note: str
    price: int
    cents: int


def stack_rows(figures: Figures) -> tuple[StackRow, ...]:
    """The cost stack per kWh taken, and its total as the last row; nothing when none was taken."""
    taken_wh = figures.energy.import_wh
    if not taken_wh:
        return ()
    prices = share_rounded([part.amount_ubolt * 100 for part in figures.stack], taken_wh)
    cents = share_rounded([part.amount_ubolt for part in figures.stack], UBOLT_PER_CENT)
    rows = [
        StackRow(printable(part.name), printable(part.note), price, amount)
        for part, price, amount in zip(figures.stack, prices, cents, strict=True)
    ]
    return *rows, StackRow("total", "per kWh taken from the grid", sum(prices), sum(cents))


def account_rows(figures: Figures) -> tuple[tuple[str, int], ...]:
    """The retailer's account in cents, what it got positive; the last row is profit or loss."""
    retailer = figures.retailer
    entries = {
        "charges to the homes": retailer.revenue_ubolt,
        "credits: energy fed in, use left out": -retailer.export_credit_ubolt,
        "energy, day-ahead": -retailer.position_cost_ubolt,
        "imbalance": -retailer.imbalance_cost_ubolt,
        "passed on: delivery, fees, taxes": -retailer.passed_on_ubolt,
        "payments": -retailer.payment_cost_ubolt,
    }
    cents = share_rounded(list(entries.values()), UBOLT_PER_CENT)
    result = "profit" if retailer.profit_ubolt >= 0 else "loss"
    return *zip(entries, cents, strict=True), (result, sum(cents))


def format_day(day: date) -> str:
    return f"{day:%A}, {day.day} {day:%B %Y}"


def period(figures: Figures) -> str:
    """'Monday, 15 February 2021', or the first and the last day."""
    first, last = figures.first_day, figures.first_day + timedelta(figures.days - 1)
    if first == last:
        return format_day(first)
    begin = f"{first:%A}, {first.day} {first:%B}" if first.year == last.year else format_day(first)
    return f"{begin} to {format_day(last)}"


def who_bought(figures: Figures) -> str:
    """How many homes bought how much time of electricity where."""
    homes, days = counted(len(figures.homes), "home"), figures.days
    bought = "a day" if days == 1 else f"{days} days"
    return f"{homes} bought {bought} of electricity at {printable(figures.settlement_point)}"


def where_homes_come_from(figures: Figures) -> str:
    """Whose data it is; and how a Californian year is laid on the Texan price year."""
    bundled = len(figures.homes) - figures.metered
    aligned = "season-aligned: summer on summer"
    told = [f"{counted(figures.metered, 'home')} from your meter file"] if figures.metered else []
    if bundled:
        homes = counted(bundled, "real home")
        told.append(f"{homes} from California, {aligned}; hourly data divided into {QUARTER_HOURS}")
    return f"{'; '.join(told)}."


@dataclass(frozen=True, slots=True)
class DeedRow:
    """What a device did, for people."""

    home: str
    when: str
    what: str
    why: str


def ask_rows(figures: Figures) -> list[DeedRow]:
    """What was asked when, how homes heard of it, and what they made of it."""
    zone, rows = ZoneInfo(figures.time_zone), list[DeedRow]()
    for ask in figures.asks:
        told, begin, end = (
            utc_from_s(at).astimezone(zone) for at in (ask.told_s, ask.start_s, ask.end_s)
        )
        day = "" if figures.days == 1 else f"{begin:%m-%d} "
        when = f"{day}{begin:%H:%M} to {end:%H:%M}"
        ways = ", ".join(f"{counted(count, 'home')} by {way}" for way, count in ask.ways)
        what = f"{ask.text} (told at {told:%H:%M}, heard in {ways})"
        rows.append(DeedRow(ask.kind, when, what, what_came_of_it(ask)))
    return rows


def what_came_of_it(ask: AskFigures) -> str:
    """How many homes followed; why the others did not; the rewards."""
    followed = sum(bool(heed.followed) for heed in ask.homes)
    reasons = Counter(heed.why_not for heed in ask.homes if not heed.followed)
    others = "".join(f"; {count} not: {printable(why)}" for why, count in reasons.items())
    reward_ubolt = sum(heed.reward_ubolt for heed in ask.homes)
    paid = f"; {format_bolt(reward_ubolt)} BOLT of rewards" if reward_ubolt else ""
    return f"{followed} of {counted(len(ask.homes), 'home')} followed{paid}{others}."


def heed_rows(figures: Figures, *, homes: int) -> list[DeedRow]:
    """What each of the first `homes` homes made of each ask."""
    rows = list[DeedRow]()
    for ask in figures.asks:
        for heed in ask.homes[:homes]:
            devices = ", ".join(
                f"{device} (consent: {printable(leave)})" for device, leave in heed.followed
            )
            reward = f"; reward {format_bolt(heed.reward_ubolt)} BOLT" if heed.reward_ubolt else ""
            why = f"{devices}{reward}" if devices else printable(heed.why_not)
            verdict = "followed" if devices else "did not follow"
            rows.append(DeedRow(printable(heed.home), ask.kind, verdict, why))
    return rows


_DONE = {
    ("battery", True): "battery stored",
    ("battery", False): "battery gave",
    ("car", True): "car charged",
    ("climate", True): "heat pump took",
}


def deed_rows(figures: Figures, *, homes: int, each: int) -> list[DeedRow]:
    """The greatest `each` things that every device of the first `homes` homes did."""
    zone, rows = ZoneInfo(figures.time_zone), list[DeedRow]()
    for home in figures.homes[:homes]:
        for deed in greatest(home.deeds, each=each):
            begin, end = (utc_from_s(at).astimezone(zone) for at in (deed.start_s, deed.end_s))
            day = "" if figures.days == 1 else f"{begin:%m-%d} "
            done = _DONE.get((deed.device, deed.energy_wh > 0), deed.device)
            what = f"{done} {format_kwh(abs(deed.energy_wh))} kWh"
            when = f"{day}{begin:%H:%M} to {end:%H:%M}"
            rows.append(DeedRow(printable(home.name), when, what, printable(deed.why)))
    return rows


def who_has_what(figures: Figures) -> str:
    """What stands in the homes, and what of it is simulated."""
    cars, pumps = (
        sum(any(deed.device == device for deed in home.deeds) for home in figures.homes)
        for device in ("car", "climate")
    )
    if not cars and not pumps:
        return "A simulated battery in each home; its Smart Agent decides."
    return (
        f"In each home a battery, in {counted(cars, 'home')} a car, in {counted(pumps, 'home')} a "
        "heat pump, all simulated; the Smart Agents decide."
    )


def what_energy_moved(figures: Figures) -> str:
    """Bought, sold, stored; and what the homes used and made."""
    energy = figures.energy
    return (
        f"Bought {format_kwh(energy.import_wh)} kWh, sold {format_kwh(energy.export_wh)} kWh, "
        f"stored {format_kwh(energy.charged_wh)} kWh, of which "
        f"{format_kwh(energy.discharged_wh)} kWh came out again. The homes used "
        f"{format_kwh(energy.load_wh)} kWh; their panels made {format_kwh(energy.solar_wh)} kWh."
    )


def what_label_says(figures: Figures) -> str:
    """The plan's facts label in a line."""
    uses = (f"{format_scaled(x, 2)} ¢ at {kwh:,} kWh" for kwh, x in figures.facts_label)
    return f"Average price per kWh by monthly use: {', '.join(uses)}."


def what_was_paid(figures: Figures) -> str:
    """The street's bill against the one without control."""
    street = home_rows(figures)[-1]
    paid, without = format_cents(street.paid), format_cents(street.without_control)
    if street.saved >= 0:
        verdict = f"{format_cents(street.saved)} saved"
    else:
        verdict = f"{format_cents(-street.saved)} more"
    reward_ubolt = sum(heed.reward_ubolt for ask in figures.asks for heed in ask.homes)
    if reward_ubolt:
        verdict += f", with {format_bolt(reward_ubolt)} of rewards for use left out"
    return f"Net of credits the street paid {paid} BOLT, without control {without}: {verdict}."


def what_flat_means(figures: Figures) -> str:
    price = format_price(figures.flat_price_ubolt_per_mwh)
    return (
        f"Flat plan: {price} ¢ for each kWh taken, nothing for energy fed in; the same revenue "
        "from the street without control."
    )


def capped_intervals(figures: Figures) -> int:
    """Intervals in which the index was above the plan's cap."""
    index = figures.series.index_ubolt_per_mwh
    return sum(price > figures.cap_ubolt_per_mwh for price in index)


def shielded_ubolt(figures: Figures) -> int:
    """What the energy that the street took cost above the cap, less what it fed in earned above."""
    series, cap = figures.series, figures.cap_ubolt_per_mwh
    pairs = zip(series.index_ubolt_per_mwh, series.net_wh, strict=True)
    return sum(max(0, price - cap) * net_wh for price, net_wh in pairs) // WH_PER_MWH


def what_the_cap_did(figures: Figures) -> str:
    """How often the cap held, and who bore the difference."""
    capped, cap = capped_intervals(figures), format_price(figures.cap_ubolt_per_mwh)
    if not capped:
        return f"The wholesale price never passed the plan's cap of {cap} ¢/kWh."
    often = f"{capped} of {len(figures.series.start_s)} {QUARTER_HOURS}"
    said = f"The wholesale price was above the plan's cap of {cap} ¢/kWh in {often}"
    shielded = shielded_ubolt(figures)
    if shielded <= 0:
        return f"{said}."
    return f"{said}: a net {format_bolt(shielded)} BOLT that the homes did not pay."


def what_was_earned(figures: Figures) -> str:
    """Profit or loss in one sentence, and what a cap that bound had to do with a loss."""
    profit_ubolt = figures.retailer.profit_ubolt
    if profit_ubolt >= 0:
        return f"The retailer earned {format_bolt(profit_ubolt)} BOLT."
    lost = f"The retailer lost {format_bolt(-profit_ubolt)} BOLT"
    capped_ubolt = shielded_ubolt(figures)
    if capped_ubolt <= 0:
        return f"{lost}."
    return (
        f"{lost} because of the cap, which took {format_bolt(capped_ubolt)} BOLT from it: "
        "it bought at the market's price and sold at the cap."
    )


def what_was_bought_ahead(figures: Figures) -> str:
    """Position and imbalance, and at which prices the imbalance is valued."""
    retailer = figures.retailer
    verb, ahead_wh = ("Bought", retailer.position_wh)
    if ahead_wh < 0:
        verb, ahead_wh = "Sold", -ahead_wh
    side = "short" if retailer.imbalance_wh >= 0 else "long"
    return (
        f"{verb} {format_kwh(ahead_wh)} kWh day-ahead; {format_kwh(abs(retailer.imbalance_wh))} "
        f"kWh {side} in the end, {format_kwh(retailer.imbalance_absolute_wh)} kWh off over all "
        f"{QUARTER_HOURS} (valued at {printable(retailer.imbalance_value)})."
    )


def what_payments_took(figures: Figures) -> str:
    payments = figures.payments
    p50_ms, p99_ms = format_ms(payments.p50_us), format_ms(payments.p99_us)
    return (
        f"{counted(payments.count, 'payment')}, each on disk before it was acknowledged: half "
        f"within {p50_ms} ms (p50), 99 % within {p99_ms} ms (p99); {payments.refused:,} refused."
    )


def what_gas_it_took(figures: Figures) -> str:
    gas = figures.gas
    return (
        f"{gas.per_home_opening:,} gas to open a home's channel, {gas.per_home_day:,} gas for its "
        f"share of a day's claim; {printable(gas.assumption)}."
    )


def who_agrees(figures: Figures) -> str:
    """The three-way check; the homes that fail it are named."""
    homes = figures.homes
    agreeing = sum(home.agrees for home in homes)
    verb = "agrees" if len(homes) == 1 else "agree"
    whole = f"{agreeing} of {counted(len(homes), 'home')}"
    said = f"{whole} {verb} to the µBOLT: chain, ledger, voucher"
    apart = ", ".join(printable(home.name) for home in homes if not home.agrees)
    return f"{said}; not {apart}." if apart else f"{said}."


def what_was_verified(figures: Figures) -> str:
    ledger = "the ledger balances" if figures.ledger_balanced else "THE LEDGER DOES NOT BALANCE"
    return f"{counted(figures.bills_verified, 'bill')} recomputed and verified; {ledger}."
