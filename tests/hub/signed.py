"""Homes that have signed, a node that tests move, and what the vault must hold afterwards."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from gridplus.chain import Log
from gridplus.chain.follower import Watch
from gridplus.chain.views import ask
from gridplus.channel import Counters, Voucher
from gridplus.contracts import calls
from gridplus.contracts.logs import Claimed, parse_log
from gridplus.demo.founding import SENDERS
from gridplus.keystore import Secp256k1Key
from tests.chain.places import Anvil, anvil, anvil_binary
from tests.chain.reader import Reader
from tests.hub.town import (
    START_S,
    House,
    Life,
    Town,
)

CONFIRMATIONS = 4
ETHER_WEI = 10**18
DAY_S = 86_400
Keys = dict[str, Secp256k1Key]


@contextmanager
def node_with(keys: Keys, *options: str) -> Iterator[Anvil]:
    """A node that begins on the day of the tests; with `--state` it goes on where it was."""
    binary = anvil_binary()
    if binary is None:
        pytest.skip("GRIDPLUS_ANVIL names no anvil binary")
    with anvil(
        binary, keys["hub"], "--timestamp", str(START_S), *options, confirmations=CONFIRMATIONS
    ) as node:
        node.ask("anvil_setBlockTimestampInterval", 1)
        for role in SENDERS:
            node.ask("anvil_setBalance", f"0x{keys[role].address.hex()}", hex(1_000 * ETHER_WEI))
        yield node


@dataclass
class Signed:
    """What the homes have signed, what the vault held before the claim, who follows its logs."""

    houses: list[House]
    vouchers: list[Voucher]
    before: tuple[int, int]
    reader: Reader

    def require_claimed_once(self, town: Town) -> None:
        """Counters, pool and token are as signed, and each log of the vault came once."""
        for house, voucher in zip(self.houses, self.vouchers, strict=True):
            word = town.word(house)
            assert Counters(word.spent, word.earned) == voucher.counters
        pool, held = holdings(town)
        moved = sum(voucher.spent - voucher.earned for voucher in self.vouchers)
        assert (pool, held) == (self.before[0] + moved, self.before[1])
        assert held == pool + sum(town.word(house).headroom for house in self.houses)
        self.reader.step(town.chain)
        final = logs_of(town)
        assert set(self.reader.held) == {(log.block_hash, log.index) for log in final}
        events = [parse_log(log.topics, log.data) for log in final]
        assert [event.seq for event in events if isinstance(event, Claimed)] == [0]


def holdings(town: Town) -> tuple[int, int]:
    """The pool, and all BOLT in the vault."""
    vault, bolt = town.deployment.vault, town.deployment.bolt
    held = ask(town.chain, bolt, view=calls.balance_of(vault))
    return ask(town.chain, vault, view=calls.pool()), held


def logs_of(town: Town) -> tuple[Log, ...]:
    head = town.chain.head().number
    return town.chain.logs(town.deployment.vault, [], from_block=0, to_block=head)


async def sign(town: Town, life: Life, houses: list[House]) -> Signed:
    """Each home, with a cap of 2 BOLT a day, signs a little more; one of them has sold, too."""
    await life.open(houses)
    vouchers = []
    for house, sold_wh in zip(houses, (0, 9_000, 0), strict=True):
        record = await life.bill(house, 0, sold_wh)
        while record.statement.spent_ubolt < 2_200_000:
            record = await life.bill(house, 9_000)
        await life.pay(house, record)
        vouchers.append(house.voucher_for(record))
    assert any(voucher.earned for voucher in vouchers)
    reader = Reader((Watch(town.deployment.vault),))
    reader.step(town.chain)
    return Signed(houses, vouchers, holdings(town), reader)


def move_in(town: Town, node: Anvil) -> list[House]:
    """Deposits that are final the day after, when two caps may be moved."""
    houses = town.move_in(3, deposit_bolt=9, cap_bolt=2)
    node.ask("evm_setNextBlockTimestamp", START_S + DAY_S)
    node.mine(CONFIRMATIONS + 1)
    node.ask("evm_setAutomine", False)
    return houses
