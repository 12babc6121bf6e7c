"""Who claims: one at a time, with the one key, nonce and `seq` that a vault's hub has."""

import asyncio

from gridplus.chain import Standing
from gridplus.clock import Clock
from gridplus.contracts.calls import MAX_CLAIM_ITEMS
from gridplus.hub.claim_policy import ClaimDue, ClaimPolicy
from gridplus.hub.facts import claim_fact
from gridplus.hub.owing import Payees, Which
from gridplus.hub.vault import ClaimLink, MinedClaim
from gridplus.journal import Journal
from gridplus.wire import Promises


class Claimer:
    """Redeems what `payees` hold. What it has sent is in `journal`."""

    def __init__(self, payees: Payees, vault: ClaimLink, *, journal: Journal, clock: Clock) -> None:
        self._payees = payees
        self._vault = vault
        self._journal = journal
        self._clock = clock
        self._turn = asyncio.Lock()

    @property
    def standing(self) -> Standing:
        """How the claims stand on chain."""
        return self._vault.sender.standing

    async def claim(self) -> MinedClaim | None:
        """Redeem the durable vouchers that the chain has not paid yet, in as many transactions as
        those of now take; the last one. What the chain would not pay whole comes last."""
        waiting, mined = await self._claim(Which.ALL)
        for _ in range(MAX_CLAIM_ITEMS, waiting, MAX_CLAIM_ITEMS):
            mined = (await self._claim(Which.ALL))[1] or mined
        return mined

    async def claim_leaving(self) -> MinedClaim | None:
        """Redeem what homes that are leaving have signed, inside the window of their exit. One
        whose voucher was claimed as far as the chain allowed waits until something has moved."""
        if not await self._is_any(Which.LEAVING):
            return None
        return (await self._claim(Which.LEAVING))[1]

    async def claim_due(self, policy: ClaimPolicy) -> ClaimDue | None:
        """Redeem what should not wait for the day's end; why it was done, if it was.

        Each claim uses up whole days of a home's cap: of homes that could not go on buying today
        it is left for the day's end. What was claimed as far as the chain allowed waits until
        something has moved.
        """
        due = policy.why_now(await self._payees.standing(), now_s=self._clock.now_s())
        if due is None or not await self._is_any(Which.SPARING):
            return None
        await self._claim(Which.SPARING)
        return due

    async def export(self) -> Promises:
        """What a watchtower needs to act when this hub is gone: of every home what the chain has
        not paid or credited yet, and claims signed ahead. The next claim makes a newer one due."""
        async with self._turn:
            await self._payees.follow_chain()
            promised, vault = await self._payees.promised(), self._vault
            claims = await asyncio.to_thread(vault.claim_ahead, promised.vouchers)
            return Promises(
                vault.domain,
                vault.sender.address,
                self._clock.now_s(),
                promised.vouchers,
                promised.credits,
                claims,
            )

    async def _is_any(self, which: Which) -> bool:
        return (await self._payees.owed(which, most=0)).count > 0

    async def _claim(self, which: Which) -> tuple[int, MinedClaim | None]:
        """How many were owed, and what became of as many as one transaction takes."""
        async with self._turn:
            await asyncio.to_thread(self._vault.finish)
            await self._payees.follow_chain()
            due = await self._payees.owed(which, most=MAX_CLAIM_ITEMS)
            if not due.first:
                return 0, None
            vouchers = [owed.voucher for owed in due.first]
            mined = await asyncio.to_thread(self._vault.claim, vouchers)
            fact = claim_fact(
                mined.transaction, homes=mined.homes, gas_used=mined.gas_used, block=mined.block
            )
            await asyncio.to_thread(self._journal.append, [fact])
            await self._payees.follow_chain()
            await self._payees.tried(due.first[: mined.homes])
            return due.count, mined
