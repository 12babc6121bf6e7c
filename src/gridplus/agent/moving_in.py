"""From an empty box to a home that pays: enrolled, certified, its channel open, one interval paid.

Each step may be repeated: keys that are there are used, an enrolled device is certified again, an
open channel stays open. So a box that loses power halfway is simply told the same again.
"""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Final

from gridplus.agent.agent import AgentKeys, Household, Payment, SmartAgent
from gridplus.agent.devices import HomeDevices
from gridplus.agent.ground import Ground, fetch_plan, remember
from gridplus.agent.identity import Claimed, Identity, Retailer
from gridplus.agent.links import Link, PriceFeed
from gridplus.agent.stream import HubLink
from gridplus.chain import Chain
from gridplus.chain.deployment import Deployment
from gridplus.chain.views import ask, see_home
from gridplus.channel import ChainSeen
from gridplus.clock import Clock
from gridplus.contracts import calls, registry
from gridplus.failures import RemoteError
from gridplus.journal import Journal
from gridplus.keystore import Secp256k1Key
from gridplus.planner import Home
from gridplus.tariff import ChannelIdentity
from gridplus.units import UBOLT_PER_BOLT, Interval
from gridplus.wallet import Address, Descriptor
from gridplus.wallet.certificates import device_id

POLL_S: Final = 0.2
UNPOSTED_LIMIT_UBOLT: Final = 20 * UBOLT_PER_BOLT
"""Credit that a home lets stand unposted: what it may lose if the hub vanishes."""


@dataclass(frozen=True, slots=True)
class Family:
    """Whose home it is: two addresses, the salt of the descriptor, whole BOLT a day."""

    owner: Address
    guardian: Address
    salt: bytes
    daily_cap_bolt: int


def channel_of(deployment: Deployment, keys: AgentKeys, *, family: Family) -> ChannelIdentity:
    """The home's channel at these contracts. Raises InputError for roles that are not distinct."""
    public = keys.device.public
    x, y = (int.from_bytes(half, "big") for half in (public[:32], public[32:]))
    return ChannelIdentity(
        deployment.chain_id,
        deployment.vault,
        deployment.anchor,
        Descriptor(family.owner, family.guardian, x, y, family.salt),
        family.daily_cap_bolt,
        keys.voucher.address,
    )


async def claim_box(
    url: str,
    retailer: Retailer,
    *,
    keys: AgentKeys,
    claim: tuple[Secp256k1Key, Address],
    ground: tuple[Chain, Callable[[], int]],
) -> Identity:
    """Enrol at the door `url` with the claim key for an owner; the epoch is what `ground`'s chain
    says, and lives are told by its clock. Raises as `Identity.enrol`."""
    chain, now_s = ground
    view = registry.device(device_id(keys.device.public))
    state = await asyncio.to_thread(lambda: ask(chain, retailer.registry, view=view))
    claimed = Claimed(*claim, state.epoch)
    return await Identity.enrol(url, retailer, device=keys.device, now_s=now_s, claimed=claimed)


@dataclass(frozen=True, slots=True)
class NewHome:
    """What a box needs to live: who it is, its channel, and where it looks."""

    identity: Identity
    channel: ChannelIdentity
    keys: AgentKeys
    home: Home
    chain: Chain
    clock: Clock

    async def await_deposit(self, *, patience_s: int) -> ChainSeen:
        """The first deposit, final. Raises RemoteError when none comes in time."""
        deployment = self.identity.retailer.deployment
        channel, loop = self.channel.channel, asyncio.get_running_loop()
        until_s = loop.time() + patience_s
        while True:
            now_s = self.clock.now_s()
            seen = await asyncio.to_thread(
                see_home, self.chain, deployment, channel=channel, now_s=now_s
            )
            if seen.view.word.headroom > 0:
                return seen
            if loop.time() > until_s:
                raise RemoteError(
                    f"no deposit is in channel 0x{channel.hex()} after {patience_s} s; pay in, and "
                    "give the same command again"
                )
            await asyncio.sleep(POLL_S)

    async def pay_first(
        self, interval: Interval, *, seen: ChainSeen, journal: Journal, devices: HomeDevices
    ) -> Payment:
        """Open the channel at the hub and pay for `interval`, which the home's meter has read.
        Raises RemoteError, BillRefused."""
        retailer, now_s = self.identity.retailer, self.clock.now_s()
        hub_key = await asyncio.to_thread(self._hub)
        memory = remember(
            journal,
            self.channel,
            hub=hub_key,
            seen=seen,
            unposted_limit_ubolt=UNPOSTED_LIMIT_UBOLT,
        )
        async with AsyncExitStack() as stack:
            tls = self.identity.context
            office = Link("retailer", retailer.line, tls=tls)
            hub = HubLink(Link("hub", retailer.hub, tls=tls), retailer.hub, tls=tls)
            for link in (office, hub):
                stack.push_async_callback(link.aclose)
            plan = await fetch_plan(office)
            agent = SmartAgent(
                Household(self.channel, self.home, plan),
                keys=self.keys,
                devices=devices,
                hub=hub,
                ground=Ground(self.chain, retailer.deployment, memory, PriceFeed(office)),
            )
            await agent.open()
            await agent.learn_prices()
            payment = await agent.pay(interval, now_s=now_s)
        if payment is None:
            raise RemoteError("the hub cannot be reached; the read is kept and paid for later")
        return payment

    def _hub(self) -> Address:
        vault = self.identity.retailer.deployment.vault
        return Address(ask(self.chain, vault, view=calls.hub()))
