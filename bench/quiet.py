"""Homes that were billed once and now only pay: what hub and load of `connections.py` agree on.

The homes of a crowd share a device, and with it a certificate: neither hub nor library remembers
one from one connection to the next, and the load is spared a context for each.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path

from coincurve import PrivateKey
from cryptography.hazmat.primitives.asymmetric import ec

from gridplus.channel import ChainSeen, ChannelView, Counters
from gridplus.contracts.word import DAY_S, ChannelWord
from gridplus.demo.founding import CHAIN_ID
from gridplus.demo.street_data import day_ahead_prices
from gridplus.digest import keccak256
from gridplus.hub.facts import BilledRead, Kind, billed_fact, seen_fact
from gridplus.hub.sealing import BillNote, GroupSealer, Note, bill_leaf
from gridplus.journal import Batch, Fact, SqliteJournal
from gridplus.keystore import DeviceKey, Secp256k1Key
from gridplus.market import PriceVersion
from gridplus.meter import IntervalRead, SignedRead, read_message
from gridplus.tariff import Plan, Tip, next_statement
from gridplus.units import UBOLT_PER_BOLT
from gridplus.wallet import Address
from gridplus.wire import OpenChannel
from gridplus.wire import frames as wire
from gridplus.wire.frames import FrameKind, frame
from town import DAY, INTERVALS, Home, bundled_plan

NOW_S = INTERVALS[-1].end_s
NOBODY = Address(b"\xee" * 20)
HUB = Secp256k1Key(PrivateKey(keccak256(b"bench hub")))
LIMIT_UBOLT = 20 * UBOLT_PER_BOLT
READ_WH = 1_000
GROUP = 500
_WORD = ChannelWord(deposited=500 * UBOLT_PER_BOLT, cap_day=NOW_S // DAY_S - 10, daily_cap=60)
_SEEN = ChainSeen(ChannelView(_WORD, NOW_S // DAY_S), 1)


@dataclass(frozen=True)
class QuietHome(Home):
    """`box` is the number of the device that it shares."""

    box: int = 0

    @cached_property
    def device(self) -> DeviceKey:
        return device_of(self.box)

    def payment(self, number: int) -> bytes:
        """The frame of its voucher for `number` µBOLT, as request `number`."""
        packed = wire.pack_voucher(self.identity.channel, self.voucher(Counters(number, 0)))
        return frame(FrameKind.VOUCHER, number, payload=packed)


def device_of(box: int) -> DeviceKey:
    return DeviceKey(ec.derive_private_key(1_000_003 + box, ec.SECP256R1()))


def quiet_homes(box: int, count: int) -> Iterator[QuietHome]:
    vault, anchor = Address(b"\xaa" * 20), Address(b"\xbb" * 20)
    return (
        QuietHome(box * 1_000_000 + number, CHAIN_ID, vault, anchor, box) for number in range(count)
    )


def write_journal(path: Path, box: int, count: int) -> None:
    """A journal of channels that were opened, seen on chain and billed once."""
    plan, prices, homes = bundled_plan(), day_ahead_prices(DAY), quiet_homes(box, count)
    domain = next(quiet_homes(box, 1)).identity.domain
    sealer = GroupSealer(HUB, domain, lambda: NOW_S)
    with SqliteJournal.open(path, now_s=lambda: NOW_S) as journal:
        journal.append([Fact(Kind.PLAN_ADOPTED.value, b"", plan.canonical)])
        while some := list(islice(homes, GROUP)):
            journal.append([fact for home in some for fact in _opened(home)])
            bills = [_billed(home, plan, prices=prices) for home in some]
            journal.append([*(f for bill in bills for f in bill.facts), *sealer(bills).facts])


def _opened(home: Home) -> Iterator[Fact]:
    channel = home.identity.channel
    yield Fact(Kind.CHANNEL_OPENED.value, channel, OpenChannel(home.identity).to_bytes())
    yield seen_fact(channel, _SEEN, at_s=NOW_S)


def _billed(home: Home, plan: Plan, *, prices: PriceVersion) -> Batch[Note]:
    channel, read = home.identity.channel, IntervalRead(INTERVALS[80], READ_WH, 0, READ_WH, 0)
    signed = SignedRead(channel, read, home.device.sign(read_message(channel, read)))
    statement = next_statement(Tip.genesis(channel), plan=plan, prices=prices, read=read)
    fact = billed_fact(BilledRead(statement, signed.signature, None), at_s=NOW_S)
    return Batch((fact,), BillNote(bill_leaf(channel, statement.head)))
