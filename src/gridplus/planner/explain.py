"""Why the battery does what it does, in one sentence for each interval.

Charges and discharges are paired like brackets: a discharge takes what was charged last, a charge
buys back what was sold last. In an optimal plan every such pair pays, because both could be made
smaller together without touching a limit in between; so the sentences are true.
"""

from collections.abc import Iterator, Sequence

from gridplus.planner.battery import Battery
from gridplus.planner.plan import Outlook, Plan
from gridplus.planner.rule import Step
from gridplus.units import PPM

ABOLT_PER_TENTH_CENT = 1_000_000_000_000
"""0.1 ¢/kWh = 1e12 aBOLT/Wh."""


def explain(
    battery: Battery, outlook: Outlook, *, plan: Plan, labels: Sequence[str]
) -> tuple[str, ...]:
    """One sentence for each interval of `plan`, which was made for `battery` and `outlook`.

    `labels` are the intervals' times as a person writes them.
    """
    worth = [marginal(outlook, plan.steps, at=i) for i in range(len(plan.steps))]
    return explain_steps(battery, plan.steps, worth=worth, labels=labels)


def explain_steps(
    battery: Battery,
    steps: Sequence[Step],
    *,
    worth: Sequence[tuple[int, str]],
    labels: Sequence[str],
) -> tuple[str, ...]:
    """The same for steps of any plan; `worth` has what `worth_of` says of each. That one price
    beats another is said where it does."""
    prices = [format_cents(price) for price, _ in worth]
    partners = partners_of(battery, steps)
    sentences: list[str] = []
    coming = "nothing later pays for losses and wear"
    for i in range(len(steps) - 1, -1, -1):
        step, at, price, partner = steps[i], labels[i], prices[i], partners.get(i)
        if not step.charge_wh and not step.discharge_wh:
            sentences.append(f"idle at {at}: {coming}")
            continue
        if partner is not None and not _pays(battery, steps, worth=worth, pair=(i, partner)):
            why = f"{price} now; so it costs least with all else that the home does"
        elif partner is None:
            why = _unpaired(battery, step, price=price)
        elif step.charge_wh and partner > i:
            why = f"{price} now beats {prices[partner]} at {labels[partner]} after losses and wear"
        elif step.charge_wh:
            why = f"{price} buys back what was worth {prices[partner]} at {labels[partner]}"
        elif partner < i:
            why = f"{price} beats the {prices[partner]} of {labels[partner]} after losses and wear"
        else:
            why = f"{price} now, bought back for {prices[partner]} at {labels[partner]}"
        sentences.append(f"{worth[i][1]} at {at}: {why}")
        coming = (
            f"waiting for {price} at {at}" if step.charge_wh else f"kept for {at}, worth {price}"
        )
    return tuple(reversed(sentences))


def format_cents(price_abolt: int) -> str:
    """aBOLT per Wh -> '17.3 ¢' (per kWh), rounded half up."""
    tenths = (price_abolt + ABOLT_PER_TENTH_CENT // 2) // ABOLT_PER_TENTH_CENT
    sign = "-" if tenths < 0 else ""
    return f"{sign}{abs(tenths) // 10}.{abs(tenths) % 10} ¢"


def marginal(outlook: Outlook, steps: Sequence[Step], *, at: int) -> tuple[int, str]:
    """The price (aBOLT per Wh) of the last Wh moved in interval `at`, and what moving is called."""
    return worth_of(steps[at], outlook.prices[at], net_wh=outlook.net_load_wh[at])


def worth_of(step: Step, price: tuple[int, int], *, net_wh: int) -> tuple[int, str]:
    """The same for one step, at its (import, export) price and net load without the battery."""
    import_abolt, export_abolt = price
    if step.charge_wh > max(0, -net_wh):
        return import_abolt, "charging"
    if step.charge_wh:
        return export_abolt, "storing solar"
    if step.discharge_wh > net_wh:
        return export_abolt, "exporting"
    return import_abolt, "covering the home"


def _pays(
    battery: Battery,
    steps: Sequence[Step],
    *,
    worth: Sequence[tuple[int, str]],
    pair: tuple[int, int],
) -> bool:
    """Whether what was given is worth more than what was taken, after losses and wear."""
    taken, given = sorted(pair, key=lambda i: steps[i].discharge_wh)
    both_ppm = battery.charge_ppm * battery.discharge_ppm
    gained = (worth[given][0] - battery.wear_abolt_per_wh) * both_ppm
    return gained >= worth[taken][0] * PPM * PPM


def _unpaired(battery: Battery, step: Step, *, price: str) -> str:
    if step.discharge_wh:
        return f"{price} for charge that is not needed later"
    if step.stored_uwh - step.charge_wh * battery.charge_ppm < battery.reserve_uwh:
        return "the reserve comes first"
    return f"{price} is the cheapest way to the charge wished for at the end"


def partners_of(battery: Battery, steps: Sequence[Step]) -> dict[int, int]:
    """For each paired interval the one it shares most energy with, the earlier among equals."""
    most: dict[int, tuple[int, int]] = {}
    for first, second, shared_uwh in _pairs(battery, steps):
        for i, partner in ((first, second), (second, first)):
            most[i] = max(most.get(i, (0, 0)), (shared_uwh, -partner))
    return {i: -negative for i, (_, negative) in most.items()}


def _pairs(battery: Battery, steps: Sequence[Step]) -> Iterator[tuple[int, int, int]]:
    """(earlier interval, later interval, stored µWh), bracket by bracket."""
    pending: list[tuple[int, int]] = []
    for i, step in enumerate(steps):
        left_uwh = step.charge_wh * battery.charge_ppm - battery.drain_uwh(step.discharge_wh)
        while left_uwh and pending and (pending[-1][1] > 0) != (left_uwh > 0):
            other, held_uwh = pending.pop()
            shared_uwh = min(abs(left_uwh), abs(held_uwh))
            yield other, i, shared_uwh
            if abs(held_uwh) > abs(left_uwh):
                pending.append((other, held_uwh + left_uwh))
                left_uwh = 0
            else:
                left_uwh += held_uwh
        if left_uwh:
            pending.append((i, left_uwh))
