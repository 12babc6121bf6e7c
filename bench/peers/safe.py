"""Safe (@safe-global/safe-contracts): a 2-of-3 wallet a home, or a retailer that pulls with one.

No channel: a home's Safe pays each month on chain. The other way round, homes allow a retailer's
Safe to take their BOLT, and it takes from many in one transaction through MultiSendCallOnly.
"""

from collections.abc import Sequence
from functools import cache

from eth_abi.abi import encode

from gridplus.contracts import calls
from gridplus.contracts.abi import call_data
from gridplus.digest import keccak256
from gridplus.wallet import ZERO_ADDRESS, Address
from peers.ground import BOLT, CHAIN_ID, Cost, Ground, key, rsv
from peers.installed import SAFE, shipped

CALL, DELEGATE_CALL = 0, 1
PULLED_AT_ONCE = 200
_DOMAIN = keccak256(b"EIP712Domain(uint256 chainId,address verifyingContract)")
_SAFE_TX = keccak256(
    b"SafeTx(address to,uint256 value,bytes data,uint8 operation,uint256 safeTxGas,"
    b"uint256 baseGas,uint256 gasPrice,address gasToken,address refundReceiver,uint256 nonce)"
)
_NO_REFUND = 0, 0, 0, ZERO_ADDRESS, ZERO_ADDRESS


@cache
def _init_code(path: str) -> bytes:
    document = shipped(SAFE, f"build/artifacts/contracts/{path}.json")
    return bytes.fromhex(document["bytecode"][2:])


class Works:
    """What all Safes share: the code, the factory, the fallback handler, the batch library."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.code = ground.deploy(_init_code("Safe.sol/Safe"))
        handler = "handler/CompatibilityFallbackHandler.sol/CompatibilityFallbackHandler"
        self.handler = ground.deploy(_init_code(handler))
        self.factory = ground.deploy(_init_code("proxies/SafeProxyFactory.sol/SafeProxyFactory"))
        self.batch = ground.deploy(_init_code("libraries/MultiSendCallOnly.sol/MultiSendCallOnly"))


class Safe:
    """A wallet of three keys of which two decide, with what it took to create it."""

    def __init__(self, works: Works, name: str) -> None:
        self._works = works
        roles = ("owner", "guardian", "device")
        self.keys = sorted((key(f"{name} {role}") for role in roles), key=lambda k: k.address)
        setup = call_data(
            "setup(address[],uint256,address,bytes,address,address,uint256,address)",
            [owner.address for owner in self.keys],
            2,
            ZERO_ADDRESS,
            b"",
            works.handler,
            ZERO_ADDRESS,
            0,
            ZERO_ADDRESS,
        )
        salt = int.from_bytes(keccak256(name.encode()), "big")
        spelling = "createProxyWithNonce(address,bytes,uint256)"
        create = call_data(spelling, works.code, setup, salt)
        self.address = Address(works.ground.ask(works.factory, create)[12:])
        self.created = works.ground.send(self.keys[0], works.factory, create)
        self._nonce = 0

    def data(self, to: Address, data: bytes, *, operation: int = CALL) -> bytes:
        """Calldata with which two keys have the Safe call `to`; the nonce is the next."""
        digest = self._digest(to, data, operation)
        self._nonce += 1
        return call_data(
            "execTransaction(address,uint256,bytes,uint8,uint256,uint256,uint256,address,address,bytes)",
            to,
            0,
            data,
            operation,
            *_NO_REFUND,
            b"".join(rsv(one.sign(digest)) for one in self.keys[:2]),
        )

    def _digest(self, to: Address, data: bytes, operation: int) -> bytes:
        domain = encode(("bytes32", "uint256", "address"), (_DOMAIN, CHAIN_ID, self.address))
        types = (
            "bytes32 address uint256 bytes32 uint8 uint256 uint256 uint256 address address uint256"
        )
        said = _SAFE_TX, to, 0, keccak256(data), operation, *_NO_REFUND, self._nonce
        return keccak256(b"\x19\x01" + keccak256(domain) + keccak256(encode(types.split(), said)))

    def call(self, to: Address, data: bytes) -> Cost:
        """Raises Reverted when what it calls reverts."""
        return self._works.ground.send(self.keys[0], self.address, self.data(to, data))

    def batch(self, *parts: tuple[Address, bytes]) -> bytes:
        """Calldata with which the Safe calls each in turn; if one reverts, all do."""
        packed = b"".join(
            bytes([CALL]) + to + encode(["uint256"] * 2, (0, len(data))) + data
            for to, data in parts
        )
        send = call_data("multiSend(bytes)", packed)
        return self.data(self._works.batch, send, operation=DELEGATE_CALL)

    def pull(self, homes: Sequence[Address], amount: int) -> bytes:
        """Calldata that takes `amount` BOLT from each who allowed it, or from none."""
        spelling = "transferFrom(address,address,uint256)"
        return self.batch(
            *(
                (self._works.ground.token, call_data(spelling, home, self.address, amount))
                for home in homes
            )
        )


def measure(ground: Ground) -> dict[str, Cost]:
    """A home's Safe is created and pays a retailer that holds BOLT already."""
    works, retailer = Works(ground), key("safe retailer").address
    home = Safe(works, "ada")
    ground.give([home.address, retailer])
    pay = calls.transfer(retailer, 34_567_890)
    home.call(ground.token, pay)
    month = home.call(ground.token, pay)
    return {"created per home": home.created, "paid out by two of three": month, "month": month}


def measure_pull(ground: Ground) -> dict[str, Cost]:
    """A retailer's Safe takes from a street that allowed it."""
    till = Safe(Works(ground), "retailer")
    ground.give([till.address])
    street = [
        ground.home(f"pulled home {n}", lets=till.address).address for n in range(PULLED_AT_ONCE)
    ]
    till.call(ground.token, calls.transfer(street[0], BOLT))
    cost = ground.send(till.keys[0], till.address, till.pull(street, 34_567_890))
    return {"month": cost.each_of(len(street))}
