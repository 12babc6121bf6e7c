"""A town for the tests of hub and agent: a chain in its own process, contracts, homes that sign.

The chain lives as long as the test session; each test moves its own homes in, with a hub, a journal
and a clock of its own.
"""

import asyncio
import inspect
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, fields
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from gridplus.chain import USUAL_FEES, Account, Call, FeeRules, Outbox, RpcChain, Sender
from gridplus.chain.deployment import Deployment
from gridplus.chain.patience import Patience
from gridplus.channel import Counters, DayEnded, Refusal, Voucher
from gridplus.clock import Clock, set_clock
from gridplus.contracts import calls, home_calls
from gridplus.demo.founding import (
    CHAIN_ID,
    SENDERS,
    DepositOrder,
    Founder,
    make_role_keys,
    seed_of,
)
from gridplus.demo.options import street_terms
from gridplus.demo.processes import ServiceProcess, start_service
from gridplus.digest import canonical_json
from gridplus.failures import StorageError
from gridplus.hub import Book, Hub, HubParts, Refused
from gridplus.hub.archive import Archive, Record
from gridplus.hub.claiming import Claimer
from gridplus.hub.facts import open_outbox
from gridplus.hub.figures import figure_of
from gridplus.hub.home import Home, Paid
from gridplus.hub.owing import OwnHomes
from gridplus.hub.packing import (
    credit_in,
    figure_in,
    pack_home,
    unpack_home,
    voucher_in,
    word_in,
)
from gridplus.hub.snapshot import recall
from gridplus.hub.standing import Standing
from gridplus.hub.vault import ClaimLink, VaultLink
from gridplus.journal import Journal, JournalPlace, open_journal
from gridplus.journal.group import CLOSED
from gridplus.keystore import DeviceKey, KeyStore, Secp256k1Key
from gridplus.market import operating_day_intervals
from gridplus.meter import IntervalRead, SignedRead, read_message
from gridplus.tariff import ChannelIdentity, Plan
from gridplus.units import UBOLT_PER_BOLT
from gridplus.wallet import Address, ChannelId, Descriptor, voucher_digest
from gridplus.wire import OpenChannel
from tests.tariff.examples import PLAIN, plan_with, prices_of

SEED = 20_210_704
DAY = operating_day_intervals(PLAIN)
START_S = DAY[0].start_s
PLAN = plan_with()
PRICES = prices_of(PLAIN)
UNSIGNED_LIMIT = 20 * UBOLT_PER_BOLT


@dataclass
class HandClock:
    """Shows what it was set to."""

    shown_s: int = START_S

    def now_s(self) -> int:
        return self.shown_s


@dataclass
class House:
    """A home with its keys and its meter's registers. Reads follow each other from `DAY[0]` on."""

    identity: ChannelIdentity
    owner: Secp256k1Key
    device: DeviceKey
    voucher_key: Secp256k1Key
    reads: list[IntervalRead] = field(default_factory=list)

    @property
    def channel(self) -> ChannelId:
        return self.identity.channel

    def meter(self, import_wh: int, export_wh: int = 0) -> SignedRead:
        """The read of the next interval."""
        return self.sign(self.next_read(import_wh, export_wh))

    def next_read(self, import_wh: int, export_wh: int = 0) -> IntervalRead:
        last = self.reads[-1] if self.reads else IntervalRead(DAY[0], 0, 0, 0, 0)
        read = IntervalRead(
            DAY[len(self.reads)],
            import_wh,
            export_wh,
            last.register_import_wh + import_wh,
            last.register_export_wh + export_wh,
        )
        self.reads.append(read)
        return read

    def sign(self, read: IntervalRead, *, channel: ChannelId | None = None) -> SignedRead:
        named = channel or self.channel
        return SignedRead(named, read, self.device.sign(read_message(named, read)))

    def voucher(self, spent: int, earned: int = 0, *, by: Secp256k1Key | None = None) -> Voucher:
        cfg, key = self.identity.cfg, by or self.voucher_key
        digest = voucher_digest(self.identity.domain, cfg, spent=spent, earned=earned)
        return Voucher(cfg, spent, earned, key.sign(digest))

    def voucher_for(self, record: Record) -> Voucher:
        return self.voucher(record.statement.spent_ubolt, record.statement.earned_ubolt)


