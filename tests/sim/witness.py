"""Who sees everything and remembers it: the numbered promises, checked as things happen.

A promise is named by its row in docs/invariants.md. Nothing here is told to hub or homes.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from gridplus.agent.memory import Kind as HomeKind
from gridplus.channel import Counters, Voucher
from gridplus.hub.facts import BilledRead, Kind, parse_billed, parse_vouchers
from gridplus.journal import Stored
from gridplus.tariff import ChannelIdentity
from gridplus.wallet import ChannelId
from gridplus.wire import SubmitVoucher
from tests.sim.machines import Meter
from tests.sim.network import Answer, Request
from tests.sim.node import Mined
from tests.sim.setting import Setting

NOTHING = Counters(0, 0)


@dataclass
class Account:
    """What is known for sure of one home's channel."""

    identity: ChannelIdentity
    meter: Meter
    billed: list[BilledRead] = field(default_factory=list)
    heads: set[bytes] = field(default_factory=set)
    stored: list[Counters] = field(default_factory=list)
    agreed: list[bytes] = field(default_factory=list)
    agreed_counters: Counters = NOTHING
    signed: list[Counters] = field(default_factory=list)
    by_thief: set[Counters] = field(default_factory=set)
    credited: int = 0
    channel: ChannelId = field(init=False)

    def __post_init__(self) -> None:
        self.channel = self.identity.channel

    @property
    def newest_signed(self) -> Counters:
        return self.signed[-1] if self.signed else NOTHING

    @property
    def newest_stored(self) -> Counters:
        return self.stored[-1] if self.stored else NOTHING


