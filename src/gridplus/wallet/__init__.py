"""Who may sign what: names, EIP-712 digests, verification. This room never holds a private key."""

from gridplus.wallet.digests import (
    Authorization,
    Domain,
    bill_group_digest,
    bolt_domain,
    credit_digest,
    domain_separator,
    receive_authorization_digest,
    reserve_attestation_digest,
    vault_domain,
    voucher_digest,
)
from gridplus.wallet.names import (
    MAX_DAILY_CAP,
    ZERO_ADDRESS,
    Address,
    Cfg,
    ChannelId,
    Descriptor,
    channel_id,
    deposit_nonce,
    descriptor_cfg,
    opening_cap,
)
from gridplus.wallet.signatures import address_of, is_signed_by, recover, verify_device

__all__ = [
    "MAX_DAILY_CAP",
    "ZERO_ADDRESS",
    "Address",
    "Authorization",
    "Cfg",
    "ChannelId",
    "Descriptor",
    "Domain",
    "address_of",
    "bill_group_digest",
    "bolt_domain",
    "channel_id",
    "credit_digest",
    "deposit_nonce",
    "descriptor_cfg",
    "domain_separator",
    "is_signed_by",
    "opening_cap",
    "receive_authorization_digest",
    "recover",
    "reserve_attestation_digest",
    "vault_domain",
    "verify_device",
    "voucher_digest",
]
