"""How a device gets into the registry and gets its certificates: EST, claims, revocation lists."""

from gridplus.retailer.enrolment.desk import EnrolDesk, EnrolRefusal, RegistryLink
from gridplus.retailer.enrolment.est import EstApp
from gridplus.retailer.enrolment.guard import ENROL_DOOR, LINE_DOOR, DoorGuard
from gridplus.retailer.enrolment.lines import LineConfig, Lines
from gridplus.retailer.enrolment.opening import OpenLine, kept_fresh, open_line
from gridplus.retailer.enrolment.owners import OwnersWay

__all__ = [
    "ENROL_DOOR",
    "LINE_DOOR",
    "DoorGuard",
    "EnrolDesk",
    "EnrolRefusal",
    "EstApp",
    "LineConfig",
    "Lines",
    "OpenLine",
    "OwnersWay",
    "RegistryLink",
    "kept_fresh",
    "open_line",
]