@dataclass
class Town:
    """The chain and whoever founded the retailer on it."""

    folder: Path
    chain: RpcChain
    keys: dict[str, Secp256k1Key]
    founder: Founder
    deployment: Deployment
    chain_url: str
    homes: int = 0
    patience_s: int = 45
    fees: FeeRules = USUAL_FEES

    @property
    def hub_key(self) -> Secp256k1Key:
        return self.keys["hub"]

    @property
    def vault(self) -> VaultLink:
        return VaultLink(self.chain, self.deployment)

    def claimer(self, hub: Hub, journal: Journal, *, clock: Clock) -> Claimer:
        """Who claims for a hub; what it sends is in the hub's journal."""
        payees, vault = OwnHomes(hub), self.claims_with(open_outbox(journal))
        return Claimer(payees, vault, journal=journal, clock=clock)

    def claims_with(self, outbox: Outbox) -> ClaimLink:
        sender = Sender(
            self.hub_key,
            self.chain,
            outbox=outbox,
            rules=self.fees,
            patience=Patience(self.patience_s),
        )
        return ClaimLink(self.vault, sender)

    def plan_house(self, *, daily_cap_bolt: int = 60) -> House:
        """A house whose channel has no deposit yet."""
        self.homes += 1
        name = f"home-{self.homes:03d}"
        store, seed = KeyStore(self.folder / name), seed_of(SEED, name)
        owner = store.create("owner", Secp256k1Key, seed=seed)
        guardian = store.create("guardian", Secp256k1Key, seed=seed)
        device = store.create("device", DeviceKey, seed=seed)
        voucher = store.create("voucher", Secp256k1Key, seed=seed)
        x, y = (int.from_bytes(half, "big") for half in (device.public[:32], device.public[32:]))
        identity = ChannelIdentity(
            self.deployment.chain_id,
            self.deployment.vault,
            self.deployment.anchor,
            Descriptor(owner.address, guardian.address, x, y, seed),
            daily_cap_bolt,
            voucher.address,
        )
        return House(identity, owner, device, voucher)

    def move_in(self, count: int, *, deposit_bolt: int = 75, cap_bolt: int = 60) -> list[House]:
        """Houses whose deposits are on the chain."""
        houses = [self.plan_house(daily_cap_bolt=cap_bolt) for _ in range(count)]
        for house in houses:
            self.deposit(house, deposit_bolt)
        return houses

    def deposit(self, house: House, bolt: int, *, number: int = 0) -> None:
        order = DepositOrder(house.identity, house.owner, number, bolt * UBOLT_PER_BOLT)
        self.founder.deposit(self.deployment, [order], now_s=START_S)

    def start_exit(self, house: House) -> None:
        """The owner, alone, starts to leave."""
        relayer = Account(self.keys["relayer"], self.chain)
        relayer.transact(Call(house.owner.address, value_wei=10**18))
        identity = house.identity
        home = home_calls.Home(identity.voucher_key, identity.cfg, identity.descriptor.encoded)
        data = home_calls.start_exit(home)
        Account(house.owner, self.chain).transact(Call(self.deployment.vault, data))

    def word(self, house: House) -> Any:
        view = calls.channel_word(house.channel)
        return view.decode(self.chain.call(self.deployment.vault, view.calldata))

    def anchor_prices(self) -> None:
        """The publisher anchors the prices of the day."""
        period = (PLAIN - date(1970, 1, 1)).days
        data = calls.anchor(period, calls.ANCHOR_PRICES, root=PRICES.digest)
        publisher = Account(self.keys["publisher"], self.chain)
        publisher.transact(Call(self.deployment.anchor, data))


