"""What a run shows: every number of the console, of --json and of the summary page."""

import json
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from gridplus.demo.diary import Deed
from gridplus.failures import invariant


@dataclass(frozen=True, slots=True)
class EnergyFigures:
    """Wh over the street and all days; charge and discharge are those of the batteries."""

    load_wh: int
    solar_wh: int
    import_wh: int
    export_wh: int
    charged_wh: int
    discharged_wh: int


@dataclass(frozen=True, slots=True)
class CostPart:
    """One layer of what the homes paid for energy they took (µBOLT; may be negative for 'retail'
    when the retailer sold below what it paid)."""

    name: str
    amount_ubolt: int
    note: str


@dataclass(frozen=True, slots=True)
class HomeFigures:
    """One home over all days: net bill in µBOLT (charges less credits) three ways, and the money of
    its channel as read back from three stores after a restart; what its devices did, and why."""

    name: str
    import_wh: int
    export_wh: int
    paid_ubolt: int
    without_control_ubolt: int
    flat_ubolt: int
    chain_headroom_ubolt: int
    ledger_deposit_ubolt: int
    voucher_headroom_ubolt: int
    deeds: tuple[Deed, ...]

    @property
    def agrees(self) -> bool:
        """Chain, ledger and newest voucher say the same to the µBOLT."""
        return self.chain_headroom_ubolt == self.ledger_deposit_ubolt == self.voucher_headroom_ubolt


@dataclass(frozen=True, slots=True)
class HeedFigures:
    """What a home made of an ask: the devices that followed, each with the consents that let it, or
    why none did; `reward_ubolt` is what its bill gives for that."""

    home: str
    followed: tuple[tuple[str, str], ...]
    why_not: str
    reward_ubolt: int


@dataclass(frozen=True, slots=True)
class AskFigures:
    """An ask of the retailer's: its kind, when it was told (seconds since 1970), for when, what it
    says, how many homes heard of it which way, and what each made of it."""

    kind: str
    told_s: int
    start_s: int
    end_s: int
    text: str
    ways: tuple[tuple[str, int], ...]
    homes: tuple[HeedFigures, ...]


@dataclass(frozen=True, slots=True)
class PaymentFigures:
    """Vouchers acknowledged, and the time from sending one to its durable acknowledgement."""

    count: int
    p50_us: int
    p99_us: int
    refused: int


@dataclass(frozen=True, slots=True)
class GasFigures:
    """Gas by kind of transaction over the run, what a home's opening and its share of a day's claim
    took, and how that becomes the payment cost ("at 0.01 gwei and 3,000 $ a coin")."""

    by_kind: tuple[tuple[str, int], ...]
    per_home_opening: int
    per_home_day: int
    assumption: str


@dataclass(frozen=True, slots=True)
class RetailerFigures:
    """The retailer's day: energy bought ahead (negative: sold ahead), imbalance (sum of absolute
    Wh, and its net cost), revenue from homes, costs, profit; µBOLT. `imbalance_value` says at which
    price the imbalance is valued ("the day-ahead price"). `passed_on_ubolt` is delivery, fee and
    taxes, handed on unchanged. Raises Bug when costs and profit are not the revenue."""

    position_wh: int
    position_cost_ubolt: int
    imbalance_wh: int
    imbalance_absolute_wh: int
    imbalance_cost_ubolt: int
    imbalance_value: str
    revenue_ubolt: int
    export_credit_ubolt: int
    passed_on_ubolt: int
    payment_cost_ubolt: int
    profit_ubolt: int

    def __post_init__(self) -> None:
        costs_ubolt = self.position_cost_ubolt + self.imbalance_cost_ubolt + self.passed_on_ubolt
        left_ubolt = self.revenue_ubolt - self.export_credit_ubolt - self.payment_cost_ubolt
        invariant(left_ubolt - costs_ubolt == self.profit_ubolt, "a retailer's account adds up")


@dataclass(frozen=True, slots=True)
class Series:
    """Per settlement interval, in order: prices in µBOLT/MWh (the index; what a Wh taken cost with
    all adders and taxes), street Wh (net: taken less fed in), battery charge at the end (Wh, all
    homes), cumulative net bill of the street (µBOLT)."""

    start_s: tuple[int, ...]
    index_ubolt_per_mwh: tuple[int, ...]
    billed_ubolt_per_mwh: tuple[int, ...]
    load_wh: tuple[int, ...]
    solar_wh: tuple[int, ...]
    net_wh: tuple[int, ...]
    net_without_control_wh: tuple[int, ...]
    stored_wh: tuple[int, ...]
    paid_ubolt: tuple[int, ...]
    without_control_ubolt: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class OutputFiles:
    """Where the run left its files, as paths that can be typed: the program itself, the folder, one
    of the bills, and the summary page ("" when none was written)."""

    program: str
    folder: str
    bill: str
    summary: str


@dataclass(frozen=True, slots=True)
class Figures:
    """One run. `cap_ubolt_per_mwh` bounds the index. `facts_label` has (kWh a month, hundredths of
    a cent per kWh) for each use. `flat_price_ubolt_per_mwh` is the one price per kWh taken that
    would have given the retailer the same revenue from the street without control (export unpaid).
    `metered` counts the homes whose data came from a meter file of the user's own.
    """

    first_day: date
    days: int
    time_zone: str
    settlement_point: str
    plan: str
    cap_ubolt_per_mwh: int
    facts_label: tuple[tuple[int, int], ...]
    energy: EnergyFigures
    stack: tuple[CostPart, ...]
    homes: tuple[HomeFigures, ...]
    metered: int
    flat_price_ubolt_per_mwh: int
    asks: tuple[AskFigures, ...]
    payments: PaymentFigures
    gas: GasFigures
    retailer: RetailerFigures
    bills_verified: int
    ledger_balanced: bool
    elapsed_ms: int
    files: OutputFiles
    series: Series

    @property
    def agrees(self) -> bool:
        """Every home's money agrees three ways, and the ledger balances."""
        return self.ledger_balanced and all(home.agrees for home in self.homes)

    def document(self) -> dict[str, Any]:
        """For --json: the same numbers, without the series."""
        found = asdict(self)
        del found["series"]
        found["first_day"] = self.first_day.isoformat()
        found["agrees"] = self.agrees
        for home, shown in zip(self.homes, found["homes"], strict=True):
            shown["agrees"] = home.agrees
        return found

    def to_json(self) -> str:
        return json.dumps(self.document(), indent=2)
