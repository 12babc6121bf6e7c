"""Homes whose whole day is signed beforehand, and the journal of a hub that has just met them."""

from dataclasses import dataclass
from functools import cache

from coincurve import PrivateKey
from cryptography.hazmat.primitives.asymmetric import ec

from gridplus.chain import RpcChain
from gridplus.chain.deployment import Deployment
from gridplus.channel import ChainSeen, ChannelView, Voucher
from gridplus.contracts.word import DAY_S, ChannelWord
from gridplus.digest import canonical_json, keccak256
from gridplus.hub import Hub, HubParts
from gridplus.hub.facts import Kind, seen_fact
from gridplus.hub.vault import VaultLink
from gridplus.journal import Fact, Journal
from gridplus.keystore import DeviceKey, Secp256k1Key
from gridplus.meter import SignedRead
from gridplus.tariff import ChannelIdentity, Statement, Tip, next_statement
from gridplus.units import UBOLT_PER_BOLT
from gridplus.wallet import Address, Descriptor
from gridplus.wire import OpenChannel
from tests.hub.process import NOBODY
from tests.hub.town import DAY, PLAN, PRICES, House

HOMES, INTERVALS = 3, 4
NOW_S = DAY[INTERVALS].end_s
HUB_KEY = Secp256k1Key(PrivateKey(keccak256(b"hub")))
DEPLOYMENT = Deployment(1, *(Address(bytes([n]) * 20) for n in range(1, 5)))
UNSIGNED_LIMIT = 1_000 * UBOLT_PER_BOLT


@dataclass(frozen=True)
class Step:
    """One interval of a home: its read, its only right bill, and the voucher for it."""

    read: SignedRead
    statement: Statement
    voucher: Voucher


@dataclass(frozen=True)
class Home:
    house: House
    steps: tuple[Step, ...]


def make_home(number: int) -> Home:
    """A home that now and then feeds in."""
    owner, guardian, voucher = (
        Secp256k1Key(PrivateKey(keccak256(f"{role} {number}".encode())))
        for role in ("owner", "guardian", "voucher")
    )
    device = DeviceKey(ec.derive_private_key(7 + number, ec.SECP256R1()))
    x, y = (int.from_bytes(half, "big") for half in (device.public[:32], device.public[32:]))
    descriptor = Descriptor(owner.address, guardian.address, x, y, bytes(32))
    place = (DEPLOYMENT.chain_id, DEPLOYMENT.vault, DEPLOYMENT.anchor)
    identity = ChannelIdentity(*place, descriptor, 60, voucher.address)
    house, steps = House(identity, owner, device, voucher), []
    tip = Tip.genesis(house.channel)
    for at in range(INTERVALS):
        read = house.meter(400 + 10 * number, 900 * ((at + number) % 3 == 1))
        statement = next_statement(tip, plan=PLAN, prices=PRICES, read=read.read)
        tip = statement.tip
        paid = house.voucher(statement.spent_ubolt, statement.earned_ubolt)
        steps.append(Step(read, statement, paid))
    return Home(house, tuple(steps))


@cache
def street() -> tuple[Home, ...]:
    return tuple(make_home(number) for number in range(HOMES))


def founding_facts() -> list[Fact]:
    """The hub sells a plan at known prices, and every channel has its deposit."""
    facts = [
        Fact(Kind.PLAN_ADOPTED.value, b"", PLAN.canonical),
        Fact(Kind.PRICES_ADOPTED.value, b"", canonical_json(PRICES.document())),
    ]
    today = NOW_S // DAY_S
    word = ChannelWord(deposited=75 * UBOLT_PER_BOLT, daily_cap=60, cap_day=today - 3)
    seen = ChainSeen(ChannelView(word, today), 1)
    for home in street():
        identity = home.house.identity
        opened = OpenChannel(identity).to_bytes()
        facts.append(Fact(Kind.CHANNEL_OPENED.value, identity.channel, opened))
        facts.append(seen_fact(identity.channel, seen, at_s=NOW_S))
    return facts


class Noon:
    """All of it happens in one second."""

    def now_s(self) -> int:
        return NOW_S


def hub_on(journal: Journal) -> Hub:
    """The real hub, where its journal left it. Its vault is out of reach, and not asked."""
    vault = VaultLink(RpcChain(NOBODY), DEPLOYMENT)
    hub = Hub(HubParts(HUB_KEY, vault, journal, Noon(), UNSIGNED_LIMIT))
    hub.start()
    return hub
