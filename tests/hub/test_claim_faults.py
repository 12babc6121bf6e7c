"""A claim of several homes happens once: three blocks reorganised, the node restarted in mid-claim.

Everything is real: contracts, funded channels, a hub with its journal, a node that changes its mind
or dies. Afterwards counters, pool and token are what the homes signed, to the µBOLT.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from gridplus.chain import Call, Log, RpcChain, Unsettled
from gridplus.chain.follower import Watch
from gridplus.chain.transaction import Terms, signed_transaction
from gridplus.chain.views import ask
from gridplus.channel import Counters, Phase, Voucher
from gridplus.clock import set_clock
from gridplus.contracts import calls
from gridplus.contracts.logs import Claimed, VouchersPosted, parse_log
from gridplus.demo.founding import SENDERS, make_role_keys
from gridplus.demo.processes import ServiceProcess
from gridplus.failures import RemoteError
from gridplus.hub.facts import open_outbox
from gridplus.keystore import Secp256k1Key
from tests.chain.places import Anvil, anvil, anvil_binary
from tests.chain.reader import Reader
from tests.hub.town import (
    SEED,
    START_S,
    House,
    Life,
    Town,
    durable_parts,
    found_town,
    living_hub,
    replayed,
    serve_chain,
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


async def submit_claim(life: Life) -> bytes:
    """The hub's claim, sent and not waited for: its bytes."""
    with pytest.raises(Unsettled, match="ask again"):
        await life.hub.claim()
    (order,) = open_outbox(life.journal).unsettled()
    return order.attempts[-1].raw


async def claim_until_final(town: Town, node: Anvil, journal: Path) -> None:
    """A later life of the hub asks again and again; once it is final it has nothing to claim."""
    async with living_hub(town, journal) as life:
        for _ in range(2 * CONFIRMATIONS):
            try:
                assert await life.hub.claim() is None
                break
            except Unsettled:
                node.mine()
        else:
            pytest.fail("the claim is never final")
        assert open_outbox(life.journal).unsettled() == []
        assert all(home.payee.phase is Phase.CLAIMED for home in life.book.homes.values())


def post_by_anyone(town: Town, voucher: Voucher) -> bytes:
    """A stranger's transaction that redeems a voucher for the hub, signed and not sent."""
    item = calls.ClaimItem(voucher.cfg, voucher.spent, voucher.earned, voucher.signature)
    stranger, fees = town.keys["relayer"], town.chain.fees()
    nonce = town.chain.nonce(stranger.address)
    call = Call(town.deployment.vault, calls.post_vouchers([item]))
    terms = Terms(town.chain.chain_id, nonce, gas=300_000, fees=fees)
    return signed_transaction(stranger, call, terms=terms)


@pytest.mark.parametrize("again", ["nothing", "claim", "post", "post and claim", "claim and post"])
async def test_a_claim_survives_a_reorganisation_of_three_blocks(
    tmp_path: Path, again: str
) -> None:
    """`again`: what the new blocks hold of the hub's claim and of a stranger's competing post."""
    keys = make_role_keys(tmp_path / "keys", SEED)
    with node_with(keys) as node:
        town = found_town(tmp_path, node.chain, keys, url=node.url, patience_s=0)
        houses = move_in(town, node)
        async with living_hub(town, tmp_path / "hub.journal") as life:
            signed = await sign(town, life, houses)
            claim = await submit_claim(life)
            node.mine(3)
            assert [town.word(house).spent for house in houses] == [
                voucher.spent for voucher in signed.vouchers
            ]
            signed.reader.step(town.chain)
            post = post_by_anyone(town, signed.vouchers[0])
            mined = {
                "nothing": [],
                "claim": [(claim, 2)],
                "post": [(post, 1)],
                "post and claim": [(post, 0), (claim, 1)],
                "claim and post": [(claim, 0), (post, 2)],
            }
            node.reorganise(3, *mined[again])
            assert len(signed.reader.step(town.chain).undone) == 1
            if "claim" not in again:
                posted = 2_000_000 if again == "post" else 0
                assert [town.word(house).spent for house in houses] == [posted, 0, 0]
        await claim_until_final(town, node, tmp_path / "hub.journal")
        signed.require_claimed_once(town)
        posts = [
            isinstance(parse_log(log.topics, log.data), VouchersPosted) for log in logs_of(town)
        ]
        assert sum(posts) == again.startswith("post")


