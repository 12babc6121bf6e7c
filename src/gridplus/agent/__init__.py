"""The Smart Agent of one home. It knows what came from outside and what its own meter says."""

from gridplus.agent.agent import (
    AgentKeys,
    BillRefused,
    Household,
    Payment,
    SmartAgent,
)
from gridplus.agent.asked import AskFeed
from gridplus.agent.devices import HomeDevices
from gridplus.agent.ground import Ground, fetch_plan, remember
from gridplus.agent.identity import Claimed, EnrolmentRefused, Identity, Retailer, meet
from gridplus.agent.links import Link, PriceFeed, Unreachable
from gridplus.agent.memory import Memory, newest_voucher, open_outbox
from gridplus.agent.owners_word import OrdersFolder, OwnersWord, read_orders
from gridplus.agent.price_signals import VenFeed
from gridplus.agent.restating import RestatementRefused
from gridplus.agent.stream import HubLink
from gridplus.agent.ven import Ven, VenCredentials, enrol

__all__ = [
    "AgentKeys",
    "AskFeed",
    "BillRefused",
    "Claimed",
    "EnrolmentRefused",
    "Ground",
    "HomeDevices",
    "Household",
    "HubLink",
    "Identity",
    "Link",
    "Memory",
    "OrdersFolder",
    "OwnersWord",
    "Payment",
    "PriceFeed",
    "RestatementRefused",
    "Retailer",
    "SmartAgent",
    "Unreachable",
    "Ven",
    "VenCredentials",
    "VenFeed",
    "enrol",
    "fetch_plan",
    "meet",
    "newest_voucher",
    "open_outbox",
    "read_orders",
    "remember",
]