@contextmanager
def founded_town(folder: Path) -> Iterator[Town]:
    keys = make_role_keys(folder / "keys", SEED)
    set_clock(folder / "clock", START_S)
    service = serve_chain(folder, keys)
    try:
        with RpcChain(service.url) as chain:
            yield found_town(folder, chain, keys, url=service.url)
    finally:
        service.stop()


def serve_chain(folder: Path, keys: dict[str, Secp256k1Key]) -> ServiceProcess:
    """Our own node on the file and the clock in `folder`, which may have served before."""
    arguments = ["chain", "serve", "--state", str(folder / "chain.sqlite")]
    arguments += ["--chain-id", str(CHAIN_ID), "--clock", str(folder / "clock")]
    for role in SENDERS:
        arguments += ["--fund", "0x" + keys[role].address.hex()]
    return start_service("chain", arguments, log=folder / "chain.log")


def found_town(
    folder: Path,
    chain: RpcChain,
    keys: dict[str, Secp256k1Key],
    *,
    url: str,
    patience_s: int = 45,
) -> Town:
    founder = Founder(chain, keys, terms=street_terms())
    deployment = founder.deploy()
    founder.fund_pool(deployment)
    town = Town(folder, chain, keys, founder, deployment, url, patience_s=patience_s)
    town.anchor_prices()
    return town


@dataclass
class Life:
    """One life of a hub, from start to stop."""

    hub: Hub
    claimer: Claimer
    journal: Journal
    clock: Any

    @property
    def book(self) -> Book:
        return self.hub.book

    async def open(self, houses: list[House]) -> None:
        for house in houses:
            opened = await self.hub.open_channel(OpenChannel(house.identity))
            assert not isinstance(opened, Refused), opened

    async def bill(self, house: House, import_wh: int = 400, export_wh: int = 0) -> Record:
        """Meter the next interval, and have it billed."""
        read = house.meter(import_wh, export_wh)
        self.clock.shown_s = read.read.interval.end_s
        return await self.billed(read)

    async def billed(self, read: SignedRead) -> Record:
        record = await self.hub.submit_read(read)
        assert isinstance(record, Record), record
        return record

    def records(self, house: House) -> list[Record]:
        """All its bills, read back from the journal."""
        paid = self.book.homes[house.channel].paid
        return self.hub.archive.records(house.channel, start_s=0, end_s=1 << 40, paid=paid)

    async def pay(self, house: House, record: Record) -> Counters:
        kept = await self.hub.submit_voucher(house.channel, house.voucher_for(record))
        assert isinstance(kept, Paid), kept
        return kept.voucher.counters


@asynccontextmanager
async def living_hub(
    town: Town,
    journal: JournalPlace,
    *,
    unsigned_limit: int = UNSIGNED_LIMIT,
    page_limit: int | None = None,
    clock: Any = None,
    plan: Plan = PLAN,
) -> AsyncIterator[Life]:
    """A hub that knows plan and prices, on a journal that may have served before."""
    shown = clock or HandClock()
    with open_journal(journal, now_s=shown.now_s, page_limit=page_limit) as opened:
        hub = Hub(HubParts(town.hub_key, town.vault, opened, shown, unsigned_limit))
        claimer = town.claimer(hub, opened, clock=shown)
        hub.start()
        await hub.adopt_plan(plan)
        await hub.adopt_prices(PRICES, canonical_json(PRICES.document()))
        yield Life(hub, claimer, opened, shown)
        live = None if hub.trouble else durable_parts(hub.book)
        await hub.put_down()
        if live is not None and hub.trouble == CLOSED:
            require_kept(hub.book, opened)


def require_kept(book: Book, journal: Journal) -> None:
    """I-ST-4. What lies beside the facts of a hub at rest is that hub, up to its last fact."""
    try:
        assert kept_up_to(journal) == journal.last_sequence
    except StorageError:
        return  # it is closed, or full
    assert durable_parts(recalled(book, journal)) == durable_parts(book)


