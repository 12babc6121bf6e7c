"""Faults on purpose, each in a copy of one real part: what a simulator does not find in these it
would not find in the real ones either. Each is known by a sentence, and by who should notice."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gridplus.agent import Memory, SmartAgent
from gridplus.agent.memory import checked
from gridplus.channel import Voucher, VoucherSigned, open_payer
from gridplus.channel.model import Item, VaultModel
from gridplus.contracts.word import ChannelWord
from gridplus.hub import Hub, HubParts
from gridplus.hub.claiming import Claimer
from gridplus.hub.home import Home
from gridplus.hub.till import Till
from gridplus.hub.vault import MinedClaim
from gridplus.journal import Fact
from gridplus.meter import SignedRead
from gridplus.tariff import Tip
from gridplus.wire import BillOffer
from tests.sim.disk import Disk, DiskJournal
from tests.sim.node import Block, Node
from tests.sim.world import Faults, Scale, World

SEARCHED = 100


class _LateJournal(DiskJournal):
    """Says that facts are durable, and writes them with the next ones."""

    def append(self, facts: Sequence[Fact]) -> int:
        held = getattr(self, "held", [])
        self.held = list(facts)
        return super().append(held) if held else self.last_sequence + 1


class _LateDisk(Disk):
    def open(self, process, now_s):  # type: ignore[no-untyped-def]
        return _LateJournal(self, process, now_s)


class _HastyHub(Hub):
    """Lets reads of one home overtake each other, each checked against the same last bill."""

    async def submit_read(self, signed: SignedRead):  # type: ignore[no-untyped-def]
        home = self._book.served(signed.channel)
        if not isinstance(home, Home):
            return home
        return self._billed_before(home, signed) or await self._bill(home, signed)


class _TrustingTill(Till):
    """Takes a voucher of the right size, whoever signed it."""

    def quick(self, channel, voucher, *, told):  # type: ignore[no-untyped-def]
        home = self._book.homes.get(channel)
        if home is None or not home.gate.admits(voucher.spent, voucher.earned):
            return super().quick(channel, voucher, told=told)
        self._fly(home, voucher, told=told)
        return True


class _TrustingHub(Hub):
    def __init__(self, parts: HubParts) -> None:
        super().__init__(parts)
        self.till = _TrustingTill(self._book, self._writer)


class _ForgetfulHub(Hub):
    """Remembers bills after a restart, and no voucher."""

    def start(self) -> None:
        super().start()
        for home in self._book.homes.values():
            home.paid, home._gate = None, None
            home.machine = replace(home.machine, accepted=None, durable=None)


class _SleepyClaimer(Claimer):
    """Claims nothing of a home that leaves."""

    async def claim_leaving(self) -> MinedClaim | None:
        return None

    async def claim_due(self, policy):  # type: ignore[no-untyped-def]
        return None


class _SilentMemory(Memory):
    """Signs, and keeps no copy."""

    async def sign(self, voucher: Voucher, *, now_s: int) -> tuple[object, ...]:
        return self.step(VoucherSigned(voucher), now_s=now_s)


class _SilentAgent(SmartAgent):
    def __init__(self, *arguments, ground, **others) -> None:  # type: ignore[no-untyped-def]
        known = ground.memory
        ground.memory = _SilentMemory(known.journal, known.payer, known.tip)
        ground.memory.unpaid, ground.memory.receipt = known.unpaid, known.receipt
        super().__init__(*arguments, ground=ground, **others)


class _DoubtingMemory(Memory):
    """Checks what it agreed to once more when it remembers it, against the chain of today."""

    def _agreed(self, offer: BillOffer, *, now_s: int) -> None:
        self.step(checked(offer), now_s=now_s)
        super()._agreed(offer, now_s=now_s)


class _DoubtingAgent(SmartAgent):
    def __init__(self, *arguments, ground, **others) -> None:  # type: ignore[no-untyped-def]
        known = ground.memory
        payer = open_payer(known.payer.terms, known.payer.seen, unposted_limit_ubolt=1 << 40)
        ground.memory = _DoubtingMemory(known.journal, payer, Tip.genesis(known.tip.channel))
        ground.memory.replay()
        super().__init__(*arguments, ground=ground, **others)


class _GenerousAgent(SmartAgent):
    """Signs a µBOLT more than it agreed to."""

    async def _act(self, effects, *, now_s):  # type: ignore[no-untyped-def]
        raised = tuple(
            replace(effect, spent=effect.spent + 1) if hasattr(effect, "digest") else effect
            for effect in effects
        )
        return await super()._act(raised, now_s=now_s)


class _CheerfulNode(Node):
    """Calls final whatever it has seen."""

    def finalized(self) -> Block:
        return self.head()


@dataclass(frozen=True, slots=True)
class _LeakyVault(VaultModel):
    """Pays a voucher again with each claim."""

    def _claimed(self, item: Item, *, fund: int, by_hub: bool) -> ChannelWord | None:
        word = VaultModel._claimed(self, item, fund=fund, by_hub=by_hub)
        if word is None or word.headroom < item.spent:
            return word
        return replace(word, spent=word.spent + item.spent // 2)


PLANTED: dict[str, Faults] = {
    "the hub acknowledges what it has not written": Faults(make_hub_disk=_LateDisk),
    "the hub bills two reads against the same last bill": Faults(make_hub=_HastyHub),
    "the hub takes a voucher whoever signed it": Faults(make_hub=_TrustingHub),
    "the hub forgets the vouchers when it starts again": Faults(make_hub=_ForgetfulHub),
    "the hub sleeps while a home leaves": Faults(make_claimer=_SleepyClaimer),
    "the agent keeps no copy of what it signs": Faults(make_agent=_SilentAgent),
    "the agent signs more than it agreed to": Faults(make_agent=_GenerousAgent),
    "the agent doubts what it remembers": Faults(make_agent=_DoubtingAgent),
    "the agent's journal is a fact behind": Faults(make_home_disk=_LateDisk),
    "the node calls a block final that a fork undoes": Faults(make_node=_CheerfulNode),
    "the vault takes half a voucher more": Faults(
        make_vault=lambda v: _LeakyVault(v.now_s, v.pool)
    ),
}


def found_at(name: str) -> int | None:
    """The first seed whose world shows the fault, among those that are searched."""
    for seed in range(1, SEARCHED + 1):
        world = World(seed, Scale(), PLANTED[name])
        world.run()
        if world.setting.failure is not None:
            return seed
    return None
