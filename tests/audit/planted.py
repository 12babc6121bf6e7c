"""A real data folder, and what a thief, a fool or a broken disk may change in it."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from eth_abi.abi import decode

from gridplus.audit import Audit, DataFolder, audit
from gridplus.chain import Call, Fees
from gridplus.chain.deployment import Deployment
from gridplus.chain.embedded import EmbeddedChain, Genesis
from gridplus.chain.transaction import Terms, signed_transaction
from gridplus.clock import SystemClock
from gridplus.contracts import calls
from gridplus.contracts.abi import call_data
from gridplus.demo.founding import SENDERS
from gridplus.digest import canonical_json
from gridplus.hub.sealing import bill_leaf
from gridplus.journal import Fact, SqliteJournal, Stored
from gridplus.keystore import KeyStore, Secp256k1Key
from gridplus.ledger import Transfer, format_batch, parse_batch
from gridplus.market import operating_day_intervals
from gridplus.retailer.decision import Decision
from gridplus.retailer.facts import decided_fact
from gridplus.tariff import (
    BillDocument,
    Cause,
    Tally,
    merkle_tree,
    parse_bill,
    parse_restatement,
    parse_statement,
)
from gridplus.units import Interval
from gridplus.verify import anchor_period
from gridplus.wallet import ChannelId, bill_group_digest, vault_domain
from gridplus.wire import RightInputs

FIRST_DAY, DAY = date(2021, 3, 13), date(2021, 3, 14)
"""The second is the day of 23 hours."""
PLACE = 40
INTERVAL: Interval = operating_day_intervals(DAY)[PLACE]
CLAIM_TYPES = ["(bytes32,uint256,bytes32,bytes32)[]", "uint256", "uint256"]
CLAIM = f"claim({','.join(CLAIM_TYPES)})"
Rewrite = Callable[[Call], Call]


@dataclass
class _StoppedClock:
    now: int

    def now_s(self) -> int:
        return self.now


@dataclass
class Street:
    """`path` is as `gridplus demo` left it, but for what was planted."""

    path: Path

    @cached_property
    def deployment(self) -> Deployment:
        return Deployment.load(self.path / "deployment.json")

    def audit(self, first: date | None = DAY, last: date | None = None) -> Audit:
        with self.chain() as chain:
            return audit(DataFolder(self.path), chain=chain, first=first, last=last)

    def chain(self) -> EmbeddedChain:
        path = self.path / "chain" / "chain.sqlite"
        return EmbeddedChain(path, SystemClock(), genesis=Genesis(self.deployment.chain_id, {}))

    def key(self, role: str) -> Secp256k1Key:
        return KeyStore(self.path / "keys" / role).load(role, Secp256k1Key)

    def bill_path(self, home: str, day: date = DAY) -> Path:
        return self.path / "bills" / f"{home}-{day}.json"

    def bill(self, home: str, day: date = DAY) -> BillDocument:
        return parse_bill(self.bill_path(home, day).read_bytes())

    def hub_fact(self, home: str, interval: Interval = INTERVAL) -> Stored:
        """The fact that billed an interval."""
        channel = self.bill(home).channel
        for stored in self._facts("hub/hub.journal"):
            if stored.fact.kind == "Billed" and stored.fact.subject == channel:
                statement = json.loads(stored.fact.body)["statement"]
                if statement["start_s"] == interval.start_s:
                    return stored
        raise AssertionError(f"{home} was not billed for {interval}")

    def office_fact(self, kind: str, day: date | None = DAY) -> Stored:
        subject = b"" if day is None else day.isoformat().encode()
        facts = self._facts("retailer/retailer.journal")
        return next(s for s in facts if (s.fact.kind, s.fact.subject) == (kind, subject))

    def change_bill(
        self, home: str, change: Callable[[dict[str, Any]], None], *, interval: Interval = INTERVAL
    ) -> None:
        """Change the statement that the hub's journal holds of an interval."""

        def change_body(body: dict[str, Any]) -> None:
            change(body["statement"])

        self._rewrite("hub/hub.journal", self.hub_fact(home, interval), change_body)

    def change_office(
        self, kind: str, change: Callable[[dict[str, Any]], None], *, day: date | None = DAY
    ) -> None:
        self._rewrite("retailer/retailer.journal", self.office_fact(kind, day), change)

    def restated_fact(self, home: str) -> Stored:
        """The fact that restated FIRST_DAY."""
        channel = self.bill(home).channel
        return next(
            stored
            for stored in self._facts("hub/hub.journal")
            if (stored.fact.kind, stored.fact.subject) == ("Restated", channel)
        )

    def change_restatement(self, home: str, change: Callable[[dict[str, Any]], None]) -> None:
        self._rewrite("hub/hub.journal", self.restated_fact(home), change)

    def restate_again(self, home: str) -> None:
        """The hub journals the same restatement after the newest bill, under a seal of its own."""
        body, closing = json.loads(self.restated_fact(home).fact.body), self.bill(home).closing
        told = parse_restatement(body["restatement"], what="planted")
        after = Tally(
            closing.after.charges_abolt + max(0, told.collected_abolt),
            closing.after.credits_abolt + max(0, -told.collected_abolt),
            closing.after.month,
        )
        again = replace(told, month=closing.after.month, after=after, previous_head=closing.head)
        body["restatement"] = again.document()
        self._seal(again.channel, again.head, Fact("Restated", again.channel, canonical_json(body)))

    def decide(self, home: str, *, import_wh: int) -> None:
        """The office journals that INTERVAL should have been read otherwise."""
        inputs = (RightInputs(INTERVAL, (import_wh, 0), None),)
        decided = Decision(Cause.READ, INTERVAL.end_s, (self.bill(home).channel,), inputs)
        with SqliteJournal.open(
            self.path / "retailer/retailer.journal", now_s=lambda: INTERVAL.end_s
        ) as to:
            to.append([decided_fact(DAY, decided)])

    def bill_again(self, home: str, change: Callable[[dict[str, Any]], None]) -> None:
        """The hub journals INTERVAL once more, changed, under a seal of its own."""
        body = json.loads(self.hub_fact(home).fact.body)
        change(body["statement"])
        statement = parse_statement(body["statement"], what="planted")
        fact = Fact("Billed", statement.channel, canonical_json(body))
        self._seal(statement.channel, statement.head, fact)

    def _seal(self, channel: ChannelId, head: bytes, fact: Fact) -> None:
        root = merkle_tree([bill_leaf(channel, head)]).root
        closed_at_s = INTERVAL.end_s
        domain = vault_domain(self.deployment.chain_id, self.deployment.vault)
        digest = bill_group_digest(domain, root, count=1, closed_at_s=closed_at_s)
        seal = {
            "count": 1,
            "closed_at_s": closed_at_s,
            "signature": f"0x{self.key('hub').sign(digest).hex()}",
        }
        with SqliteJournal.open(self.path / "hub/hub.journal", now_s=lambda: closed_at_s) as to:
            to.append([fact, Fact("GroupSealed", b"", canonical_json(seal))])

    def retell_chain(self, rewrite: Rewrite) -> None:
        """The chain as it would be had the senders sent something else: every transaction again, in
        the same blocks, signed by the same keys."""
        keys = {key.address: key for key in map(self.key, SENDERS)}
        path = self.path / "chain" / "chain.sqlite"
        old_path = path.rename(path.with_suffix(".told"))
        clock = _StoppedClock(0)
        with EmbeddedChain(old_path, SystemClock(), genesis=self._genesis({})) as old:
            clock.now = old.block(0).timestamp_s
            funded = {address: old.balance(address, block=0) for address in keys}
            with EmbeddedChain(path, clock, genesis=self._genesis(funded)) as new:
                for number in range(1, old.head().number + 1):
                    clock.now = old.block(number).timestamp_s
                    header = old._history.header(number)
                    for told in old._history.transactions(header):
                        call = Call(told.to or None, told.data, told.value, told.gas)
                        fees = Fees(0, told.max_priority_fee_per_gas)
                        terms = Terms(
                            self.deployment.chain_id,
                            told.nonce,
                            told.gas,
                            fees,
                            most_wei=told.max_fee_per_gas,
                        )
                        raw = signed_transaction(keys[told.sender], rewrite(call), terms=terms)
                        new.send([raw])

    def with_root(self, root: bytes, spent: int, earned: int) -> Rewrite:
        """Anchor another root for the bills of DAY."""
        wanted = calls.anchor(anchor_period(DAY), calls.ANCHOR_BILLS, root=bytes(32))[:68]

        def rewrite(call: Call) -> Call:
            if call.data[:68] != wanted:
                return call
            data = calls.anchor(
                anchor_period(DAY), calls.ANCHOR_BILLS, root=root, spent=spent, earned=earned
            )
            return Call(call.to, data, call.value_wei, call.gas)

        return rewrite

    def without_claim_of(self, home: str) -> Rewrite:
        """Leave one home's voucher out of every claim."""
        cfg = self.bill(home).identity.cfg
        selector = call_data(CLAIM, [], 0, 0)[:4]

        def rewrite(call: Call) -> Call:
            if call.data[:4] != selector:
                return call
            items, fund, seq = decode(CLAIM_TYPES, call.data[4:])
            kept = [item for item in items if item[0] != cfg]
            assert len(kept) == len(items) - 1
            return Call(call.to, call_data(CLAIM, kept, fund, seq), call.value_wei, call.gas)

        return rewrite

    def _genesis(self, funded: Any) -> Genesis:
        return Genesis(self.deployment.chain_id, funded)

    def _facts(self, name: str) -> Iterator[Stored]:
        with SqliteJournal.open(self.path / name, now_s=SystemClock().now_s) as journal:
            yield from journal.replay()

    def change_batch(self, change: Callable[[list[Transfer]], None]) -> None:
        """Change the transfers that the office posted for DAY."""
        stored = self.office_fact("BatchPosted")
        batch = list(parse_batch(stored.fact.body, what="the batch"))
        change(batch)
        self._replace("retailer/retailer.journal", stored, format_batch(batch))

    def _rewrite(self, name: str, stored: Stored, change: Callable[[dict[str, Any]], None]) -> None:
        document = json.loads(stored.fact.body)
        change(document)
        self._replace(name, stored, canonical_json(document))

    def _replace(self, name: str, stored: Stored, body: bytes) -> None:
        """What no service can do: change a fact in place, check sum and all."""
        fact = Fact(stored.fact.kind, stored.fact.subject, body)
        forged = Stored(stored.sequence, stored.recorded_at_s, fact)
        with closing(sqlite3.connect(self.path / name)) as file:
            file.execute("DROP TRIGGER facts_never_change")
            file.execute(
                "UPDATE facts SET body = ?, crc32 = ? WHERE sequence = ?",
                (fact.body, forged.crc32(), stored.sequence),
            )
            file.commit()
