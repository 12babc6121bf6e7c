"""The hub's view of its vault: what a channel's word says, and the one transaction it sends."""

from collections.abc import Sequence
from dataclasses import dataclass

from gridplus.chain import Account, Call, Chain, ChainError
from gridplus.chain.deployment import Deployment
from gridplus.chain.views import ask, see_channels
from gridplus.channel import ChainSeen, Voucher
from gridplus.contracts import calls
from gridplus.contracts.word import DAY_S
from gridplus.failures import InputError
from gridplus.tariff import ChannelIdentity
from gridplus.wallet import ChannelId, Domain, vault_domain


@dataclass(frozen=True, slots=True)
class MinedClaim:
    """What became of a claim."""

    transaction: bytes
    homes: int
    gas_used: int
    block: int


@dataclass(frozen=True, slots=True)
class VaultLink:
    """Blocking: call from a thread. `account` holds the hub's hot key."""

    chain: Chain
    deployment: Deployment
    account: Account

    @property
    def domain(self) -> Domain:
        return vault_domain(self.deployment.chain_id, self.deployment.vault)

    def require_ours(self) -> None:
        """Raises InputError unless the contracts are there and name this hub's key."""
        self.deployment.require_on(self.chain)
        named = ask(self.chain, self.deployment.vault, view=calls.hub())
        if named != self.account.address:
            raise InputError(
                f"the vault names the hub 0x{named.hex()}, "
                f"this key store holds 0x{self.account.address.hex()}"
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
        """The newest block's hash and the UTC day of a claim sent now: while both stay, so does
        what `see` shows of a channel."""
        head = self.chain.head()
        return head.hash, max(now_s, head.timestamp_s) // DAY_S

    def see(self, channels: Sequence[ChannelId], *, now_s: int) -> dict[ChannelId, ChainSeen]:
        """The word of each channel at the newest block."""
        return see_channels(self.chain, self.deployment, channels=channels, now_s=now_s)

    def claim(self, vouchers: Sequence[Voucher]) -> MinedClaim:
        """Redeem at most 200 vouchers in one transaction. Raises ChainError when it fails."""
        seq = ask(self.chain, self.deployment.vault, view=calls.next_seq())
        items = [calls.ClaimItem(v.cfg, v.spent, v.earned, v.signature) for v in vouchers]
        data = calls.claim(items, fund=0, seq=seq)
        receipt = self.account.transact(Call(self.deployment.vault, data))
        if not receipt.succeeded:
            raise ChainError("the vault refused the claim")
        return MinedClaim(
            receipt.transaction_hash, len(vouchers), receipt.gas_used, receipt.block_number
        )
