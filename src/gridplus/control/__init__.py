"""The owner's last word: preferences, consents, overrides, and what they make of what is asked."""

from gridplus.control.asks import Ask, Signal, asks_of
from gridplus.control.consents import Consent, Consents, consent_digest
from gridplus.control.decide import Action, Decision, decide
from gridplus.control.guidance import Guidance, guide
from gridplus.control.heed import Heed, heed
from gridplus.control.orders import DEVICES, Hand, Orders, Override
from gridplus.control.orders_file import parse_orders, write_orders
from gridplus.control.preferences import Preferences, Quiet
from gridplus.control.preferences_file import parse_preferences

__all__ = [
    "DEVICES",
    "Action",
    "Ask",
    "Consent",
    "Consents",
    "Decision",
    "Guidance",
    "Hand",
    "Heed",
    "Orders",
    "Override",
    "Preferences",
    "Quiet",
    "Signal",
    "asks_of",
    "consent_digest",
    "decide",
    "guide",
    "heed",
    "parse_orders",
    "parse_preferences",
    "write_orders",
]
