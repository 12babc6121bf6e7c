"""What owner and guardian do on their own computers: look, understand, sign, send.

Needs the papers of the home, a node of the chain, and keys; of the retailer nothing, but the hub's
signature where the vault asks for it.
"""

from gridplus.owner.desk import Desk, Standing, ask_wallet
from gridplus.owner.hub_link import HubDoor, ask_hub, ask_word, check_word, with_hub
from gridplus.owner.order import Order, OrderRefused, Signature, parse_order, typed_data
from gridplus.owner.papers import parse_papers, write_papers
from gridplus.owner.receipts import Receipts, parse_receipts, salt_digest, salt_of
from gridplus.owner.words import say_order, say_standing

__all__ = [
    "Desk",
    "HubDoor",
    "Order",
    "OrderRefused",
    "Receipts",
    "Signature",
    "Standing",
    "ask_hub",
    "ask_wallet",
    "ask_word",
    "check_word",
    "parse_order",
    "parse_papers",
    "parse_receipts",
    "salt_digest",
    "salt_of",
    "say_order",
    "say_standing",
    "typed_data",
    "with_hub",
    "write_papers",
]
