"""Machinomy (@machinomy/contracts): one-way channels, a payer's signature, paid once at the end.

The nearest to ours in spirit: the payee needs nothing but the payer's newest promise. Taking it
ends the channel, so a month is a new channel and its claim.
"""

from dataclasses import dataclass

from gridplus.contracts.abi import call_data
from gridplus.digest import keccak256
from gridplus.keystore import Secp256k1Key
from peers.ground import BOLT, Cost, Ground, key, personal, rsv
from peers.installed import MACHINOMY, shipped

ARTIFACT = "build/contracts/TokenUnidirectional.json"
WINDOW_BLOCKS = 2
"""Chosen by who opens; the gas is the same for any."""


@dataclass(frozen=True, slots=True)
class Channel:
    """A name that the payer chose, and who pays."""

    name: bytes
    home: Secp256k1Key


class Contract:
    """A TokenUnidirectional, and one hub that is paid."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.hub = key("machinomy hub")
        self.address = ground.deploy(bytes.fromhex(shipped(MACHINOMY, ARTIFACT)["bytecode"][2:]))

    def home(self, name: str) -> Secp256k1Key:
        """A key with BOLT that the contract may take."""
        return self.ground.home(f"machinomy {name}", lets=self.address)

    def open(self, channel: Channel, amount: int) -> Cost:
        spelling = "open(bytes32,address,uint256,address,uint256)"
        terms = self.hub.address, WINDOW_BLOCKS, self.ground.token, amount
        return self._by_home(channel, call_data(spelling, channel.name, *terms))

    def deposit(self, channel: Channel, amount: int) -> Cost:
        return self._by_home(channel, call_data("deposit(bytes32,uint256)", channel.name, amount))

    def promise(self, channel: Channel, amount: int) -> bytes:
        """The payer's signature of what it owes in all."""
        said = channel.name + amount.to_bytes(32, "big") + self.ground.token
        return rsv(channel.home.sign(personal(keccak256(self.address + said))))

    def claim(self, channel: Channel, amount: int, *, promise: bytes) -> Cost:
        """The hub takes `amount`, the payer gets the rest, and the channel is gone."""
        spelling = "claim(bytes32,uint256,bytes)"
        data = call_data(spelling, channel.name, amount, promise)
        return self.ground.send(self.hub, self.address, data)

    def start_settling(self, channel: Channel) -> Cost:
        """The payer alone; the hub may claim as long as the channel is not settled."""
        return self._by_home(channel, call_data("startSettling(bytes32)", channel.name))

    def settle(self, channel: Channel) -> Cost:
        """After the window: everything goes back to the payer."""
        return self._by_home(channel, call_data("settle(bytes32)", channel.name))

    def _by_home(self, channel: Channel, data: bytes) -> Cost:
        return self.ground.send(channel.home, self.address, data)


def measure(ground: Ground) -> dict[str, Cost]:
    """A home's life, with a contract and a hub that hold BOLT already."""
    contract = Contract(ground)
    ground.give([contract.hub.address])
    first, second, third, fourth = (
        Channel(keccak256(name.encode()), contract.home(name))
        for name in ("neighbour", "ada", "bob", "eve")
    )
    contract.open(first, 300 * BOLT)
    opened, top_up = contract.open(second, 300 * BOLT), contract.deposit(second, 300 * BOLT)
    promise = contract.promise(second, 34_567_890)
    together = contract.claim(second, 34_567_890, promise=promise)
    for one in (third, fourth):
        contract.open(one, 300 * BOLT)
    alone = contract.start_settling(third)
    contract.start_settling(fourth)
    promise = contract.promise(fourth, 34_567_890)
    answer = contract.claim(fourth, 34_567_890, promise=promise)
    alone += contract.settle(third)
    return {
        "open": opened,
        "top-up": top_up,
        "month": opened + together,
        "close together": together,
        "exit alone": alone,
        "answer to an exit": answer,
    }
