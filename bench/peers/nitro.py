"""Nitro (@statechannels/nitro-protocol): channels whose outcome both sides sign, paid at the end.

Nothing can be paid out of a channel that goes on, so a month is a new channel: a deposit into it,
and its conclusion. The home's states pay the hub; each is signed by both.
"""

from dataclasses import dataclass

from eth_abi.abi import encode

from gridplus.contracts.abi import call_data
from gridplus.digest import keccak256
from gridplus.keystore import Secp256k1Key
from gridplus.wallet import Address
from peers.ground import BOLT, CHAIN_ID, DAY_S, Cost, Ground, key, personal, vrs
from peers.installed import NITRO, shipped

ARTIFACT = "lib/artifacts/contracts/NitroAdjudicator.sol/NitroAdjudicator.json"
TURN = 2_977
"""States that a month of quarter hours leaves behind."""
_ALLOCATION = 0
_FIXED = "(uint256,address[],uint48,address,uint48)"
_SIGNATURE = "(uint8,bytes32,bytes32)"
_APP = Address(keccak256(b"an app that a state signed by all does not call")[:20])


@dataclass(frozen=True, slots=True)
class Channel:
    """What does not change in a channel of a home and the hub."""

    home: Secp256k1Key
    hub: Secp256k1Key
    nonce: int

    @property
    def fixed(self) -> tuple[object, ...]:
        sides = [self.home.address, self.hub.address]
        return CHAIN_ID, sides, self.nonce, _APP, DAY_S

    @property
    def name(self) -> bytes:
        types = ("uint256", "address[]", "uint48")
        return keccak256(
            encode(types, (CHAIN_ID, [self.home.address, self.hub.address], self.nonce))
        )


class Adjudicator:
    """A NitroAdjudicator that holds BOLT, and one hub."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.hub = key("nitro hub")
        self.address = ground.deploy(bytes.fromhex(shipped(NITRO, ARTIFACT)["bytecode"][2:]))

    def home(self, name: str) -> Secp256k1Key:
        """A key with BOLT that the adjudicator may take."""
        return self.ground.home(f"nitro {name}", lets=self.address)

    def deposit(self, channel: Channel, amount: int, *, held: int = 0) -> Cost:
        """`amount` more than the `held` that the home knows of."""
        spelling = "deposit(address,bytes32,uint256,uint256)"
        data = call_data(spelling, self.ground.token, channel.name, held, amount)
        return self.ground.send(channel.home, self.address, data)

    def outcome(self, channel: Channel, *, home: int, hub: int) -> bytes:
        """Who gets how much BOLT, in order of rank."""
        shares = [
            (channel.hub.address.rjust(32, b"\0"), hub),
            (channel.home.address.rjust(32, b"\0"), home),
        ]
        allocation = encode(["(bytes32,uint256)[]"], [shares])
        of_token = encode(["(uint8,bytes)"], [(_ALLOCATION, allocation)])
        return encode(["(address,bytes)[]"], [[(self.ground.token, of_token)]])

    def conclude(self, channel: Channel, outcome: bytes, *, by: Secp256k1Key) -> Cost:
        """Both have signed a last state; what it says is paid at once."""
        return self.ground.send(by, self.address, self.conclusion(channel, outcome))

    def conclusion(self, channel: Channel, outcome: bytes) -> bytes:
        """Calldata with which anybody concludes."""
        digest = personal(_state(channel, TURN, final=True, outcome=outcome))
        types = f"uint48,{_FIXED},bytes32,bytes,uint8,uint8[],{_SIGNATURE}[]"
        return call_data(
            f"concludeAndTransferAllAssets({types})",
            TURN,
            channel.fixed,
            _app_part(),
            outcome,
            1,
            [0, 0],
            [vrs(side.sign(digest)) for side in (channel.home, channel.hub)],
        )

    def challenge(
        self, channel: Channel, outcome: bytes, *, by: Secp256k1Key, turn: int = TURN
    ) -> Cost:
        """One side alone, with a state that both have signed; a newer one replaces it."""
        state = _state(channel, turn, final=False, outcome=outcome)
        both = [vrs(side.sign(personal(state))) for side in (channel.home, channel.hub)]
        dare = keccak256(encode(("bytes32", "string"), (state, "forceMove")))
        types = f"{_FIXED},uint48,(bytes,bytes)[],uint8,{_SIGNATURE}[],uint8[],{_SIGNATURE}"
        data = call_data(
            f"challenge({types})",
            channel.fixed,
            turn,
            [(outcome, b"")],
            0,
            both,
            [0, 0],
            vrs(by.sign(personal(dare))),
        )
        return self.ground.send(by, self.address, data)

    def pay_out(self, channel: Channel, outcome: bytes, *, challenged: bool) -> Cost:
        """What an outcome that is final says, to all."""
        state = _state(channel, TURN, final=False, outcome=outcome) if challenged else bytes(32)
        spelling = "transferAllAssets(bytes32,bytes,bytes32)"
        data = call_data(spelling, channel.name, outcome, state)
        return self.ground.send(channel.home, self.address, data)


def _app_part() -> bytes:
    return keccak256(encode(("uint48", "address", "bytes"), (DAY_S, _APP, b"")))


def _state(channel: Channel, turn: int, *, final: bool, outcome: bytes) -> bytes:
    """The hash that both sides sign."""
    types = ("uint48", "bool", "bytes32", "bytes32", "bytes32")
    return keccak256(encode(types, (turn, final, channel.name, _app_part(), keccak256(outcome))))


def measure(ground: Ground) -> dict[str, Cost]:
    """A home's life, with an adjudicator and a hub that hold BOLT already."""
    court = Adjudicator(ground)
    ground.give([court.hub.address])
    court.deposit(Channel(court.home("neighbour"), court.hub, 1), 300 * BOLT)
    ada = court.home("ada")
    channel = Channel(ada, court.hub, 1)
    opened = court.deposit(channel, 300 * BOLT)
    top_up = court.deposit(channel, 300 * BOLT, held=300 * BOLT)
    outcome = court.outcome(channel, home=565_432_110, hub=34_567_890)
    together = court.conclude(channel, outcome, by=court.hub)

    left, stale = Channel(ada, court.hub, 2), Channel(ada, court.hub, 3)
    for one in (left, stale):
        court.deposit(one, 300 * BOLT)
    outcome = court.outcome(left, home=265_432_110, hub=34_567_890)
    court.challenge(stale, court.outcome(stale, home=290 * BOLT, hub=10 * BOLT), by=ada)
    answer = court.challenge(stale, outcome, by=court.hub, turn=TURN + 2)
    alone = court.challenge(left, outcome, by=ada)
    ground.pass_time(DAY_S + 1)
    alone += court.pay_out(left, outcome, challenged=True)
    return {
        "open": opened,
        "top-up": top_up,
        "month": opened + together,
        "close together": together,
        "exit alone": alone,
        "answer to an exit": answer,
    }
