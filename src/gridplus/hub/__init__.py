"""The payment hub: bills reads, accepts vouchers, claims them on chain."""

from gridplus.hub.book import Book
from gridplus.hub.config import HubConfig
from gridplus.hub.facts import read_newest_vouchers
from gridplus.hub.hub import Hub, HubParts
from gridplus.hub.opening import hub_app, serve_hub
from gridplus.hub.refusals import HubRefusal, Refused
from gridplus.hub.restoring import restore_hub, split_hub

__all__ = [
    "Book",
    "Hub",
    "HubConfig",
    "HubParts",
    "HubRefusal",
    "Refused",
    "hub_app",
    "read_newest_vouchers",
    "restore_hub",
    "serve_hub",
    "split_hub",
]
