"""The components of a plan, by the word for each in a plan file."""

from gridplus.tariff.components.block import BlockAndIndex
from gridplus.tariff.components.component import (
    Component,
    Effect,
    Marginal,
    Price,
    Slot,
    Stepwise,
    Use,
)
from gridplus.tariff.components.demand import DemandCharge
from gridplus.tariff.components.energy import Adder, FixedPrice, IndexPrice
from gridplus.tariff.components.export import ExportFixed, ExportIndex, NetMetering, OwnUseFirst
from gridplus.tariff.components.granted import MarkupWaiver
from gridplus.tariff.components.monthly_use import MinimumUseFee, UsageCredit
from gridplus.tariff.components.rows import NO_TAX, Delivery, ErcotFee, Taxes, TaxRow, row_on
from gridplus.tariff.components.standing import CapacityCharge, StandingCharge
from gridplus.tariff.components.tiers import Tiers
from gridplus.tariff.components.time_of_use import TimeOfUse

KINDS: dict[str, type[Component]] = {
    component.kind: component
    for component in (
        FixedPrice, TimeOfUse, Tiers, IndexPrice, BlockAndIndex, Adder, StandingCharge,
        CapacityCharge, DemandCharge, MinimumUseFee, UsageCredit, Delivery, ErcotFee, Taxes,
        ExportIndex, ExportFixed, OwnUseFirst, NetMetering, MarkupWaiver,
    )
}  # fmt: skip

__all__ = [
    "KINDS",
    "NO_TAX",
    "Adder",
    "BlockAndIndex",
    "CapacityCharge",
    "Component",
    "Delivery",
    "DemandCharge",
    "Effect",
    "ErcotFee",
    "ExportFixed",
    "ExportIndex",
    "FixedPrice",
    "IndexPrice",
    "Marginal",
    "MarkupWaiver",
    "MinimumUseFee",
    "NetMetering",
    "OwnUseFirst",
    "Price",
    "Slot",
    "StandingCharge",
    "Stepwise",
    "TaxRow",
    "Taxes",
    "Tiers",
    "TimeOfUse",
    "UsageCredit",
    "Use",
    "row_on",
]
