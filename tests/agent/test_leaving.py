"""A leaving home posts what the hub owes it; a home that stays lends no more than is payable."""

from dataclasses import replace
from pathlib import Path

import pytest

from gridplus.agent import BillRefused, open_outbox
from gridplus.chain import Sender
from gridplus.chain.views import ask, payable_credit
from gridplus.channel import ChainSeen
from gridplus.contracts import calls
from tests.agent.box import Box, agent_box
from tests.hub.town import START_S, Town


def give_fee_payer(box: Box, town: Town) -> None:
    """The relayer's key stands for one with a little ether in the box."""
    ground = box.agent._ground
    ground.payer = Sender(town.keys["relayer"], town.chain, outbox=open_outbox(box.journal))


async def test_the_credit_of_a_leaving_home_is_posted_once(town: Town, tmp_path: Path) -> None:
    async with agent_box(town, tmp_path) as box:
        await box.live(0, 3_000)
        credit = box.agent.memory.payer.credit
        assert credit is not None
        give_fee_payer(box, town)
        await box.agent.see_chain(now_s=START_S)
        assert town.word(box.house).earned == 0
        town.start_exit(box.house)
        await box.agent.see_chain(now_s=START_S)
        assert box.agent.credit_fault is None
        assert town.word(box.house).earned == credit.earned
        assert box.agent.memory.payer.view.word.earned == credit.earned
        sent = town.chain.nonce(town.keys["relayer"].address)
        await box.restart()
        give_fee_payer(box, town)
        await box.agent.see_chain(now_s=START_S)
        assert town.chain.nonce(town.keys["relayer"].address) == sent


async def test_a_leaving_home_without_a_fee_payer_says_what_is_due(
    town: Town, tmp_path: Path
) -> None:
    async with agent_box(town, tmp_path) as box:
        await box.live(0, 3_000)
        town.start_exit(box.house)
        await box.agent.see_chain(now_s=START_S)
        assert "give the box a fee payer" in (box.agent.credit_fault or "")
        assert town.word(box.house).earned == 0
        give_fee_payer(box, town)
        await box.agent.see_chain(now_s=START_S)
        assert box.agent.credit_fault is None
        assert town.word(box.house).earned > 0


async def test_a_home_lets_no_more_stand_unposted_than_the_chain_would_pay(
    town: Town, tmp_path: Path
) -> None:
    async with agent_box(town, tmp_path) as box:
        await box.agent.see_chain(now_s=START_S)
        payer = box.agent.memory.payer
        pool = ask(town.chain, town.deployment.vault, view=calls.pool())
        final = town.chain.finalized().number
        payable = payable_credit(town.chain, town.deployment, block=final)
        assert payer.seen.payable_ubolt == payable
        assert 0 < payable <= pool // 15
        assert payer.lendable_ubolt == min(payer.unposted_limit_ubolt, payable)
        drained: ChainSeen = replace(payer.seen, payable_ubolt=1_000)
        box.agent.memory.see(drained, now_s=START_S)
        with pytest.raises(BillRefused, match="more credit that is not on chain than we let stand"):
            await box.live(0, 3_000)
        box.agent.memory.see(replace(drained, payable_ubolt=10**6), now_s=START_S)
        assert await box.retry() is not None
