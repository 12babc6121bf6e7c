"""What owner and guardian do on their own computers: look, understand, sign, send.

Needs nothing of the retailer: the papers of the home, a node of the chain, and keys.
"""

from gridplus.owner.desk import Desk, Standing, ask_wallet
from gridplus.owner.order import Order, OrderRefused, Signature, parse_order, typed_data
from gridplus.owner.papers import parse_papers, write_papers
from gridplus.owner.words import say_order, say_standing

__all__ = [
    "Desk",
    "Order",
    "OrderRefused",
    "Signature",
    "Standing",
    "ask_wallet",
    "parse_order",
    "parse_papers",
    "say_order",
    "say_standing",
    "typed_data",
    "write_papers",
]
