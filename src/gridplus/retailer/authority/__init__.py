"""The retailer's two-level certificate authority for devices and for its own endpoint."""

from gridplus.retailer.authority.authority import Authority, Issued, IssueRefused, found_authority
from gridplus.retailer.authority.records import Revocation, RevocationReason

__all__ = [
    "Authority",
    "IssueRefused",
    "Issued",
    "Revocation",
    "RevocationReason",
    "found_authority",
]
