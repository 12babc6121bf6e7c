"""The messages between agent, hub and retailer: bytes to types that cannot be wrong, and back."""

from gridplus.wire.batches import BatchAnswer, SubmitBatch
from gridplus.wire.channels import PORT_MAX, ChannelStatus, OpenChannel, StreamPlace
from gridplus.wire.claims import OWED_ITEMS, OwedVoucher, OwedVouchers
from gridplus.wire.enrolment import EnrolVen, VenEnrolled
from gridplus.wire.joining import JoinRequest, RequestJoined
from gridplus.wire.orders import AskOrder, AskWord, FinalWord, HubAction, OrderAnswer, OrderNotice
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
from gridplus.wire.promises import Promises, SignedClaim
from gridplus.wire.records import BilledDay, BilledRecord, Channels
from gridplus.wire.restating import (
    FetchRestatement,
    OrderRestatement,
    RestatementOffer,
    RightInputs,
    asking_message,
)
from gridplus.wire.schemas import SECONDS, U48, Schema, closed, message_schemas, octets

VTN_PATH = "/openadr3/3.1.0"
"""Where a retailer's VTN stands, below its URL."""
MESSAGE_LIMIT = 16_384
"""Bytes of the largest message an agent sends or is sent."""

__all__ = [
    "MESSAGE_LIMIT",
    "OWED_ITEMS",
    "PORT_MAX",
    "SECONDS",
    "U48",
    "VTN_PATH",
    "Acknowledgement",
    "AskOrder",
    "AskWord",
    "BatchAnswer",
    "BillOffer",
    "BilledDay",
    "BilledRecord",
    "ChannelStatus",
    "Channels",
    "EnrolVen",
    "FetchRestatement",
    "FinalWord",
    "HubAction",
    "JoinRequest",
    "OpenChannel",
    "OrderAnswer",
    "OrderNotice",
    "OrderRestatement",
    "OwedVoucher",
    "OwedVouchers",
    "PriceEvent",
    "PriceEvents",
    "Promises",
    "RefusalMessage",
    "RequestJoined",
    "RestatementOffer",
    "RightInputs",
    "Schema",
    "SignedClaim",
    "StreamPlace",
    "SubmitBatch",
    "SubmitRead",
    "SubmitVoucher",
    "VenEnrolled",
    "asking_message",
    "closed",
    "message_schemas",
    "octets",
    "voucher_document",
    "voucher_from",
]
