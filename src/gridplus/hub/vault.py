"""The hub's view of its vault: what a channel's word says, and the one transaction that is sent."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gridplus.chain import Call, Chain, Sender, TooMuchGas
from gridplus.chain import Log as RawLog
from gridplus.chain.deployment import Deployment
from gridplus.chain.follower import Cursor, Mark, Watch, follow
from gridplus.chain.views import ask, payable_credit, see_channels
from gridplus.channel import ChainSeen, Voucher
from gridplus.contracts import calls
from gridplus.contracts.calls import MAX_CLAIM_ITEMS
from gridplus.contracts.logs import Log, parse_log
from gridplus.contracts.word import DAY_S
from gridplus.failures import InputError
from gridplus.tariff import ChannelIdentity
from gridplus.wallet import Address, ChannelId, Domain, anchor_domain, vault_domain
from gridplus.wire import SignedClaim

_GAS_OF_A_CLAIM, _GAS_OF_A_HOME = 80_000, 30_000
"""More than a claim takes in any state of the chain: nothing is estimated for one signed ahead."""


@dataclass(frozen=True, slots=True)
class MinedClaim:
    """What became of a claim."""

    transaction: bytes
    homes: int
    gas_used: int
    block: int


@dataclass(frozen=True, slots=True)
class Sight:
    """What the vault logged, all of it final, and how far its logs are read with that."""

    events: tuple[Log, ...]
    cursor: Cursor


@dataclass(frozen=True, slots=True)
class VaultLink:
    """Blocking: call from a thread."""

    chain: Chain
    deployment: Deployment

    @property
    def domain(self) -> Domain:
        return vault_domain(self.deployment.chain_id, self.deployment.vault)

    @property
    def anchor_domain(self) -> Domain:
        """Where the publisher signs what it asks of homes."""
        return anchor_domain(self.deployment.chain_id, self.deployment.anchor)

    def require_ours(self, hub: Address) -> None:
        """Raises InputError unless the contracts are there and name this hub's key."""
        self.deployment.require_on(self.chain)
        named = ask(self.chain, self.deployment.vault, view=calls.hub())
        if named != hub:
            raise InputError(
                f"the vault names the hub 0x{named.hex()}, this key store holds 0x{hub.hex()}"
            )

    def holds(self, identity: ChannelIdentity) -> bool:
        """Whether a channel says that it lives in this vault."""
        here = self.deployment
        return (identity.chain_id, identity.vault, identity.anchor) == (
            here.chain_id,
            here.vault,
            here.anchor,
        )

    def moment(self, *, now_s: int) -> tuple[bytes, int]:
        """The newest final block's hash and the UTC day of a claim sent now: while both stay, so
        does what `see` shows of a channel."""
        final = self.chain.finalized()
        return final.hash, max(now_s, final.timestamp_s) // DAY_S

    def chain_s(self) -> int:
        """What the chain's clock shows in the newest final block."""
        return self.chain.finalized().timestamp_s

    def look(self, cursor: Cursor | None) -> Sight:
        """The vault's logs since `cursor` up to the newest final block; without one they begin
        behind that block. Raises Forked when the chain is another than the cursor's."""
        if cursor is None:
            final = self.chain.finalized()
            mark = Mark(final.number, final.hash)
            return Sight((), Cursor(final.number + 1, final.number, (mark,)))
        logs, more = list[RawLog](), True
        while more:
            watches = [Watch(self.deployment.vault)]
            step = follow(self.chain, watches, cursor=cursor, final_only=True)
            logs, cursor, more = [*logs, *step.logs], step.cursor, step.more
        events = (parse_log(log.topics, log.data) for log in logs)
        return Sight(tuple(event for event in events if event is not None), cursor)

    def see(self, channels: Sequence[ChannelId], *, now_s: int) -> dict[ChannelId, ChainSeen]:
        """The word of each channel at the newest final block: a deposit counts when it is final."""
        return see_channels(self.chain, self.deployment, channels=channels, now_s=now_s)

    def payable_credit(self) -> int:
        """What the vault would pay of credits at the newest final block (µBOLT)."""
        final = self.chain.finalized().number
        return payable_credit(self.chain, self.deployment, block=final)


@dataclass(frozen=True, slots=True)
class ClaimLink:
    """Blocking: call from a thread. `sender` holds the hub's hot key, and nobody else sends."""

    vault: VaultLink
    sender: Sender

    @property
    def domain(self) -> Domain:
        return self.vault.domain

    def finish(self) -> None:
        """Wait for a claim that an earlier life sent, or that was not final in time."""
        self.sender.finish()

    def claim(self, vouchers: Sequence[Voucher]) -> MinedClaim:
        """Redeem the first of at most 200 vouchers in one transaction, which is final then: all,
        or as many as a block holds.

        Raises as `Sender.transact`; when that is Unsettled, `finish` before the next claim.
        """
        try:
            return self._claim(vouchers)
        except TooMuchGas:
            if len(vouchers) == 1:
                raise
            return self.claim(vouchers[: len(vouchers) // 2])

    def claim_ahead(self, vouchers: Sequence[Voucher]) -> tuple[SignedClaim, ...]:
        """Claims of all `vouchers`, signed and not sent, for whoever acts when this hub is gone.
        They are good as long as the hub sends nothing else."""
        first = self._next_seq()
        batches = [
            vouchers[at : at + MAX_CLAIM_ITEMS] for at in range(0, len(vouchers), MAX_CLAIM_ITEMS)
        ]
        made = [
            replace(
                self._claim_call(batch, seq=seq), gas=_GAS_OF_A_CLAIM + len(batch) * _GAS_OF_A_HOME
            )
            for seq, batch in enumerate(batches, first)
        ]
        signed = self.sender.sign_ahead(made)
        return tuple(SignedClaim(nonce, seq, raw) for seq, (nonce, raw) in enumerate(signed, first))

    def _claim_call(self, vouchers: Sequence[Voucher], *, seq: int) -> Call:
        items = [calls.ClaimItem(v.cfg, v.spent, v.earned, v.signature) for v in vouchers]
        return Call(self.vault.deployment.vault, calls.claim(items, fund=0, seq=seq))

    def _claim(self, vouchers: Sequence[Voucher]) -> MinedClaim:
        seq = self._next_seq()
        call = self._claim_call(vouchers, seq=seq)
        receipt = self.sender.transact(self.sender.fresh_name("claim"), call)
        return MinedClaim(
            receipt.transaction_hash, len(vouchers), receipt.gas_used, receipt.block_number
        )

    def _next_seq(self) -> int:
        return ask(self.vault.chain, self.vault.deployment.vault, view=calls.next_seq())
