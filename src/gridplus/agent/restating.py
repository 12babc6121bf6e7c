"""What a Smart Agent does about restatements: it makes each one again before it accepts it.

It checks what it can know by itself: its own reads and bills, the prices that are anchored on
chain, the plan it agreed to. A read of the wires company it cannot know: one that charges more is
accepted while it stays near what was billed.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from gridplus.agent.ground import Ground
from gridplus.agent.memory import checked_restatement
from gridplus.agent.stream import Asking
from gridplus.channel import Mismatch, Refusal, Terms, step_payer
from gridplus.failures import InputError, RemoteError
from gridplus.keystore import DeviceKey
from gridplus.tariff import (
    GroupEvidence,
    History,
    Plan,
    Restatement,
    Sources,
    Statement,
    follow,
    group_leaf,
    history_along,
    is_sealed,
    tip_before,
)
from gridplus.units import DAY_S, PPM
from gridplus.wire import FetchRestatement, RestatementOffer, asking_message

READ_TOLERANCE_PPM = 20_000
"""How far a corrected read that charges more may be from the device's own, of its energy."""
SLACK_WH = 10
NOTHING_RESTATED = "NOTHING_RESTATED"
GROUP_UNSIGNED = "the hub did not sign the group that this bill stands in"


class RestatementRefused(RemoteError):  # noqa: N818 - says what happened
    """A restatement of earlier bills is not this home's own result. It is kept."""

    def __init__(self, name: str, *, sentence: str) -> None:
        super().__init__(f"earlier bills are not restated: {sentence}")
        self.name = name


@dataclass(frozen=True, slots=True)
class Restatements:
    """Of one home, with the plan that it agreed to."""

    plan: Plan
    device: DeviceKey
    hub: Asking
    ground: Ground

    async def fetch(self) -> RestatementOffer | None:
        """The restatement that follows the newest link that this home accepted, if there is one.
        Raises Unreachable, RemoteError."""
        channel, head = self.ground.memory.tip.channel, self.ground.memory.tip.head
        asked = FetchRestatement(channel, head, self.device.sign(asking_message(channel, head)))
        answer = await self.hub.ask("/v1/restatements", asked, answer=RestatementOffer)
        if isinstance(answer, RestatementOffer):
            return answer
        if answer.name == NOTHING_RESTATED:
            return None
        raise RemoteError(f"the hub does not tell of restatements: {answer.sentence}")

    async def take(self, *, now_s: int) -> None:
        """Make every restatement that is due again, and keep it. Raises RestatementRefused for one
        that this home does not accept, and as `fetch`."""
        memory = self.ground.memory
        while (offer := await self.fetch()) is not None:
            fact = checked_restatement(offer, await self.mismatch(offer.restatement))
            verdict, group = step_payer(memory.payer, fact, now_s=now_s), offer.evidence.group
            if isinstance(verdict, Refusal):
                name, sentence = verdict.reason.name, verdict.reason.value
            elif not is_group_sealed(memory.payer.terms, offer.restatement.head, group=group):
                name, sentence = "GROUP_UNSIGNED", GROUP_UNSIGNED
            else:
                await memory.agree_restatement(offer, now_s=now_s)
                continue
            await memory.refuse(offer, name=name, sentence=sentence)
            raise RestatementRefused(name, sentence=sentence)

    async def mismatch(self, told: Restatement) -> Mismatch | None:
        """Why this home does not accept it, or None. Raises Unreachable when that cannot be said
        now, RemoteError when old prices are not to be had."""
        memory = self.ground.memory
        if told.channel != memory.tip.channel:
            return Mismatch.CHANNEL_DIFFERS
        if any(revision.plan_digest != self.plan.digest for revision in told.revisions):
            return Mismatch.PLAN_DIFFERS
        links = list(memory.links())
        kept = _since(links, _first_s([told, *(x for x in links if isinstance(x, Restatement))]))
        stated = [link for link in kept if isinstance(link, Statement)]
        if not stated:
            return Mismatch.CHARGE_DIFFERS
        cited = {statement.price_digest for statement in stated}
        if not await self._are_published(told, cited):
            return Mismatch.PRICE_NOT_PUBLISHED
        prices = {digest: await self.ground.version(digest) for digest in cited | _named(links)}
        prices |= {digest: await self.ground.version(digest) for digest in _named([told])}
        sources = Sources({self.plan.digest: self.plan}, prices)
        try:
            history = history_along(tip_before(stated[0]), kept, sources=sources)
            refused = None if told.collected_abolt <= 0 else _too_much(told, history)
            return refused or follow(history, told, sources=sources)[0]
        except InputError:
            return Mismatch.CHARGE_DIFFERS

    async def _are_published(self, told: Restatement, cited: set[bytes]) -> bool:
        for digest in _named([told]) - cited:
            if not await self.ground.is_published(await self.ground.version(digest)):
                return False
        return True


def is_group_sealed(terms: Terms, head: bytes, *, group: GroupEvidence) -> bool:
    """Whether the hub signed the commit group in which `head` stands."""
    return is_sealed(group, group_leaf(terms.channel, head), domain=terms.domain, hub=terms.hub)


def _named(links: Iterable[Statement | Restatement]) -> set[bytes]:
    """The price versions that the restatements among `links` cite."""
    told = [link for link in links if isinstance(link, Restatement)]
    digests = {revision.price_digest for each in told for revision in each.revisions}
    return {digest for digest in digests if digest is not None}


def _first_s(restatements: list[Restatement]) -> int:
    return min(each.revisions[0].interval.start_s for each in restatements)


def _since(links: list[Statement | Restatement], first_s: int) -> list[Statement | Restatement]:
    """The links from the first statement at `first_s` or later on."""
    for place, link in enumerate(links):
        if isinstance(link, Statement) and link.interval.start_s >= first_s:
            return links[place:]
    return []


def _too_much(told: Restatement, history: History) -> Mismatch | None:
    """What a home does not let itself be charged for, though it adds up."""
    if told.decided_at_s < history.last.end_s - DAY_S:
        return Mismatch.DATE_DIFFERS
    for revision in told.revisions:
        billed = history.versions.get(revision.interval.start_s)
        if billed is None:
            return Mismatch.CHARGE_DIFFERS
        for now_wh, own_wh in (
            (revision.import_wh, billed.read.import_wh),
            (revision.export_wh, billed.read.export_wh),
        ):
            if abs(now_wh - own_wh) > max(SLACK_WH, own_wh * READ_TOLERANCE_PPM // PPM):
                return Mismatch.READ_DIFFERS
    return None
