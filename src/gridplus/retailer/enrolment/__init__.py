"""How a device gets into the registry and gets its certificates: EST, claims, revocation lists."""

from gridplus.retailer.enrolment.desk import EnrolDesk, EnrolRefusal, RegistryLink
from gridplus.retailer.enrolment.est import EstApp
from gridplus.retailer.enrolment.lines import ENROL_DOOR, LINE_DOOR, LineConfig, Lines

__all__ = [
    "ENROL_DOOR",
    "LINE_DOOR",
    "EnrolDesk",
    "EnrolRefusal",
    "EstApp",
    "LineConfig",
    "Lines",
    "RegistryLink",
]
