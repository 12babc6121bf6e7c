"""A chain with token and vault for the model of the vault, homes with all keys, flawed vouchers."""

from dataclasses import dataclass
from functools import cache

from gridplus.channel.model import Item
from gridplus.contracts import calls, home_calls
from gridplus.units import U48_MAX
from gridplus.wallet import (
    Address,
    Cfg,
    ChannelId,
    Descriptor,
    Domain,
    Role,
    bolt_domain,
    channel_id,
    descriptor_cfg,
    reserve_attestation_digest,
    voucher_digest,
)
from tests.contracts.evm import CHAIN_ID, DeviceSigner, Evm, Signer, device_signer, signer

DAY_S = 86_400
SUPPLY = 1_000 * U48_MAX
ISSUER, ATTESTOR, HUB, TREASURER, ANYBODY = map(
    signer, ("issuer", "attestor", "hub", "treasurer", "anybody")
)
MALLORY = signer("mallory")


@dataclass(frozen=True)
class Home:
    """A home with a daily cap of `cap` BOLT."""

    name: str
    cap: int

    @property
    def keys(self) -> dict[Role, Signer | DeviceSigner]:
        return {
            Role.OWNER: self.owner,
            Role.GUARDIAN: signer(f"guardian of {self.name}"),
            Role.DEVICE: device_signer(f"device of {self.name}"),
        }

    @property
    def owner(self) -> Signer:
        return signer(f"owner of {self.name}")

    @property
    def voucher_key(self) -> Signer:
        return signer(f"voucher key of {self.name}")

    @property
    def descriptor(self) -> Descriptor:
        guardian = signer(f"guardian of {self.name}").address
        device = device_signer(f"device of {self.name}")
        return Descriptor(self.owner.address, guardian, device.x, device.y, bytes(32))

    @property
    def cfg(self) -> Cfg:
        return descriptor_cfg(self.descriptor, self.cap)

    @property
    def channel(self) -> ChannelId:
        return channel_id(self.voucher_key.address, self.cfg)

    @property
    def named(self) -> home_calls.Home:
        return home_calls.Home(self.voucher_key.address, self.cfg, self.descriptor.encoded)

    def pair(self, digest: bytes, roles: Role) -> home_calls.Pair:
        signed = [key.sign(digest) for role, key in self.keys.items() if role in roles]
        return home_calls.Pair(int(roles), *signed)


HOMES = (Home("ash", 5), Home("birch", 1), Home("cedar", 0))
NEVER_OPENED = Home("dune", 3)
EVERYBODY = (*HOMES, NEVER_OPENED)
PAIRS = (Role.OWNER | Role.GUARDIAN, Role.OWNER | Role.DEVICE, Role.GUARDIAN | Role.DEVICE)
HEIR = signer("heir").address
NEXT_HUB = signer("next hub")


@cache
def street() -> tuple[Evm, Address, Address]:
    """A chain with BOLT in the hubs' hands and an empty vault; fork it, do not use it."""
    evm = Evm()
    code = calls.bolt_init_code(
        ISSUER.address, ATTESTOR.address, minter=ISSUER.address, minter_allowance=SUPPLY
    )
    bolt = evm.deploy(ISSUER, code)
    vault = evm.deploy(
        ISSUER, calls.vault_init_code(bolt, hub=HUB.address, treasurer=TREASURER.address)
    )
    digest = reserve_attestation_digest(
        bolt_domain(CHAIN_ID, bolt), time_s=evm.now_s, supply_seen=0, reserve=SUPPLY
    )
    attested = calls.attest_reserve(
        evm.now_s, supply_seen=0, reserve=SUPPLY, signature=ATTESTOR.sign(digest)
    )
    for sender, to, data in (
        (ANYBODY, bolt, attested),
        *((ISSUER, bolt, calls.mint(hub.address, SUPPLY // 2)) for hub in (HUB, NEXT_HUB)),
        *((hub, bolt, calls.approve(vault, calls.UNLIMITED)) for hub in (HUB, NEXT_HUB)),
    ):
        outcome = evm.send(sender, to, data)
        assert outcome.ok, outcome.reason
    return evm, bolt, vault


@dataclass(frozen=True)
class Wish:
    """A voucher that some rule wants in a batch, and what is wrong with it."""

    home: Home
    spent: int
    earned: int
    top_up: int
    flaw: str

    @property
    def item(self) -> Item:
        channel = None if self.flaw else self.home.channel
        return Item(channel, self.spent, self.earned, self.top_up)

    def claim_item(self, domain: Domain) -> calls.ClaimItem:
        digest = voucher_digest(domain, self.home.cfg, spent=self.spent, earned=self.earned)
        by = MALLORY if self.flaw == "wrong signer" else self.home.voucher_key
        signature = bytes(64) if self.flaw == "no signature" else by.sign(digest)
        return calls.ClaimItem(self.home.cfg, self.spent, self.earned, signature, self.top_up)
