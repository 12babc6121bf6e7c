"""The messages between agent, hub and retailer: bytes to types that cannot be wrong, and back."""

from gridplus.wire.channels import ChannelStatus, OpenChannel
from gridplus.wire.payments import (
    Acknowledgement,
    BillOffer,
    RefusalMessage,
    SubmitRead,
    SubmitVoucher,
    voucher_document,
    voucher_from,
)
from gridplus.wire.prices import PriceEvent, PriceEvents
from gridplus.wire.records import BilledDay, BilledRecord, Channels

MESSAGE_LIMIT = 16_384
"""Bytes of the largest message an agent sends or is sent."""

__all__ = [
    "MESSAGE_LIMIT",
    "Acknowledgement",
    "BillOffer",
    "BilledDay",
    "BilledRecord",
    "ChannelStatus",
    "Channels",
    "OpenChannel",
    "PriceEvent",
    "PriceEvents",
    "RefusalMessage",
    "SubmitRead",
    "SubmitVoucher",
    "voucher_document",
    "voucher_from",
]
