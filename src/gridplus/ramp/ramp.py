"""The ramp itself: remembers by its journal, asks the provider, deposits what is final.

Each fact is durable before anything follows from it. A deposit is an order of the sender's by the
top-up's own name, so a crash anywhere deposits nothing twice and forgets nothing.
"""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, field

from gridplus.agreement import TopUp, TopUpRefusal, TopUpStage, why_not_now
from gridplus.chain import Call, Chain, Sender
from gridplus.chain.deployment import Deployment
from gridplus.chain.views import ask
from gridplus.clock import Clock
from gridplus.contracts import calls
from gridplus.failures import GridPlusError, InputError, RemoteError, StorageError
from gridplus.journal import Fact, SqliteJournal, Stored
from gridplus.ramp.facts import (
    Kind,
    SignedMandate,
    deposited_fact,
    fields_of,
    heard_fact,
    parse_requested,
    requested_fact,
)
from gridplus.ramp.provider import UBOLT_PER_CENT, Payment, Provider, open_notice
from gridplus.tariff import ChannelIdentity
from gridplus.units import U48_MAX, UBOLT_PER_BOLT
from gridplus.wallet import ChannelId, is_signed_by, mandate_digest, vault_domain
from gridplus.wire import OpenChannel

MOST_UBOLT = 2_000 * UBOLT_PER_BOLT
_APPROVAL = "approve"


@dataclass(frozen=True, slots=True)
class RampParts:
    """`sender` holds the cashier's key, with BOLT that the provider's dollars pay for."""

    chain: Chain
    deployment: Deployment
    sender: Sender
    journal: SqliteJournal
    provider: Provider
    clock: Clock