def kept_up_to(journal: Journal) -> int:
    """The fact up to which the hub's state lies beside the facts; -1 for none."""
    return next((state.sequence for state in journal.kept()), -1)


def recalled(like: Book, journal: Journal) -> Book:
    """What the next life of a hub begins with."""
    book = Book(like.hub, like.unsigned_limit_ubolt)
    book.replay(journal.replay(after=recall(book, journal)))
    return book


def require_rows(book: Book) -> None:
    """A row says all of a home, and the figures without waking it (I-ST-4)."""
    for home in book.homes.values():
        if home.is_busy:
            continue
        row = pack_home(home)
        limit = book.unsigned_limit_ubolt
        again = unpack_home(row, hub=book.hub, unsigned_limit_ubolt=limit)
        assert again == home
        assert (figure_in(row), word_in(row)) == (figure_of(home), home.view.word)
        assert voucher_in(row) == home.payee.durable
        assert credit_in(row) == home.payee.credit


def require_figures(book: Book) -> None:
    """What a hub counts over its homes is what a walk over them finds (I-ST-3)."""
    homes, figures = list(book.homes.values()), book.homes.figures
    assert [figures.at(at) for at in range(figures.count)] == [figure_of(home) for home in homes]
    claims = [home.rehearse(DayEnded(), now_s=0) for home in homes]
    due = [not isinstance(claim, Refusal) and bool(claim.effects) for claim in claims]
    assert [at in set(figures.owed) for at in range(figures.count)] == due
    since = [home.unclaimed_since_s for home in homes if home.unclaimed_since_s is not None]
    unsigned = [home.payee.bill.counters.spent_ubolt - home.durable.spent_ubolt for home in homes]
    unclaimed = [home.durable.spent_ubolt - home.view.word.spent for home in homes]
    assert figures.standing(payable=7) == Standing(
        homes=len(homes),
        stopped=sum(home.payee.stopped is not None for home in homes),
        leaving=sum(home.view.exit_started for home in homes),
        unsigned=sum(unsigned),
        largest_unsigned=max(unsigned, default=0),
        unclaimed=sum(max(0, each) for each in unclaimed),
        oldest_unclaimed_s=min(since, default=None),
        unposted=sum(home.payee.credited - home.view.word.earned for home in homes),
        payable=7,
    )


def durable_parts(book: Book) -> dict[str, object]:
    """Everything that a hub must know again after a restart, by name."""
    require_figures(book)
    require_rows(book)
    parts: dict[str, object] = {
        "plan": None if book.plan is None else book.plan.digest,
        "prices": book.prices,
        "homes": list(book.homes),
    }
    for channel, home in book.homes.items():
        payee = home.payee
        kept = {each.name: getattr(home, each.name) for each in fields(Home) if each.compare}
        for name, value in {**kept, "machine": payee}.items():
            parts[f"{channel.hex()[:8]} {name}"] = value
    return parts


def billed_starts(place: JournalPlace, house: House) -> list[int]:
    """When the intervals begin that a journal holds a bill of, each read back with its evidence."""
    with open_journal(place, now_s=HandClock().now_s) as journal:
        found = Archive(journal).records(house.channel, start_s=0, end_s=1 << 40)
    return [record.statement.interval.start_s for record in found]


def replayed(hub: Address, journal: JournalPlace, *, unsigned_limit: int = UNSIGNED_LIMIT) -> Book:
    """What the journal alone says."""
    book = Book(hub, unsigned_limit)
    with open_journal(journal, now_s=HandClock().now_s) as stored:
        book.replay(stored.replay())
    return book


def run_coroutine_test(item: pytest.Function) -> bool | None:
    """`async def` tests run on an event loop of their own."""
    if not inspect.iscoroutinefunction(item.obj):
        return None
    wanted = inspect.signature(item.obj).parameters
    asyncio.run(item.obj(**{name: item.funcargs[name] for name in wanted}))
    return True
