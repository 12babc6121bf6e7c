"""Vector (@connext/vector-contracts): a contract for each channel, withdrawals that both sign.

The hub is alice, the home bob: what is sent to the channel's address counts as bob's deposit. The
hub takes, while the channel lives, by a withdrawal that both have signed.
"""

from dataclasses import dataclass
from functools import cache

from eth_abi.abi import encode

from gridplus.contracts import calls
from gridplus.contracts.abi import call_data
from gridplus.digest import keccak256
from gridplus.keystore import Secp256k1Key
from gridplus.wallet import ZERO_ADDRESS, Address
from peers.ground import BOLT, DAY_S, Cost, Ground, key, rsv
from peers.installed import VECTOR, shipped

_STATE, _WITHDRAWAL = 0, 1
_WITHDRAW_DATA = "(address,address,address,uint256,uint256,address,bytes)"
_BALANCE = "(uint256[2],address[2])"
_CHANNEL_STATE = (
    f"(address,address,address,address[],{_BALANCE}[],"
    "uint256[],uint256[],uint256[],uint256,uint256,bytes32)"
)


@cache
def _init_code(name: str) -> bytes:
    document = shipped(VECTOR, f"dist/artifacts/src.sol/{name}.sol/{name}.json")
    return bytes.fromhex(document["bytecode"][2:])


@dataclass(frozen=True, slots=True)
class Channel:
    """A contract of the hub and one home."""

    address: Address
    home: Secp256k1Key


class Factory:
    """What makes channels, and one hub."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.hub = key("vector hub")
        code = ground.deploy(_init_code("ChannelMastercopy"))
        arguments = encode(("address", "uint256"), (code, 0))
        self.address = ground.deploy(_init_code("ChannelFactory") + arguments)

    def open(self, name: str) -> tuple[Channel, Cost]:
        """A home with 1,000 BOLT, and its channel."""
        home = key(f"vector {name}")
        self.ground.give([home.address])
        sides = self.hub.address, home.address
        named = self.ground.ask(
            self.address, call_data("getChannelAddress(address,address)", *sides)
        )
        create = call_data("createChannel(address,address)", *sides)
        return Channel(Address(named[12:]), home), self.ground.send(home, self.address, create)

    def deposit(self, channel: Channel, amount: int) -> Cost:
        data = calls.transfer(channel.address, amount)
        return self.ground.send(channel.home, self.ground.token, data)

    def withdraw(self, channel: Channel, to: Secp256k1Key, *, amount: int, nonce: int) -> Cost:
        """What both have signed, sent by who is paid."""
        asset = self.ground.token
        said = channel.address, asset, to.address, amount, nonce, ZERO_ADDRESS, b""
        signatures = self._signed(channel, _WITHDRAWAL, encode([_WITHDRAW_DATA], [said]))
        data = call_data(f"withdraw({_WITHDRAW_DATA},bytes,bytes)", said, *signatures)
        return self.ground.send(to, channel.address, data)

    def state(self, channel: Channel, *, hub: int, home: int, nonce: int) -> tuple[object, ...]:
        """How they share what the home has put in."""
        sides = self.hub.address, channel.home.address
        return (
            channel.address,
            *sides,
            [self.ground.token],
            [([hub, home], sides)],
            [0],
            [hub + home],
            [1],
            DAY_S,
            nonce,
            bytes(32),
        )

    def dispute(self, channel: Channel, state: tuple[object, ...], *, by: Secp256k1Key) -> Cost:
        """One side alone, with a state that both have signed; a newer one replaces it."""
        signatures = self._signed(channel, _STATE, encode([_CHANNEL_STATE], [state]))
        data = call_data(f"disputeChannel({_CHANNEL_STATE},bytes,bytes)", state, *signatures)
        return self.ground.send(by, channel.address, data)

    def leave(self, channel: Channel, state: tuple[object, ...]) -> Cost:
        """After the window: the shares are set apart, and the home takes its own."""
        spelling = f"defundChannel({_CHANNEL_STATE},address[],uint256[])"
        token, me = self.ground.token, channel.home.address
        cost = self.ground.send(
            channel.home, channel.address, call_data(spelling, state, [token], [0])
        )
        leave = call_data("exit(address,address,address)", token, me, me)
        return cost + self.ground.send(channel.home, channel.address, leave)

    def _signed(self, channel: Channel, kind: int, said: bytes) -> tuple[bytes, bytes]:
        """The hub's signature and the home's."""
        named = keccak256(encode(("uint8", "bytes32"), (kind, keccak256(said))))
        digest = keccak256(b"\x16Vector Signed Message:\n32" + named)
        return rsv(self.hub.sign(digest)), rsv(channel.home.sign(digest))


def measure(ground: Ground) -> dict[str, Cost]:
    """A home's life with a hub that holds BOLT already."""
    factory = Factory(ground)
    ground.give([factory.hub.address])
    ada, created = factory.open("ada")
    opened = created + factory.deposit(ada, 300 * BOLT)
    top_up = factory.deposit(ada, 300 * BOLT)
    factory.withdraw(ada, factory.hub, amount=12_345_678, nonce=1)
    claim = factory.withdraw(ada, factory.hub, amount=34_567_890, nonce=2)
    together = factory.withdraw(ada, factory.hub, amount=34_567_890, nonce=3)
    together += factory.withdraw(ada, ada.home, amount=518_518_542, nonce=4)

    bob, _ = factory.open("bob")
    factory.deposit(bob, 300 * BOLT)
    stale = factory.state(bob, hub=10 * BOLT, home=290 * BOLT, nonce=2_000)
    newest = factory.state(bob, hub=34_567_890, home=265_432_110, nonce=2_977)
    alone = factory.dispute(bob, stale, by=bob.home)
    answer = factory.dispute(bob, newest, by=factory.hub)
    ground.pass_time(DAY_S + 1)
    alone += factory.leave(bob, newest)
    return {
        "created per home": created,
        "open": opened,
        "top-up": top_up,
        "claim": claim,
        "month": top_up + claim,
        "close together": together,
        "exit alone": alone,
        "answer to an exit": answer,
    }