@dataclass
class Ramp:
    """Every question and order takes its turn; what may wait for the chain runs on a thread."""

    parts: RampParts
    homes: dict[ChannelId, ChannelIdentity] = field(default_factory=dict)
    mandates: dict[ChannelId, SignedMandate] = field(default_factory=dict)
    top_ups: dict[int, TopUp] = field(default_factory=dict)
    _heard: dict[str, Payment] = field(default_factory=dict)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        for stored in self.parts.journal.replay():
            self._apply(stored)

    async def request(self, identity: ChannelIdentity, *, amount_ubolt: int) -> TopUp:
        """A top-up that somebody pays by hand. Raises InputError for another vault's channel, and
        for an amount that is not whole cents up to 2,000 dollars."""
        if not 0 < amount_ubolt <= MOST_UBOLT or amount_ubolt % UBOLT_PER_CENT:
            raise InputError("a top-up is whole cents, up to 2,000 dollars")
        async with self._turn:
            self._know(identity)
            top_up = self._new(identity.channel, amount_ubolt, automatic=False)
        await self._charge(top_up)
        return self.top_ups[top_up.number]

    async def order(self, identity: ChannelIdentity, signed: SignedMandate) -> None:
        """Keep an owner's standing order; an older one is refused, the same one changes nothing.
        Raises InputError that says what is wrong with it."""
        mandate, channel = signed.mandate, identity.channel
        domain = vault_domain(self.parts.deployment.chain_id, self.parts.deployment.vault)
        digest = mandate_digest(domain, mandate)
        if mandate.channel != channel:
            raise InputError("the mandate names another channel than the home's")
        if not is_signed_by(identity.descriptor.owner, digest, signature=signed.signature):
            raise InputError("the mandate is not signed by the channel's owner")
        if mandate.amount_ubolt % UBOLT_PER_CENT or mandate.amount_ubolt > MOST_UBOLT:
            raise InputError("the mandate's amount is whole cents, up to 2,000 dollars")
        async with self._turn:
            kept = self.mandates.get(channel)
            if kept is not None and kept.mandate.number >= mandate.number:
                if kept.mandate == mandate:
                    return
                raise InputError(f"a mandate numbered {kept.mandate.number} is newer, or the same")
            await asyncio.to_thread(self._require_open, channel)
            self._know(identity)
            self._keep(Fact(Kind.MANDATE_SIGNED.value, channel, signed.to_bytes()))
            self.mandates[channel] = signed

    async def hear(self, body: bytes, *, header: str) -> TopUp | TopUpRefusal:
        """A provider's notice: journaled once, answered alike each time. Raises InputError for one
        that is forged, stale, broken, or says something else under an id that was used."""
        secret, now_s = self.parts.provider.secret, self.parts.clock.now_s()
        payment = open_notice(secret, body, header=header, now_s=now_s)
        async with self._turn:
            known, before = self._heard.get(payment.event), self.top_ups.get(payment.top_up)
            if known is not None and known != payment:
                raise InputError(f"notice {payment.event} was heard before and said something else")
            if before is None:
                raise InputError(f"there is no top-up {payment.top_up}")
            after = before.hear(payment.notice, amount_ubolt=payment.amount_ubolt)
            if isinstance(after, TopUp) and known is None:
                self._keep(heard_fact(payment))
                self._heard[payment.event] = payment
                self.top_ups[after.number] = after
            return after

    async def round(self) -> dict[str, str]:
        """Everything that is due: automatic top-ups, charges, deposits. What cannot be done now is
        named with its reason, stops nothing else, and is tried again in the next round."""
        faults = dict[str, str]()
        for channel in list(self.mandates):
            await _try(faults, f"0x{channel.hex()}", chore=self._top_up_if_due(channel))
        for top_up in list(self.top_ups.values()):
            if top_up.stage is TopUpStage.REQUESTED:
                await _try(faults, f"top-up {top_up.number}", chore=self._charge(top_up))
        for number in list(self.top_ups):
            await _try(faults, f"top-up {number}", chore=self._deposit_if_due(number))
        return faults

    def why_not(self, channel: ChannelId) -> TopUpRefusal | None:
        """Why the standing order of a channel asks for nothing now."""
        vault = self.parts.deployment.vault
        headroom = ask(self.parts.chain, vault, view=calls.headroom(channel))
        signed = self.mandates.get(channel)
        return why_not_now(
            None if signed is None else signed.mandate,
            headroom_ubolt=headroom,
            earlier=[each for each in self.top_ups.values() if each.channel == channel],
            now_s=self.parts.clock.now_s(),
        )

    async def _top_up_if_due(self, channel: ChannelId) -> None:
        async with self._turn:
            if await asyncio.to_thread(self.why_not, channel) is None:
                amount = self.mandates[channel].mandate.amount_ubolt
                self._new(channel, amount, automatic=True)

    async def _charge(self, top_up: TopUp) -> None:
        now_s = self.parts.clock.now_s()
        for body, header in await self.parts.provider.charge(top_up, now_s=now_s):
            await self.hear(body, header=header)

    async def _deposit_if_due(self, number: int) -> None:
        """What an earlier life has sent is deposited, whatever was heard since."""
        async with self._turn:
            top_up = self.top_ups[number]
            sent = not top_up.deposited and self.parts.sender.knows(_order_of(top_up))
            if sent or top_up.stage is TopUpStage.FINAL:
                mined = await asyncio.to_thread(self._deposit, top_up)
                self._keep(deposited_fact(top_up, mined))
                self.top_ups[number] = top_up.deposit()

    def _deposit(self, top_up: TopUp) -> bytes:
        """Once, by the top-up's name. Raises as `Sender.transact`."""
        sender, deployment = self.parts.sender, self.parts.deployment
        sender.finish()
        held = ask(self.parts.chain, deployment.bolt, view=calls.balance_of(sender.address))
        name = _order_of(top_up)
        if held < top_up.amount_ubolt and not sender.knows(name):
            raise RemoteError(f"the cashier holds {held} µBOLT; give it more")
        sender.transact(_APPROVAL, Call(deployment.bolt, calls.approve(deployment.vault, U48_MAX)))
        home = self.homes[top_up.channel]
        data = calls.deposit(home.voucher_key, home.cfg, amount=top_up.amount_ubolt)
        return sender.transact(name, Call(deployment.vault, data)).transaction_hash

    def _require_open(self, channel: ChannelId) -> None:
        """Standing orders cost their sender a deposit: strangers do not fill the journal."""
        word = ask(self.parts.chain, self.parts.deployment.vault, view=calls.channel_word(channel))
        if not word.is_open:
            raise InputError("the channel has no deposit yet; make the first one by hand")

    def _know(self, identity: ChannelIdentity) -> None:
        here = self.parts.deployment
        if (identity.chain_id, identity.vault) != (here.chain_id, here.vault):
            raise InputError("the channel names another chain or vault than this retailer's")
        if identity.channel not in self.homes:
            body = OpenChannel(identity).to_bytes()
            self._keep(Fact(Kind.HOME_KNOWN.value, identity.channel, body))
            self.homes[identity.channel] = identity

    def _new(self, channel: ChannelId, amount_ubolt: int, *, automatic: bool) -> TopUp:
        number, now_s = len(self.top_ups) + 1, self.parts.clock.now_s()
        top_up = TopUp(number, channel, amount_ubolt, now_s, automatic)
        self._keep(requested_fact(top_up))
        self.top_ups[number] = top_up
        return top_up

    def _keep(self, fact: Fact) -> None:
        self.parts.journal.append([fact])

    def _apply(self, stored: Stored) -> None:
        body, channel = stored.fact.body, ChannelId(stored.fact.subject)
        match stored.fact.kind:
            case Kind.HOME_KNOWN:
                self.homes[channel] = OpenChannel.parse(body).identity
            case Kind.MANDATE_SIGNED:
                self.mandates[channel] = SignedMandate.parse(body)
            case Kind.TOP_UP_REQUESTED:
                top_up = parse_requested(stored)
                self.top_ups[top_up.number] = top_up
            case Kind.NOTICE_HEARD:
                payment = Payment.parse(body)
                self._heard[payment.event] = payment
                self._replace(payment)
            case Kind.DEPOSITED:
                number = fields_of(body, f"fact {stored.sequence}").integer("number")
                self.top_ups[number] = self.top_ups[number].deposit()
            case Kind.OUTBOX_WRITTEN:
                pass
            case unknown:
                raise StorageError(
                    f"fact {stored.sequence} is of kind {unknown}, a newer version's"
                )

    def _replace(self, payment: Payment) -> None:
        before = self.top_ups[payment.top_up]
        after = before.hear(payment.notice, amount_ubolt=payment.amount_ubolt)
        if isinstance(after, TopUp):
            self.top_ups[after.number] = after


def _order_of(top_up: TopUp) -> str:
    return f"top-up/{top_up.number}"


async def _try(faults: dict[str, str], what: str, *, chore: Awaitable[None]) -> None:
    try:
        await chore
    except GridPlusError as error:
        faults[what] = str(error)
