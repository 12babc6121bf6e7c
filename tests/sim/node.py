"""A chain whose only contracts are the vault, as the model that the differential test holds to the
real one, and the anchor. It has blocks, a pool of transactions, forks, and nodes that lag or fail.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import rlp
from eth_abi.abi import decode, encode

from gridplus.chain import Call, Receipt, Rejected, Reverted
from gridplus.chain.deployment import Deployment
from gridplus.chain.port import Block, ChainError, Fees, Log
from gridplus.channel.model import Item, VaultModel, VaultRefusal
from gridplus.contracts import calls
from gridplus.contracts.abi import selector
from gridplus.contracts.word import ChannelWord
from gridplus.digest import keccak256
from gridplus.failures import Bug, RemoteError
from gridplus.tariff import ChannelIdentity
from gridplus.wallet import (
    ZERO_ADDRESS,
    Address,
    ChannelId,
    credit_digest,
    is_signed_by,
    recover,
    voucher_digest,
)
from tests.sim.setting import Setting

FINAL_AFTER = 4
BLOCK_S = 60
USUAL_BASE_WEI = 10**9
_MASK = (1 << 48) - 1
_CLAIM = "claim((bytes32,uint256,bytes32,bytes32)[],uint256,uint256)"
_POST_CREDIT = "post_credit(bytes32,uint256,bytes32,bytes32,bytes32)"
Logged = tuple[str, tuple[object, ...]]


@dataclass(frozen=True)
class Transaction:
    """Signed by a service, or an act of an owner, who is no part of what is tested."""

    hash: bytes
    sender: Address
    nonce: int
    max_fee_wei: int
    run: Callable[["State"], "State | str"]


@dataclass(frozen=True)
class State:
    """After some block. `logs` are those of the newest transaction."""

    vault: VaultModel
    nonces: Mapping[Address, int] = field(default_factory=dict)
    next_seq: int = 0
    funded: int = 0
    logs: tuple[Logged, ...] = ()


@dataclass(frozen=True)
class Mined:
    block: Block
    state: State
    transactions: tuple[Transaction, ...] = ()
    receipts: Mapping[bytes, Receipt] = field(default_factory=dict)
    logs: tuple[Log, ...] = ()


@dataclass
class SimulatedChain:
    """`mined` is the canonical chain; what is `FINAL_AFTER` blocks deep stays."""

    setting: Setting
    deployment: Deployment
    hub: Address
    watch: Callable[[Mined], None]
    homes: dict[bytes, ChannelIdentity] = field(default_factory=dict)
    anchored: dict[int, bytes] = field(default_factory=dict)
    mined: list[Mined] = field(default_factory=list)
    pool: list[Transaction] = field(default_factory=list)
    base_wei: int = USUAL_BASE_WEI
    forks: int = 0

    def __post_init__(self) -> None:
        block = Block(0, bytes(32), bytes(32), self.setting.now_s, 1, 30_000_000, 0)
        self.mined.append(Mined(block, State(VaultModel(self.setting.now_s))))

    @property
    def head(self) -> Mined:
        return self.mined[-1]

    @property
    def final(self) -> Mined:
        return self.mined[max(0, len(self.mined) - 1 - FINAL_AFTER)]

    def act(self, name: str, change: Callable[[VaultModel], object], *logs: Logged) -> None:
        """What an owner or a relayer of no interest sends."""

        def run(state: State) -> State | str:
            after = change(state.vault)
            if isinstance(after, VaultRefusal):
                return after.value
            assert isinstance(after, VaultModel)
            return replace(state, vault=after, logs=logs)

        number = self.setting.random.getrandbits(256).to_bytes(32, "big")
        self.pool.append(Transaction(number, Address(number[:20]), 0, 1 << 60, run))
        self.setting.note(f"chain: {name} is sent")

    def mine(self) -> None:
        """One block of what waits and pays enough, in the order of nonces."""
        before, number = self.head, len(self.mined)
        now_s = max(self.setting.now_s, before.block.timestamp_s + 1)
        name = keccak256(before.block.hash + bytes([self.forks & 255]) + number.to_bytes(8, "big"))
        block = Block(number, name, before.block.hash, now_s, self.base_wei, 30_000_000, 0)
        state = replace(before.state, vault=replace(before.state.vault, now_s=now_s), logs=())
        taken, receipts, logs = [], dict[bytes, Receipt](), list[Log]()
        for each in sorted(self.pool, key=lambda t: (t.nonce, t.hash)):
            if each.max_fee_wei < self.base_wei or each.nonce != _nonce(state, each.sender):
                continue
            state, receipt = self._run(state, each, block=block, first=len(logs))
            taken.append(each)
            receipts[each.hash] = receipt
            logs += receipt.logs
        gone = {(t.sender, t.nonce) for t in taken}
        self.pool = [t for t in self.pool if (t.sender, t.nonce) not in gone]
        self.mined.append(Mined(block, state, tuple(taken), receipts, tuple(logs)))
        for each in taken:
            ok = receipts[each.hash].succeeded
            self.setting.note(f"chain: block {number} has {each.hash.hex()[:8]}, {ok=}")
        self.watch(self.head)

    def reorganise(self, depth: int) -> None:
        """The last `depth` blocks go, and one more comes than went. Some of what was in them is
        forgotten by the nodes; the rest waits again."""
        depth = min(depth, FINAL_AFTER, len(self.mined) - 1)
        if depth == 0:
            return
        self.setting.note(f"chain: {depth} blocks are undone")
        undone, self.mined = self.mined[-depth:], self.mined[:-depth]
        self.forks += 1
        for mined in undone:
            for each in mined.transactions:
                # An owner sends again what the chain forgot; a service must find out by itself.
                if each.nonce == 0 or self.setting.chance(0.6):
                    self.pool.append(each)
        for _ in range(depth + 1):
            self.mine()

    def take(self, raw: bytes) -> bytes:
        """A signed transaction of a service. Raises Rejected."""
        name = keccak256(raw)
        if self.mined_at(name) is not None or any(t.hash == name for t in self.pool):
            return name
        fields = rlp.decode(raw[1:])
        nonce, max_fee = (int.from_bytes(fields[i], "big") for i in (1, 3))
        sender = self._sender(fields)
        if nonce < _nonce(self.head.state, sender):
            raise Rejected(0, "nonce too low")
        same = [t for t in self.pool if (t.sender, t.nonce) == (sender, nonce)]
        if any(10 * max_fee < 11 * t.max_fee_wei for t in same):
            raise Rejected(0, "replacement transaction underpriced")
        self.pool = [t for t in self.pool if t not in same]
        to, data = fields[5], fields[7]
        run = self._runner(sender, to, data)
        self.pool.append(Transaction(name, sender, nonce, max_fee, run))
        self.setting.note(f"chain: {name.hex()[:8]} waits, nonce {nonce}")
        return name

    def mined_at(self, name: bytes) -> int | None:
        found = (m.block.number for m in reversed(self.mined) if name in m.receipts)
        return next(found, None)

    def try_out(self, state: State, sender: Address, data: bytes) -> None:
        """Raises Reverted when a call would fail."""
        after = self._runner(sender, self.deployment.vault, data)(state)
        if isinstance(after, str):
            raise Reverted(after)

    def _sender(self, fields: Sequence[bytes]) -> Address:
        parity, r, s = (int.from_bytes(f, "big") for f in fields[9:12])
        signature = r.to_bytes(32, "big") + (s | parity << 255).to_bytes(32, "big")
        digest = keccak256(b"\x02" + rlp.encode(list(fields[:9])))
        sender = recover(digest, signature)
        assert sender is not None
        return sender

    def _run(
        self, state: State, each: Transaction, *, block: Block, first: int
    ) -> tuple[State, Receipt]:
        after = each.run(state)
        nonces = {**state.nonces, each.sender: each.nonce + 1}
        ok = isinstance(after, State)
        after = replace(after if isinstance(after, State) else state, nonces=nonces)
        logs = tuple(
            Log(
                self.deployment.vault,
                (keccak256(spelling.encode()),),
                encode(spelling[spelling.index("(") + 1 : -1].split(","), values)
                if values
                else b"",
                block.number,
                block.hash,
                each.hash,
                index,
            )
            for index, (spelling, values) in enumerate(after.logs if ok else (), first)
        )
        made = Receipt(each.hash, block.number, block.hash, ok, 90_000, self.base_wei, None, logs)
        return replace(after, logs=()), made

    def _runner(self, sender: Address, to: bytes, data: bytes) -> Callable[[State], State | str]:
        def run(state: State) -> State | str:
            if to != self.deployment.vault or not data:
                return replace(state, logs=())
            if data[:4] == selector(_CLAIM):
                return self._claim(state, sender, data)
            assert data[:4] == selector(_POST_CREDIT), "nobody here sends anything else"
            return self._post_credit(state, data)

        return run

    def _claim(self, state: State, sender: Address, data: bytes) -> State | str:
        types = ["(bytes32,uint256,bytes32,bytes32)[]", "uint256", "uint256"]
        items, fund, seq = decode(types, data[4:])
        if sender != self.hub:
            return "hub only"
        if seq != state.next_seq:
            return "seq is not next"
        batch = state.vault.claim([self._item(*item) for item in items], fund=fund)
        logs = (("Claimed(uint256,uint256,uint256)", (seq, batch.pulled, batch.vault.pool)),)
        return replace(state, vault=batch.vault, next_seq=seq + 1, logs=logs)

    def _item(self, cfg: bytes, packed: int, r: bytes, vs: bytes) -> Item:
        spent, earned, top_up = packed >> 48 & _MASK, packed & _MASK, packed >> 96
        home = self.homes[cfg]
        digest = voucher_digest(home.domain, home.cfg, spent=spent, earned=earned)
        good = is_signed_by(home.voucher_key, digest, signature=r + vs)
        return Item(home.channel if good else None, spent, earned, top_up)

    def _post_credit(self, state: State, data: bytes) -> State | str:
        types = ["bytes32", "uint256", "bytes32", "bytes32", "bytes32"]
        channel, earned, head, r, vs = decode(types, data[4:])
        digest = credit_digest(self._domain, ChannelId(channel), earned=earned, bill_head=head)
        if not is_signed_by(self.hub, digest, signature=r + vs):
            return "hub did not sign"
        after = state.vault.post_credit(ChannelId(channel), earned)
        if isinstance(after, VaultRefusal):
            return after.value
        logs = (("CreditPosted(bytes32,uint256,bytes32)", (channel, earned, head)),)
        return replace(state, vault=after, logs=logs)

    @property
    def _domain(self):  # type: ignore[no-untyped-def]
        return next(iter(self.homes.values())).domain


def _nonce(state: State, sender: Address) -> int:
    return state.nonces.get(sender, 0)


@dataclass
class Node:
    """One machine's node: `behind` blocks late, and out of order while `down`. A `fickle` one is
    many behind one address, each up to so late."""

    chain: SimulatedChain
    behind: int = 0
    fickle: bool = False
    down: bool = False

    @property
    def chain_id(self) -> int:
        return self.chain.deployment.chain_id

    def head(self) -> Block:
        return self._newest.block

    def finalized(self) -> Block:
        visible = self._visible
        return visible[max(0, len(visible) - 1 - FINAL_AFTER)].block

    def block(self, number: int) -> Block:
        return self._at(number).block

    def call(
        self,
        to: Address,
        data: bytes,
        *,
        sender: Address = ZERO_ADDRESS,
        block: int | None = None,
    ) -> bytes:
        mined = self._newest if block is None else self._at(block)
        state, vault = mined.state, mined.state.vault
        asked = {
            calls.next_seq().calldata: lambda: state.next_seq,
            calls.pool().calldata: lambda: vault.pool,
            calls.credit_allowance().calldata: lambda: vault.credit_allowance,
        }
        if data in asked:
            return encode(["uint256"], [asked[data]()])
        if data[:4] == selector("channel_word(bytes32)"):
            word = vault.words.get(ChannelId(data[4:]), ChannelWord())
            return encode(["uint256"], [word.pack()])
        if data == calls.withdrawal().calldata:
            return bytes(64)
        if data[:4] == selector("anchored(address,uint32,uint8)"):
            _, period, _ = decode(["address", "uint32", "uint8"], data[4:])
            root = self.chain.anchored.get(period, bytes(32))
            return encode(["bytes32", "uint256", "uint256"], [root, 0, 0])
        self.chain.try_out(state, sender, data)
        return b""

    def estimate_gas(self, call: Call, *, sender: Address) -> int:
        self.chain.try_out(self._newest.state, sender, call.data)
        return 100_000

    def code(self, address: Address, *, block: int | None = None) -> bytes:
        raise Bug("no service asks this node for code")

    def balance(self, address: Address, *, block: int | None = None) -> int:
        raise Bug("no service asks this node for balance")

    def storage(self, address: Address, slot: int, *, block: int | None = None) -> bytes:
        raise Bug("no service asks this node for storage")

    def nonce(self, address: Address, *, block: int | None = None) -> int:
        mined = self._newest if block is None else self._at(block)
        nonce = _nonce(mined.state, address)
        waiting = {t.nonce for t in self.chain.pool if t.sender == address} if block is None else ()
        while nonce in waiting:
            nonce += 1
        return nonce

    def fees(self) -> Fees:
        self._answer()
        return Fees(self.chain.base_wei, 10**8)

    def send(self, raw_transactions: Sequence[bytes]) -> tuple[bytes, ...]:
        self._answer()
        return tuple(self.chain.take(raw) for raw in raw_transactions)

    def receipt(self, transaction_hash: bytes) -> Receipt | None:
        visible = self._visible
        at = self.chain.mined_at(transaction_hash)
        return None if at is None or at >= len(visible) else visible[at].receipts[transaction_hash]

    def logs(
        self,
        address: Address,
        topics: Sequence[bytes | None],
        *,
        from_block: int,
        to_block: int,
    ) -> tuple[Log, ...]:
        blocks = self._visible[from_block : to_block + 1]
        return tuple(log for mined in blocks for log in mined.logs)

    @property
    def _visible(self) -> list[Mined]:
        self._answer()
        mined, late = self.chain.mined, self.behind
        if self.fickle:
            late = self.chain.setting.random.randint(0, late)
        return mined[: max(1, len(mined) - late)]

    @property
    def _newest(self) -> Mined:
        return self._visible[-1]

    def _at(self, number: int) -> Mined:
        visible = self._visible
        if not 0 <= number < len(visible):
            raise ChainError(f"there is no block {number} yet")
        return visible[number]

    def _answer(self) -> None:
        self.chain.setting.dawdle(0.05)
        if self.down:
            raise RemoteError("the node does not answer")
