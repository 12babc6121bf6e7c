"""The ground that peers stand on: our EVM in memory, BOLT, and keys of full entropy."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from coincurve import PrivateKey

from gridplus.chain import Account, Call, Receipt, Reverted
from gridplus.chain.embedded import EmbeddedChain, Genesis
from gridplus.contracts import calls
from gridplus.digest import keccak256
from gridplus.keystore import Secp256k1Key
from gridplus.wallet import Address, bolt_domain, reserve_attestation_digest

CHAIN_ID = 31337
START_S = 1_613_347_200
DAY_S = 86_400
BOLT = 1_000_000
RESERVE = 10**9 * BOLT
ENVELOPE = 110
"""Bytes of a signed transaction beside its calldata: nonce, fees, gas, addresses, signature."""


@cache
def key(name: str) -> Secp256k1Key:
    """The key that is the hash of `name`."""
    return Secp256k1Key(PrivateKey(keccak256(name.encode())))


def vrs(signature: bytes) -> tuple[int, bytes, bytes]:
    """v, r and s of our 64 bytes (r, yParityAndS)."""
    s = int.from_bytes(signature[32:], "big")
    return 27 + (s >> 255), signature[:32], (s & ~(1 << 255)).to_bytes(32, "big")


def rsv(signature: bytes) -> bytes:
    """The 65 bytes r, s, v of our 64 (r, yParityAndS)."""
    v, r, s = vrs(signature)
    return r + s + bytes([v])


def personal(message: bytes) -> bytes:
    """The digest that wallets sign for bytes. Source: ERC-191, version 0x45."""
    return keccak256(b"\x19Ethereum Signed Message:\n%d" % len(message) + message)


@dataclass(frozen=True, slots=True)
class Cost:
    """What something took: gas all-in, and bytes of the transactions as they are sent."""

    gas: float
    size: float

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.gas + other.gas, self.size + other.size)

    def each_of(self, count: int) -> "Cost":
        return Cost(self.gas / count, self.size / count)

    def beyond(self, other: "Cost") -> "Cost":
        return Cost(self.gas - other.gas, self.size - other.size)


class Clock:
    """Block time, set by hand."""

    def __init__(self) -> None:
        self.set_s = START_S

    def now_s(self) -> int:
        return self.set_s


class Ground:
    """A chain with BOLT on it, whose holder `treasury` gives to whom a scene needs."""

    def __init__(self) -> None:
        self._clock = Clock()
        treasury = key("treasury")
        genesis = Genesis(CHAIN_ID, {treasury.address: 10**30})
        self._chain = EmbeddedChain(None, self._clock, genesis=genesis)
        self._treasury = Account(treasury, self._chain)
        self._rich = {treasury.address}
        me, attestor = treasury.address, key("attestor")
        code = calls.bolt_init_code(
            me, attestor.address, minter=key("minter").address, minter_allowance=RESERVE
        )
        self.token = self.deploy(code)
        digest = reserve_attestation_digest(
            bolt_domain(CHAIN_ID, self.token), time_s=START_S, supply_seen=0, reserve=RESERVE
        )
        seen = calls.attest_reserve(
            START_S, supply_seen=0, reserve=RESERVE, signature=attestor.sign(digest)
        )
        self.send(treasury, self.token, seen)
        self.send(key("minter"), self.token, calls.mint(me, RESERVE))

    @property
    def now_s(self) -> int:
        """Each block is at least a second later than the one before, whatever the clock says."""
        return max(self._clock.now_s(), self._chain.head().timestamp_s)

    def pass_time(self, seconds: int) -> None:
        self._clock.set_s = self.now_s + seconds

    def deploy(self, init_code: bytes) -> Address:
        """A new contract, paid by the treasury. Raises Reverted."""
        created = self._treasury.transact(Call(None, init_code)).created
        if created is None:
            raise RuntimeError("a creation that succeeds names what it created")
        return created

    def send(self, by: Secp256k1Key, to: Address, data: bytes) -> Cost:
        """Mine a transaction. Raises Reverted with the contract's reason."""
        return Cost(self.mined(by, to, data).gas_used, len(data) + ENVELOPE)

    def mined(self, by: Secp256k1Key, to: Address, data: bytes) -> Receipt:
        """As `send`, with all that the chain says of it."""
        if by.address not in self._rich:
            self._treasury.transact(Call(by.address, b"", value_wei=10**24))
            self._rich.add(by.address)
        return Account(by, self._chain).transact(Call(to, data))

    def refused(self, by: Secp256k1Key, to: Address, data: bytes) -> str:
        """Why a transaction that must revert reverts."""
        try:
            self.mined(by, to, data)
        except Reverted as error:
            return error.reason
        raise AssertionError("was not refused")

    def ask(self, to: Address, data: bytes) -> bytes:
        return self._chain.call(to, data)

    def give(self, holders: Iterable[Address], amount: int = 1_000 * BOLT) -> None:
        """BOLT for each, from the treasury."""
        for holder in holders:
            self._treasury.transact(Call(self.token, calls.transfer(holder, amount)))

    def home(self, name: str, *, lets: Address) -> Secp256k1Key:
        """A key with 1,000 BOLT that lets a contract take all it ever has."""
        home = key(name)
        self.give([home.address])
        self.send(home, self.token, calls.approve(lets, calls.UNLIMITED))
        return home

    def balance(self, holder: Address) -> int:
        """µBOLT."""
        view = calls.balance_of(holder)
        return view.decode(self.ask(self.token, view.calldata))
