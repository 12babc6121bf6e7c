"""The back office and the chain: it anchors with the publisher's key, and reads what has moved."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from gridplus.chain import Call, Chain, Log, Reverted, Sender
from gridplus.chain.deployment import Deployment
from gridplus.chain.follower import Cursor, Step, Watch, follow
from gridplus.chain.views import ask
from gridplus.contracts import calls
from gridplus.contracts.calls import AnchorEntry
from gridplus.contracts.logs import Anchored, Claimed, Deposited, PoolFunded, Rotated, parse_log
from gridplus.contracts.logs import Log as Event
from gridplus.contracts.word import ChannelWord
from gridplus.failures import InputError, RemoteError
from gridplus.retailer.errors import AnchorConflictError
from gridplus.retailer.gas import PaidTransaction, TransactionKind
from gridplus.verify.truth import anchor_period
from gridplus.wallet import ChannelId

_NOTHING = bytes(32)


@dataclass(frozen=True, slots=True)
class VaultEvent:
    """What the vault logged, and 36 bytes that name the log for good."""

    event: Event
    source: bytes


@dataclass(frozen=True, slots=True)
class Followed:
    """What happened up to and with `block`: the vault's events in order, the transactions that the
    retailer pays for, and how every channel and the pool stand then."""

    block: int
    events: tuple[VaultEvent, ...]
    transactions: tuple[PaidTransaction, ...]
    words: dict[ChannelId, ChannelWord]
    pool_ubolt: int


@dataclass(frozen=True, slots=True)
class ChainLink:
    """Blocking: call from a thread, one at a time. `sender` holds the publisher's key."""

    chain: Chain
    deployment: Deployment
    sender: Sender

    def require_ours(self) -> None:
        """Raises InputError unless the contracts are there and this key is the publisher's."""
        self.deployment.require_on(self.chain)
        if self.deployment.publisher != self.sender.address:
            raise InputError(
                f"the deployment names the publisher 0x{self.deployment.publisher.hex()}, "
                f"this key store holds 0x{self.sender.address.hex()}"
            )

    def anchor_once(self, day: date, kind: int, *, entry: AnchorEntry) -> None:
        """Return when `entry` is what stands anchored for `day`, for good; it may be already.

        Raises AnchorConflictError when something else is; otherwise as `Sender.transact`.
        """
        self.sender.finish()
        if self._holds(day, kind, entry=entry):
            return
        period = anchor_period(day)
        data = calls.anchor(
            period, kind, root=entry.root, spent=entry.spent_ubolt, earned=entry.earned_ubolt
        )
        try:
            name = self.sender.fresh_name(f"anchor/{period}/{kind}")
            self.sender.transact(name, Call(self.deployment.anchor, data))
        except Reverted:
            # Another process with the publisher's key may have anchored it meanwhile.
            if not self._holds(day, kind, entry=entry):
                raise

    def follow(self, from_block: int, *, known: Iterable[ChannelId]) -> Followed:
        """Everything since `from_block` that is final. `known` are the channels that had been
        opened before."""
        block, logs = from_block - 1, list[Log]()
        for step in self._steps(from_block):
            block, logs = step.cursor.next_block - 1, [*logs, *step.logs]
        return _followed(self.chain, self.deployment, block=block, logs=logs, known=known)

    def _steps(self, from_block: int) -> Iterator[Step]:
        """Only final blocks, so that nothing is ever undone and a block's number is a cursor."""
        watches = _watches(self.deployment)
        step = follow(self.chain, watches, cursor=Cursor(from_block), final_only=True)
        yield step
        while step.more:
            step = follow(self.chain, watches, cursor=step.cursor, final_only=True)
            yield step

    def _holds(self, day: date, kind: int, *, entry: AnchorEntry) -> bool:
        """Whether `entry` is anchored already. Raises AnchorConflictError for another."""
        question = calls.anchored(self.sender.address, anchor_period(day), kind=kind)
        final = self.chain.finalized().number
        found = ask(self.chain, self.deployment.anchor, view=question, block=final)
        if found.root == _NOTHING:
            return False
        if found != entry:
            raise AnchorConflictError(
                f"0x{found.root.hex()} is anchored for {day} as kind {kind}, with sums "
                f"{found.spent_ubolt} and {found.earned_ubolt} µBOLT; now it would be "
                f"0x{entry.root.hex()}, {entry.spent_ubolt} and {entry.earned_ubolt}"
            )
        return True


def read_vault(
    chain: Chain,
    deployment: Deployment,
    *,
    from_block: int,
    to_block: int,
    known: Iterable[ChannelId],
) -> Followed:
    """What `ChainLink.follow` told when it read blocks `from_block`..`to_block`: all are final."""
    found = [
        log
        for watch in _watches(deployment)
        for log in chain.logs(
            watch.contract, watch.topics, from_block=from_block, to_block=to_block
        )
    ]
    logs = sorted(found, key=lambda log: (log.block_number, log.index))
    return _followed(chain, deployment, block=to_block, logs=logs, known=known)


def _watches(deployment: Deployment) -> tuple[Watch, Watch]:
    publisher = bytes(12) + deployment.publisher
    return Watch(deployment.vault), Watch(deployment.anchor, (None, publisher))


def _followed(
    chain: Chain,
    deployment: Deployment,
    *,
    block: int,
    logs: Sequence[Log],
    known: Iterable[ChannelId],
) -> Followed:
    vault = deployment.vault
    events = tuple(_events(log for log in logs if log.address == vault))
    opened = {ChannelId(at.event.channel) for at in events if isinstance(at.event, Deposited)}
    words = {
        channel: ask(chain, vault, view=calls.channel_word(channel), block=block)
        for channel in sorted(opened | set(known))
    }
    pool = ask(chain, vault, view=calls.pool(), block=block)
    return Followed(block, events, tuple(_paid(chain, logs)), words, pool)


def _paid(chain: Chain, logs: Sequence[Log]) -> Iterator[PaidTransaction]:
    """Each transaction once, whatever the number of its logs."""
    kinds: dict[bytes, TransactionKind] = {}
    for log in logs:
        kind = _kind_of(parse_log(log.topics, log.data))
        if kind is not None:
            kinds.setdefault(log.transaction_hash, kind)
    for transaction, kind in kinds.items():
        receipt = chain.receipt(transaction)
        if receipt is None:
            raise RemoteError(f"the node logged 0x{transaction.hex()} and has no receipt of it")
        yield PaidTransaction(transaction, kind, receipt.gas_used)


def _events(logs: Iterable[Log]) -> Iterator[VaultEvent]:
    for log in logs:
        event = parse_log(log.topics, log.data)
        source = log.transaction_hash + log.index.to_bytes(4, "big")
        if event is not None:
            yield VaultEvent(event, source)
        if isinstance(event, Rotated):
            # What the old channel is paid out is the new one's deposit, and no other log says so.
            moved = Deposited(
                event.successor, event.channel, event.voucher_key, event.cfg, event.amount_ubolt
            )
            yield VaultEvent(moved, source)


def _kind_of(event: Event | None) -> TransactionKind | None:
    match event:
        case Deposited():
            return TransactionKind.DEPOSIT
        case PoolFunded():
            return TransactionKind.POOL_FUNDING
        case Claimed():
            return TransactionKind.CLAIM
        case Anchored(kind=calls.ANCHOR_PRICES):
            return TransactionKind.ANCHOR_PRICES
        case Anchored(kind=calls.ANCHOR_BILLS):
            return TransactionKind.ANCHOR_BILLS
        case Anchored():
            return TransactionKind.ANCHOR_CORRECTIONS
        case _:
            return None
