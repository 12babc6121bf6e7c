"""What is signed beside the channel: reserves, enrolments of devices, redemptions of credits, what
a retailer asks of homes.

Each struct of a contract is spelled as the contract spells it. Source: EIP-712; IReserveFeed.vyi,
IRegistry.vyi, ICredits.vyi. Never signs.
"""

from dataclasses import astuple, dataclass
from typing import ClassVar

from gridplus.wallet.digests import Domain, struct_digest
from gridplus.wallet.names import Address, ChannelId


@dataclass(frozen=True, slots=True)
class FeedAttestation:
    """At `time_s` an attestor saw this supply of `token` and this reserve (µBOLT)."""

    token: Address
    time_s: int
    supply_seen: int
    reserve: int
    TYPE: ClassVar[str] = "Attestation(address token,uint64 time,uint96 supplySeen,uint96 reserve)"


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A device (P-256, x and y) gets an owner, by the claim key of its box, in its epoch."""

    claim_key: Address
    device_x: int
    device_y: int
    owner: Address
    epoch: int
    TYPE: ClassVar[str] = (
        "Enrolment(address claimKey,uint256 deviceX,uint256 deviceY,address owner,uint32 epoch)"
    )


@dataclass(frozen=True, slots=True)
class Redemption:
    """A holder redeems from the lot that expires at `expires_at_s`, for `channel`."""

    channel: ChannelId
    amount_wh: int
    expires_at_s: int
    period: int
    nonce: int
    TYPE: ClassVar[str] = (
        "Redeem(bytes32 channel,uint64 amountWh,uint64 expiresAt,uint64 period,uint64 nonce)"
    )


@dataclass(frozen=True, slots=True)
class PublishedAsk:
    """What a retailer asks of homes from `start_s` until `end_s`: `name` (its hash) and `version`
    say which ask it is, `amount` is watts or µBOLT/MWh, `text` is the hash of its words."""

    name: bytes
    version: int
    signal: int
    start_s: int
    end_s: int
    amount: int
    text: bytes
    TYPE: ClassVar[str] = (
        "PublishedAsk(bytes32 name,uint64 version,uint8 signal,uint64 start,uint64 end,"
        "uint64 amount,bytes32 text)"
    )


def feed_domain(chain_id: int, feed: Address) -> Domain:
    """The domain of feed attestations."""
    return Domain(chain_id, feed, "Grid+ Reserve Feed", "1")


def registry_domain(chain_id: int, registry: Address) -> Domain:
    """The domain of enrolments."""
    return Domain(chain_id, registry, "Grid+ Registry", "1")


def credits_domain(chain_id: int, contract: Address) -> Domain:
    """The domain of redemptions."""
    return Domain(chain_id, contract, "Grid+ Credits", "1")


def attestation_digest(
    domain: Domain, attestation: FeedAttestation | Enrolment | Redemption | PublishedAsk
) -> bytes:
    """32 bytes: what is signed; a device signs them as a message, by P-256 over SHA-256.

    Raises InputError when a value does not fit its type.
    """
    return struct_digest(domain, attestation.TYPE, values=astuple(attestation))