@dataclass
class Witness:
    """`accounts` by the name of the home's machine."""

    setting: Setting
    accounts: dict[str, Account] = field(default_factory=dict)
    of_channel: dict[bytes, Account] = field(default_factory=dict)
    checks: int = 0

    def knows(self, name: str, account: Account) -> None:
        self.accounts[name] = self.of_channel[account.channel] = account

    def hub_wrote(self, facts: Sequence[Stored]) -> None:
        for stored in facts:
            match stored.fact.kind:
                case Kind.BILLED:
                    self._billed(parse_billed(stored)[0])
                case Kind.VOUCHERS_STORED:
                    for voucher in parse_vouchers(stored):
                        self._stored(
                            self.of_channel[voucher.channel],
                            Voucher(
                                self.of_channel[voucher.channel].identity.cfg,
                                voucher.spent,
                                voucher.earned,
                                voucher.signature,
                            ),
                        )

    def home_wrote(self, name: str, facts: Sequence[Stored]) -> None:
        account = self.accounts[name]
        for stored in facts:
            match stored.fact.kind:
                case HomeKind.BILL_AGREED:
                    self._agreed(name, account, json.loads(stored.fact.body)["statement"])
                case HomeKind.VOUCHER_SIGNED:
                    voucher = SubmitVoucher.parse(stored.fact.body).voucher
                    self._signed(name, account, voucher.counters)
                case HomeKind.BILL_REFUSED:
                    self._refused(name, json.loads(stored.fact.body)["name"])

    def sent(self, request: Request) -> None:
        """A message left a home: what it promises is on its disk."""
        if request.path == "/v1/vouchers" and request.origin in self.accounts:
            body = json.loads(request.body)
            said = Counters(body["spent_ubolt"], body["earned_ubolt"])
            account = self.accounts[request.origin]
            self._require(
                said in account.signed,
                "I-CH-6",
                f"{request.origin} sends a voucher of {said} that its own disk does not hold",
            )

    def answered(self, request: Request, answer: Answer) -> None:
        """An answer left the hub: what it acknowledges is on its disk."""
        if answer.status != 200 or request.method != "POST":
            return
        body = json.loads(answer.body)
        if request.path == "/v1/reads":
            statement = body["statement"]
            account = self.of_channel[bytes.fromhex(statement["channel"][2:])]
            intervals = {b.statement.interval.start_s for b in account.billed}
            at_s = json.loads(request.body)["start_s"]
            self._require(
                at_s in intervals, "I-ST-1", f"the bill of {at_s} left before it was durable"
            )
        if request.path == "/v1/vouchers":
            account = self.of_channel[bytes.fromhex(body["channel"][2:])]
            said = Counters(body["spent_ubolt"], body["earned_ubolt"])
            self.setting.note(f"hub acknowledges {said} to {request.origin}")
            self._require(
                said in account.stored, "I-CH-4", f"{said} was acknowledged and is not stored"
            )
            asked = ChannelId(bytes.fromhex(json.loads(request.body)["channel"][2:]))
            owner = self.accounts.get(request.origin)
            self._require(
                owner is None or owner.channel == asked == account.channel,
                "I-CH-5",
                f"{request.origin} was acknowledged on another's channel",
            )

    def mined(self, mined: Mined) -> None:
        vault = mined.state.vault
        words = vault.words.values()
        paid_in = sum(word.deposited for word in words) + mined.state.funded
        out = sum(word.withdrawn for word in words)
        self._require(vault.held == paid_in - out, "I-CH-9", "the vault holds what it should not")
        self._require(vault.pool >= 0, "I-CH-9", "the pool is below zero")
        for account in self.of_channel.values():
            word = vault.view(account.channel).word
            most = account.newest_signed.spent_ubolt
            self._require(word.headroom >= 0, "I-VA-2", "a headroom is below zero")
            self._require(
                word.spent <= most,
                "I-VA-3",
                f"the chain took {word.spent}, the home's newest voucher says {most}",
            )
            self._require(
                word.earned <= account.credited,
                "I-VA-3",
                f"the chain credits {word.earned}, the hub signed {account.credited}",
            )

    def _billed(self, billed: BilledRead) -> None:
        statement = billed.statement
        account = self.of_channel[statement.channel]
        before = account.billed[-1].statement if account.billed else None
        read = statement.read
        self.setting.note(f"hub bills {statement.channel.hex()[:6]} {read.interval.start_s}")
        follows = before is None or before.interval.end_s == read.interval.start_s
        self._require(
            follows, "I-BI-5", f"{read.interval} is billed after {before and before.interval}"
        )
        self._require(
            account.meter.truth.get(read.interval.start_s) == read,
            "I-BI-5",
            f"the bill of {read.interval} is not what the meter measured",
        )
        chained = before is None or before.head == statement.previous_head
        self._require(chained, "I-CH-6", "a bill does not follow the one before")
        fell = before is not None and (
            statement.spent_ubolt < before.spent_ubolt
            or statement.earned_ubolt < before.earned_ubolt
        )
        self._require(not fell, "I-CH-1", "a bill stands below the one before")
        account.billed.append(billed)
        account.heads.add(statement.head)
        if billed.credit_signature is not None:
            account.credited = max(account.credited, statement.earned_ubolt)

    def _stored(self, account: Account, voucher: Voucher) -> None:
        said, before = voucher.counters, account.newest_stored
        self.setting.note(f"hub stores {account.channel.hex()[:6]} {said}")
        self._require(said.covers(before), "I-CH-1", f"{said} is stored after {before}")
        self._require(
            said in account.signed,
            "I-CH-5",
            f"{said} is stored, and the home's voucher key never signed it",
        )
        newest = account.billed[-1].statement if account.billed else None
        most = NOTHING if newest is None else Counters(newest.spent_ubolt, newest.earned_ubolt)
        self._require(most.covers(said), "I-CH-5", f"{said} is stored, only {most} was billed")
        account.stored.append(said)

    def _agreed(self, name: str, account: Account, statement: dict[str, object]) -> None:
        self.setting.note(f"{name} agrees to {statement['start_s']}")
        previous = bytes.fromhex(str(statement["previous_head"])[2:])
        newest = account.agreed[-1] if account.agreed else account.channel
        self._require(previous == newest, "I-CH-6", f"{name} agrees to two bills at one height")
        following = [b.statement for b in account.billed if b.statement.previous_head == previous]
        self._require(bool(following), "I-ST-1", f"{name} has a bill that the hub lost")
        if following:
            account.agreed.append(following[-1].head)
            account.agreed_counters = Counters(
                following[-1].spent_ubolt, following[-1].earned_ubolt
            )

    def _signed(self, name: str, account: Account, said: Counters) -> None:
        self.setting.note(f"{name} signs {said}")
        self._require(said.covers(account.newest_signed), "I-CH-1", f"{name} signs less again")
        self._require(
            account.agreed_counters.covers(said),
            "I-CH-6",
            f"{name} signs {said}, which it never agreed to",
        )
        account.signed.append(said)

    def _refused(self, name: str, reason: str) -> None:
        """Both sides are honest: only limits of the chain may stand between them."""
        self.setting.note(f"{name} refuses a bill: {reason}")
        lawful = ("UNPOSTED_PAST_LIMIT", "EXIT_ARMED", "SPENT_PAST_DEPOSIT", "SPENT_PAST_CAP")
        self._require(reason in lawful, "I-CH-6", f"{name} refuses an honest bill: {reason}")

    def _require(self, condition: bool, number: str, sentence: str) -> None:
        self.checks += 1
        self.setting.require(condition, number, sentence=sentence)
