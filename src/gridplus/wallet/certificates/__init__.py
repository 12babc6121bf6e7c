"""X.509 for devices and for the retailer's endpoint: the profile, and chains held against it."""

from gridplus.wallet.certificates.chain import (
    MAX_CHAIN,
    MAX_CHAIN_BYTES,
    Distrust,
    Refused,
    Trust,
    Verified,
    verify_chain,
)
from gridplus.wallet.certificates.parsing import (
    MAX_REQUEST_BYTES,
    parse_certificates,
    parse_list,
    parse_request,
)
from gridplus.wallet.certificates.profile import (
    DEVICE_LIFE,
    DeviceName,
    Purpose,
    device_id,
    device_public,
    parse_device_uri,
)
from gridplus.wallet.certificates.vouching import (
    Claim,
    LineVoucher,
    claim,
    extension,
    line_message,
    line_voucher,
)

__all__ = [
    "DEVICE_LIFE",
    "MAX_CHAIN",
    "MAX_CHAIN_BYTES",
    "MAX_REQUEST_BYTES",
    "Claim",
    "DeviceName",
    "Distrust",
    "LineVoucher",
    "Purpose",
    "Refused",
    "Trust",
    "Verified",
    "claim",
    "device_id",
    "device_public",
    "extension",
    "line_message",
    "line_voucher",
    "parse_certificates",
    "parse_device_uri",
    "parse_list",
    "parse_request",
    "verify_chain",
]
