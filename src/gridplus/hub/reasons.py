"""For which reasons each request of a home is refused, in the order of the checks."""

from gridplus.channel import PayeeRefusal
from gridplus.hub.refusals import HubRefusal
from gridplus.meter import ReadRefusal

OPENING = (
    HubRefusal.OTHER_LINE,
    HubRefusal.HUB_REPLACED,
    HubRefusal.OTHER_SHARD,
    HubRefusal.FOREIGN_VAULT,
    HubRefusal.NO_DEPOSIT,
)
KNOWN = (HubRefusal.OTHER_SHARD, HubRefusal.UNKNOWN_CHANNEL)
SERVED = (HubRefusal.OTHER_LINE, HubRefusal.HUB_REPLACED, *KNOWN)
READING = (
    *SERVED,
    HubRefusal.FOREIGN_DEVICE,
    HubRefusal.ORDER_UNDER_WAY,
    HubRefusal.READ_CONFLICT,
    *ReadRefusal,
    HubRefusal.PRICES_NOT_PUBLISHED,
    *PayeeRefusal,
)
PAYING = (*SERVED, HubRefusal.ORDER_UNDER_WAY, *PayeeRefusal)
ORDERING = (
    *SERVED,
    HubRefusal.TWO_MUST_SIGN,
    HubRefusal.ORDER_OUTDATED,
    HubRefusal.ORDER_EXPIRED,
    HubRefusal.CLAIM_FIRST,
    HubRefusal.FINAL_DIFFERS,
    HubRefusal.NOBODY_TO_TELL,
)
ASKING = (HubRefusal.HUB_REPLACED, *KNOWN, HubRefusal.NOT_YOURS)
FETCHING = (*SERVED, HubRefusal.FOREIGN_DEVICE, HubRefusal.NOTHING_RESTATED)
JOINING = (
    *SERVED,
    HubRefusal.FOREIGN_DEVICE,
    HubRefusal.UNSIGNED_REQUEST,
    HubRefusal.JOINED_TOO_LATE,
    HubRefusal.REQUEST_OVERLAPS,
    HubRefusal.REQUEST_REPLACED,
)
RESTATING = (
    *SERVED,
    HubRefusal.ORDER_UNDER_WAY,
    HubRefusal.BILL_UNPAID,
    HubRefusal.PRICES_NOT_PUBLISHED,
    HubRefusal.INPUTS_NOT_USABLE,
    HubRefusal.NOTHING_RESTATED,
    *PayeeRefusal,
)
