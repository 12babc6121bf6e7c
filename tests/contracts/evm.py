"""A real EVM in memory for tests: Prague rules, the P-256 precompile, a clock we set.

`Evm` mines one transaction to a block. Accounts are made from names, so a failure reads well.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import ClassVar, TypeAlias

from coincurve import PrivateKey
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    Prehashed,
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.hashes import SHA256
from eth.abc import BlockHeaderAPI, ComputationAPI
from eth.chains.base import MiningChain
from eth.db.atomic import AtomicDB
from eth.db.backends.memory import MemoryDB
from eth.vm.forks.prague import PragueVM
from eth.vm.forks.prague.computation import PragueComputation
from eth.vm.forks.prague.state import PragueState
from eth.vm.spoof import SpoofTransaction
from eth_abi import decode
from eth_keys import keys

from gridplus.digest import keccak256
from gridplus.wallet import ZERO_ADDRESS, Address, address_of

CHAIN_ID = 31337
BLOCK_GAS = 60_000_000
MAX_TRANSACTION_GAS = 1 << 24
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
START_S = 1_613_347_200
"""2021-02-15T00:00Z"""

Precompile: TypeAlias = Callable[[ComputationAPI], ComputationAPI]
_ERROR = keccak256(b"Error(string)")[:4]


def p256_verify(computation: ComputationAPI) -> ComputationAPI:
    """EIP-7951: 6,900 gas; 32 bytes of one when valid, empty when not, never a failure."""
    computation.consume_gas(6_900, reason="P256VERIFY")
    data = bytes(computation.msg.data)
    if len(data) == 160:
        digest, (r, s, x, y) = data[:32], (_word(data, i) for i in range(1, 5))
        try:
            key = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
            key.verify(encode_dss_signature(r, s), digest, ec.ECDSA(Prehashed(SHA256())))
            computation.output = (1).to_bytes(32, "big")
        except (ValueError, InvalidSignature):
            pass
    return computation


def _word(data: bytes, index: int) -> int:
    return int.from_bytes(data[32 * index : 32 * index + 32], "big")


def _chain_class(p256: Precompile | None) -> type[MiningChain]:
    """Prague rules with `p256` at 0x100, or with nothing there."""
    extra = {} if p256 is None else {(0x100).to_bytes(20, "big"): p256}

    class OsakaComputation(PragueComputation):
        _precompiles: ClassVar = {**PragueComputation.get_precompiles(), **extra}

    class OsakaState(PragueState):
        computation_class = OsakaComputation

    class OsakaVM(PragueVM):
        _state_class = OsakaState

    class OsakaChain(MiningChain):
        chain_id = CHAIN_ID
        vm_configuration = ((0, OsakaVM),)

    return OsakaChain


@dataclass(frozen=True)
class Signer:
    """A named account. `secret` is 32 bytes."""

    secret: bytes
    address: Address

    def sign(self, digest: bytes) -> bytes:
        """64 bytes, EIP-2098 compact."""
        signature = PrivateKey(self.secret).sign_recoverable(digest, hasher=None)
        s = int.from_bytes(signature[32:64], "big") | signature[64] << 255
        return signature[:32] + s.to_bytes(32, "big")


def signer(name: str) -> Signer:
    """The account whose key is the hash of `name`."""
    return signer_of(keccak256(name.encode()))


def signer_of(secret: bytes) -> Signer:
    """The account of a key of 32 bytes."""
    point = PrivateKey(secret).public_key.format(compressed=False)
    return Signer(secret, address_of(point[1:]))


@dataclass(frozen=True)
class DeviceSigner:
    """A named P-256 key with its public point."""

    key: ec.EllipticCurvePrivateKey
    x: int
    y: int

    def sign(self, message: bytes) -> bytes:
        """64 bytes r || s, low s, over SHA-256 of the message."""
        r, s = decode_dss_signature(self.key.sign(message, ec.ECDSA(SHA256())))
        return r.to_bytes(32, "big") + min(s, P256_ORDER - s).to_bytes(32, "big")


@cache
def device_signer(name: str) -> DeviceSigner:
    """The device whose key is the hash of `name`."""
    secret = int.from_bytes(keccak256(name.encode()), "big") % P256_ORDER
    key = ec.derive_private_key(secret, ec.SECP256R1())
    point = key.public_key().public_numbers()
    return DeviceSigner(key, point.x, point.y)


@dataclass(frozen=True)
class Outcome:
    """What a mined transaction did. `reason` is empty when it succeeded."""

    ok: bool
    reason: str
    gas_used: int
    logs: tuple[tuple[bytes, tuple[bytes, ...], bytes], ...] = field(repr=False)
    created: Address


class Reverted(Exception):  # noqa: N818 - a verdict, not an error of ours
    """A call or a transaction that had to succeed reverted; the message is its reason."""


class Evm:
    """One chain in memory where gas is free. `now_s` is the clock of the next block."""

    def __init__(self, start_s: int = START_S, *, p256: Precompile | None = p256_verify) -> None:
        genesis = {
            "difficulty": 0,
            "gas_limit": BLOCK_GAS,
            "timestamp": start_s - 1,
            "base_fee_per_gas": 0,
        }
        self._db = MemoryDB()
        self._chain = _chain_class(p256).from_genesis(AtomicDB(self._db), genesis, {})
        self.now_s = start_s

    def fork(self) -> "Evm":
        """An independent copy with the same state and clock."""
        twin = object.__new__(Evm)
        twin._db = MemoryDB(dict(self._db.kv_store))
        twin._chain = type(self._chain)(AtomicDB(twin._db))
        twin.now_s = self.now_s
        return twin

    @property
    def today(self) -> int:
        """Days since 1970-01-01 UTC of the next block."""
        return self.now_s // 86_400

    def pass_time(self, seconds: int) -> None:
        """Let the clock run; the next block is mined this much later."""
        self.now_s += seconds

    def send(self, sender: Signer, to: bytes, data: bytes) -> Outcome:
        """Mine a block with this one transaction. `to` is empty to create a contract."""
        header = self._pending()
        nonce = self._chain.get_vm(header).state.get_nonce(sender.address)
        unsigned = self._chain.create_unsigned_transaction(
            nonce=nonce, gas_price=0, gas=MAX_TRANSACTION_GAS, to=to, value=0, data=data
        )
        signed = unsigned.as_signed_transaction(keys.PrivateKey(sender.secret), CHAIN_ID)
        self._chain.header = header
        _, (receipt,), (computation,) = self._chain.mine_all([signed])
        self.now_s += 1
        return Outcome(
            ok=computation.is_success,
            reason=_reason(computation),
            gas_used=receipt.gas_used,
            logs=tuple(
                (log.address, tuple(t.to_bytes(32, "big") for t in log.topics), log.data)
                for log in receipt.logs
            ),
            created=Address(computation.msg.storage_address),
        )

    def call(self, to: bytes, data: bytes, *, sender: Address = ZERO_ADDRESS) -> bytes:
        """The answer of a view at the next block's time. Raises Reverted with the reason."""
        header = self._pending()
        unsigned = self._chain.create_unsigned_transaction(
            nonce=0, gas_price=0, gas=MAX_TRANSACTION_GAS, to=to, value=0, data=data
        )
        state = self._chain.get_vm(header).state
        computation = state.costless_execute_transaction(SpoofTransaction(unsigned, from_=sender))
        if computation.is_error:
            raise Reverted(_reason(computation))
        return bytes(computation.output)

    def code(self, address: bytes) -> bytes:
        """The code of a contract, immutables included."""
        return bytes(self._chain.get_vm(self._pending()).state.get_code(address))

    def deploy(self, sender: Signer, init_code: bytes) -> Address:
        """The address of a new contract. Raises Reverted with the reason."""
        outcome = self.send(sender, b"", init_code)
        if not outcome.ok:
            raise Reverted(outcome.reason)
        return outcome.created

    def _pending(self) -> BlockHeaderAPI:
        head = self._chain.get_canonical_head()
        return self._chain.get_vm_class_for_block_number(
            head.block_number
        ).create_header_from_parent(head, timestamp=self.now_s, gas_limit=BLOCK_GAS)


def _reason(computation: ComputationAPI) -> str:
    """The reason string of a revert, or the name of what else went wrong."""
    if computation.is_success:
        return ""
    output = bytes(computation.output)
    if output[:4] == _ERROR:
        (text,) = decode(["string"], output[4:])
        return str(text)
    return type(computation.error).__name__