@pytest.mark.parametrize("mined", [False, True], ids=["before it is mined", "after it is mined"])
async def test_a_claim_survives_a_restart_of_the_node(tmp_path: Path, mined: bool) -> None:
    """What the node had not mined it has forgotten; what it had mined it knows."""
    state = ("--state", str(tmp_path / "state.json"), "--preserve-historical-states")
    journal = tmp_path / "hub.journal"
    keys = make_role_keys(tmp_path / "keys", SEED)
    with node_with(keys, *state) as node:
        town = found_town(tmp_path, node.chain, keys, url=node.url, patience_s=0)
        houses = move_in(town, node)
        async with living_hub(town, journal) as life:
            signed = await sign(town, life, houses)
            await submit_claim(life)
            if mined:
                node.mine()
            node.stop()
            with pytest.raises(RemoteError, match="cannot be asked"):
                await life.hub.claim()
            live = durable_parts(life.book)
    assert live == durable_parts(replayed(town.hub_key.address, journal))
    with node_with(keys, *state, "--no-mining") as node:
        node.ask("evm_setNextBlockTimestamp", node.chain.head().timestamp_s + 1)
        town = replace(town, chain=node.chain)
        assert (town.word(houses[0]).spent > 0) == mined
        await claim_until_final(town, node, journal)
        signed.require_claimed_once(town)


class DyingNode:
    """Our own node, whose process ends when it has taken a transaction, before it can say so."""

    def __init__(self, chain: RpcChain, service: ServiceProcess) -> None:
        self._chain, self._service = chain, service

    def __getattr__(self, name: str) -> object:
        return getattr(self._chain, name)

    def send(self, raw_transactions: Sequence[bytes]) -> tuple[bytes, ...]:
        self._chain.send(raw_transactions)
        self._service.kill()
        raise RemoteError("the node is gone")


async def test_our_own_node_killed_between_a_claim_and_its_receipt_has_it_once(
    tmp_path: Path,
) -> None:
    keys, journal = make_role_keys(tmp_path / "keys", SEED), tmp_path / "hub.journal"
    set_clock(tmp_path / "clock", START_S)
    service = serve_chain(tmp_path, keys)
    with RpcChain(service.url) as chain:
        town = found_town(tmp_path, chain, keys, url=service.url)
        houses = town.move_in(3, deposit_bolt=9, cap_bolt=2)
        set_clock(tmp_path / "clock", START_S + DAY_S)
        town.founder.mint(town.deployment, [(town.hub_key.address, 1)])
        dying: RpcChain = DyingNode(chain, service)  # type: ignore[assignment]
        async with living_hub(replace(town, chain=dying), journal) as life:
            signed = await sign(town, life, houses)
            with pytest.raises(RemoteError, match="the node is gone"):
                await life.hub.claim()
    service = serve_chain(tmp_path, keys)
    try:
        with RpcChain(service.url) as chain:
            town = replace(town, chain=chain)
            async with living_hub(town, journal) as life:
                assert await life.hub.claim() is None
                assert open_outbox(life.journal).unsettled() == []
            signed.require_claimed_once(town)
    finally:
        service.stop()


async def test_a_claim_above_the_blocks_gas_takes_as_many_as_fit_and_the_rest_later(
    tmp_path: Path,
) -> None:
    keys = make_role_keys(tmp_path / "keys", SEED)
    with node_with(keys) as node:
        town = found_town(tmp_path, node.chain, keys, url=node.url, patience_s=0)
        houses = move_in(town, node)
        async with living_hub(town, tmp_path / "hub.journal") as life:
            signed = await sign(town, life, houses)
            node.ask("evm_setBlockGasLimit", hex(54_000))
            node.mine()
            await submit_claim(life)
            node.mine(CONFIRMATIONS + 1)
            assert sum(town.word(house).spent > 0 for house in houses) == 1
            node.ask("evm_setBlockGasLimit", hex(30_000_000))
            node.mine()
            await submit_claim(life)
            node.mine(CONFIRMATIONS + 1)
            assert await life.hub.claim() is None
        for house, voucher in zip(houses, signed.vouchers, strict=True):
            assert town.word(house).spent == voucher.spent
