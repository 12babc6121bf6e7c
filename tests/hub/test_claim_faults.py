"""A claim of several homes happens once: three blocks reorganised, the node restarted in mid-claim.

Everything is real: contracts, funded channels, a hub with its journal, a node that changes its mind
or dies. Afterwards counters, pool and token are what the homes signed, to the µBOLT.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from gridplus.chain import Call, RpcChain, Unsettled
from gridplus.chain.transaction import Terms, signed_transaction
from gridplus.channel import Phase, Voucher
from gridplus.clock import set_clock
from gridplus.contracts import calls
from gridplus.contracts.logs import VouchersPosted, parse_log
from gridplus.demo.founding import make_role_keys
from gridplus.demo.processes import ServiceProcess
from gridplus.failures import RemoteError
from gridplus.hub.facts import open_outbox
from tests.chain.places import Anvil
from tests.hub.signed import CONFIRMATIONS, DAY_S, logs_of, move_in, node_with, sign
from tests.hub.town import (
    SEED,
    START_S,
    Life,
    Town,
    durable_parts,
    found_town,
    living_hub,
    replayed,
    serve_chain,
)


async def submit_claim(life: Life) -> bytes:
    """The hub's claim, sent and not waited for: its bytes."""
    with pytest.raises(Unsettled, match="ask again"):
        await life.claimer.claim()
    (order,) = open_outbox(life.journal).unsettled()
    return order.attempts[-1].raw


async def claim_until_final(town: Town, node: Anvil, journal: Path) -> None:
    """A later life of the hub asks again and again; once it is final it has nothing to claim."""
    async with living_hub(town, journal) as life:
        for _ in range(2 * CONFIRMATIONS):
            try:
                assert await life.claimer.claim() is None
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
                await life.claimer.claim()
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
                await life.claimer.claim()
    service = serve_chain(tmp_path, keys)
    try:
        with RpcChain(service.url) as chain:
            town = replace(town, chain=chain)
            async with living_hub(town, journal) as life:
                assert await life.claimer.claim() is None
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
            assert await life.claimer.claim() is None
        for house, voucher in zip(houses, signed.vouchers, strict=True):
            assert town.word(house).spent == voucher.spent
