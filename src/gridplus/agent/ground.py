"""What an agent stands on: its own memory, and the chain and retailer it checks against."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from gridplus.agent.links import Link
from gridplus.agent.memory import Memory
from gridplus.chain import Call, Chain, Sender
from gridplus.chain.deployment import Deployment
from gridplus.chain.views import ask, see_home
from gridplus.channel import ChainSeen, Credit, Terms, open_payer
from gridplus.contracts import calls
from gridplus.failures import InputError, RemoteError
from gridplus.journal import Journal
from gridplus.market import PriceVersion, parse_price_version
from gridplus.tariff import ChannelIdentity, Tip, parse_plan
from gridplus.tariff import Plan as TariffPlan
from gridplus.wallet import Address
from gridplus.wire import PriceEvent

PLAN_LIMIT = 65_536
_EPOCH = date(1970, 1, 1)


class PriceSource(Protocol):
    """Where published prices are heard of: the retailer's own feed, or the events of a VTN."""

    async def fetch(self) -> tuple[PriceEvent, ...]:
        """New events, in order."""

    async def document(self, event: PriceEvent) -> bytes:
        """The price version that `event` names."""

    def taken(self, event: PriceEvent) -> None:
        """`event` needs not come again."""

    def expected_on(self, day: date) -> PriceVersion | None:
        """Indicative or forecast prices of `day`, to plan by until the final ones are there."""


@dataclass
class Ground:
    """`chain` is a node that the home trusts; `feed` is where prices are heard of. `payer`
    pays gas for what the home itself must send; without one the owner is told what is due.
    `archive` is the retailer, which has every version it ever published; `known` are those that
    were taken from there or from the feed."""

    chain: Chain
    deployment: Deployment
    memory: Memory
    feed: PriceSource
    payer: Sender | None = None
    archive: Link | None = None
    known: dict[bytes, PriceVersion] = field(default_factory=dict)

    async def fetch_prices(self, plan: TariffPlan) -> AsyncIterator[PriceVersion]:
        """New published versions for `plan`, each compared with what is anchored on chain.

        Raises RemoteError, after those that hold, when the retailer published one thing and
        anchored another; that one is asked for again the next time.
        """
        fault = None
        for event in await self.feed.fetch():
            if event.program == plan.id:
                try:
                    prices = await self._fetch_version(event)
                except RemoteError as error:
                    fault = fault or error
                    continue
                self.known[prices.digest] = prices
                yield prices
            if fault is None:
                self.feed.taken(event)
        if fault is not None:
            raise fault

    async def see_chain(self, *, now_s: int) -> tuple[object, ...]:
        """Look at this home's channel; what is to be done about it. Raises RemoteError when the
        node shows less than before."""
        channel = self.memory.tip.channel
        seen = await asyncio.to_thread(
            see_home, self.chain, self.deployment, channel=channel, now_s=now_s
        )
        return self.memory.see(seen, now_s=now_s)

    async def post_credit(self, credit: Credit) -> None:
        """Put the hub's credit on chain, finally, once. Raises as `Sender.transact`, and
        RemoteError when there is nobody to pay for it."""
        if self.payer is None:
            raise RemoteError(
                "a credit is due on chain and this home has no key with ether to post it; anybody "
                "may: give the box a fee payer, or post it by hand before the exit is finished"
            )
        await asyncio.to_thread(self._post_credit, self.payer, credit)

    def _post_credit(self, payer: Sender, credit: Credit) -> None:
        payer.finish()
        vault, word = self.deployment.vault, calls.channel_word(credit.channel)
        if ask(self.chain, vault, view=word).earned >= credit.earned:
            return
        data = calls.post_credit(
            credit.channel,
            earned=credit.earned,
            bill_head=credit.bill_head,
            signature=credit.signature,
        )
        payer.transact(payer.fresh_name("credit"), Call(vault, data))

    async def version(self, digest: bytes) -> PriceVersion:
        """The prices of this digest, whenever they were published. Raises Unreachable, or
        RemoteError when nobody has them."""
        if digest not in self.known:
            if self.archive is None:
                raise RemoteError("old prices are asked for, and no retailer is known who has them")
            data = await self.archive.get(f"/v1/prices/{digest.hex()}")
            prices = _parsed(data)
            if prices.digest != digest:
                raise RemoteError("the retailer sent other prices than it was asked for")
            self.known[digest] = prices
        return self.known[digest]

    async def is_published(self, prices: PriceVersion) -> bool:
        """Whether this version is anchored on chain, as the first of its day or a later one."""
        return await asyncio.to_thread(self._is_anchored, prices)

    async def _fetch_version(self, event: PriceEvent) -> PriceVersion:
        data = await self.feed.document(event)
        prices = _parsed(data)
        if (prices.digest, prices.operating_day) != (event.prices, event.operating_day):
            raise RemoteError("the retailer sent other prices than it published")
        if not await self.is_published(prices):
            raise RemoteError(
                f"the prices of {prices.operating_day} are not the ones anchored on chain"
            )
        return prices

    def _is_anchored(self, prices: PriceVersion) -> bool:
        period = (prices.operating_day - _EPOCH).days
        return any(
            self._root(period, kind) == prices.digest
            for kind in calls.price_anchors(prices.version)
        )

    def _root(self, period: int, kind: int) -> bytes:
        entry = calls.anchored(self.deployment.publisher, period, kind=kind)
        return ask(self.chain, self.deployment.anchor, view=entry).root


def _parsed(data: bytes) -> PriceVersion:
    try:
        return parse_price_version(data)
    except InputError as error:
        raise RemoteError(f"the retailer sends prices that are none: {error}") from None


async def fetch_plan(retailer: Link) -> TariffPlan:
    """The plan that the retailer offers. Raises RemoteError for one that is not valid."""
    data = await retailer.get("/v1/plan", limit=PLAN_LIMIT)
    try:
        return parse_plan(data, what="the retailer's plan")
    except InputError as error:
        raise RemoteError(str(error)) from None


def remember(
    journal: Journal,
    identity: ChannelIdentity,
    *,
    hub: Address,
    seen: ChainSeen,
    unposted_limit_ubolt: int,
) -> Memory:
    """The memory of a home, rebuilt from its journal."""
    terms = Terms(identity.domain, identity.cfg, identity.voucher_key, hub)
    payer = open_payer(terms, seen, unposted_limit_ubolt=unposted_limit_ubolt)
    memory = Memory(journal, payer, Tip.genesis(identity.channel))
    memory.replay()
    return memory
