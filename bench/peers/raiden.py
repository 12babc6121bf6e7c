"""Raiden's token network (raiden-contracts): channels of two, the payee takes with both signatures.

A home and a hub open a channel; the home deposits, and signs balance proofs. While the channel
lives the hub is paid only by a withdrawal that the home signs too; alone it must close.
"""

from dataclasses import dataclass

from eth_abi.abi import encode

from gridplus.contracts.abi import call_data
from gridplus.digest import keccak256
from gridplus.keystore import Secp256k1Key
from peers.ground import BOLT, CHAIN_ID, DAY_S, Cost, Ground, key, personal, rsv
from peers.installed import RAIDEN, shipped

ARTIFACTS = "raiden_contracts/data/contracts.json"
SETTLE_TIMEOUT_S = 15_000
"""Of the deployments: DEPLOY_SETTLE_TIMEOUT in raiden_contracts/constants.py."""
NO_LOCKS = keccak256(b"")
_BALANCE_PROOF, _BALANCE_PROOF_UPDATE, _WITHDRAW = 1, 2, 3
_SETTLE = "(address,uint256,uint256,bytes,bytes)"


def init_code(name: str, types: tuple[str, ...] = (), *values: object) -> bytes:
    """Creation code of a contract that the package ships, with its arguments."""
    code = bytes.fromhex(shipped(RAIDEN, ARTIFACTS)["contracts"][name]["bin"])
    return code + encode(types, values)


@dataclass(frozen=True, slots=True)
class Channel:
    """Number and home of a channel; the other side is the network's hub."""

    number: int
    home: Secp256k1Key


class Network:
    """A TokenNetwork for BOLT, with one hub that all homes have channels with."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.hub = key("raiden hub")
        types = ("address", "address", "uint256", "address", "uint256", "uint256")
        secrets = ground.deploy(init_code("SecretRegistry"))
        limit = 2**256 - 1
        controller = key("raiden controller").address
        arguments = (ground.token, secrets, SETTLE_TIMEOUT_S, controller, limit, limit)
        self.address = ground.deploy(init_code("TokenNetwork", types, *arguments))
        self._opened = 0

    def home(self, name: str) -> Secp256k1Key:
        """A key with BOLT that the network may take."""
        return self.ground.home(f"raiden {name}", lets=self.address)

    def open(self, home: Secp256k1Key, amount: int) -> tuple[Channel, Cost]:
        spelling = "openChannelWithDeposit(address,address,uint256)"
        data = call_data(spelling, home.address, self.hub.address, amount)
        cost = self.ground.send(home, self.address, data)
        self._opened += 1
        return Channel(self._opened, home), cost

    def deposit(self, channel: Channel, total: int) -> Cost:
        """Until the home has put `total` in, of all times together."""
        spelling = "setTotalDeposit(uint256,address,uint256,address)"
        sides = channel.home.address, total, self.hub.address
        return self.ground.send(
            channel.home, self.address, call_data(spelling, channel.number, *sides)
        )

    def withdrawal(self, channel: Channel, of: Secp256k1Key, *, total: int) -> tuple[object, ...]:
        """What both sides sign so that `of` takes until it has taken `total`."""
        until_s = self.ground.now_s + DAY_S
        said = of.address + encode(("uint256", "uint256"), (total, until_s))
        digest = personal(self._named(_WITHDRAW, channel) + said)
        other = self.hub if of is channel.home else channel.home
        return of.address, total, until_s, rsv(of.sign(digest)), rsv(other.sign(digest))

    def withdraw(self, channel: Channel, of: Secp256k1Key, *, total: int) -> Cost:
        spelling = "setTotalWithdraw(uint256,address,uint256,uint256,bytes,bytes)"
        signed = self.withdrawal(channel, of, total=total)
        return self.ground.send(of, self.address, call_data(spelling, channel.number, *signed))

    def settle_together(self, channel: Channel, *, home: int, hub: int) -> Cost:
        """Both take what they agree on, and the channel is gone."""
        data = call_data(
            f"cooperativeSettle(uint256,{_SETTLE},{_SETTLE})",
            channel.number,
            self.withdrawal(channel, channel.home, total=home),
            self.withdrawal(channel, self.hub, total=hub),
        )
        return self.ground.send(channel.home, self.address, data)

    def close(self, channel: Channel) -> Cost:
        """By the home alone, which was never paid and so has no proof of the hub's."""
        empty = bytes(32), 0, bytes(32), bytes(65)
        digest = personal(self._proof(_BALANCE_PROOF, channel, *empty[:3]) + empty[3])
        data = call_data(
            "closeChannel(uint256,address,address,bytes32,uint256,bytes32,bytes,bytes)",
            channel.number,
            self.hub.address,
            channel.home.address,
            *empty,
            rsv(channel.home.sign(digest)),
        )
        return self.ground.send(channel.home, self.address, data)

    def answer(self, channel: Channel, *, transferred: int) -> Cost:
        """The hub shows, in the window, what the home has signed."""
        proof = keccak256(encode(("uint256", "uint256", "bytes32"), (transferred, 0, NO_LOCKS)))
        said = proof, 2_976, keccak256(b"message of the newest transfer")
        home = rsv(channel.home.sign(personal(self._proof(_BALANCE_PROOF, channel, *said))))
        own = self.hub.sign(personal(self._proof(_BALANCE_PROOF_UPDATE, channel, *said) + home))
        spelling = (
            "updateNonClosingBalanceProof"
            "(uint256,address,address,bytes32,uint256,bytes32,bytes,bytes)"
        )
        sides = channel.home.address, self.hub.address
        data = call_data(spelling, channel.number, *sides, *said, home, rsv(own))
        return self.ground.send(self.hub, self.address, data)

    def settle(self, channel: Channel, *, transferred: int) -> Cost:
        """After the window: each side gets what the shown proofs say."""
        spelling = (
            "settleChannel(uint256,address,uint256,uint256,bytes32,address,uint256,uint256,bytes32)"
        )
        hub = self.hub.address, 0, 0, NO_LOCKS
        home = channel.home.address, transferred, 0, NO_LOCKS
        data = call_data(spelling, channel.number, *hub, *home)
        return self.ground.send(channel.home, self.address, data)

    def _named(self, kind: int, channel: Channel) -> bytes:
        return self.address + encode(["uint256"] * 3, (CHAIN_ID, kind, channel.number))

    def _proof(self, kind: int, channel: Channel, *said: *tuple[bytes, int, bytes]) -> bytes:
        return self._named(kind, channel) + encode(("bytes32", "uint256", "bytes32"), said)


def measure(ground: Ground) -> dict[str, Cost]:
    """A home's life with a hub that has been paid before."""
    network = Network(ground)
    before, _ = network.open(network.home("neighbour"), 300 * BOLT)
    network.withdraw(before, network.hub, total=BOLT)
    channel, opened = network.open(network.home("ada"), 300 * BOLT)
    top_up = network.deposit(channel, 600 * BOLT)
    network.withdraw(channel, network.hub, total=12_345_678)
    claim = network.withdraw(channel, network.hub, total=34_567_890)
    together = network.settle_together(channel, home=265_432_110, hub=334_567_890)
    leaver, _ = network.open(network.home("bob"), 300 * BOLT)
    alone = network.close(leaver)
    answer = network.answer(leaver, transferred=12_345_678)
    ground.pass_time(SETTLE_TIMEOUT_S + 1)
    alone += network.settle(leaver, transferred=12_345_678)
    return {
        "open": opened,
        "top-up": top_up,
        "claim": claim,
        "month": top_up + claim,
        "close together": together,
        "exit alone": alone,
        "answer to an exit": answer,
    }
