"""Raiden's one-to-n payments (raiden-contracts): a deposit, IOUs to any registered service.

The nearest to ours that a registry ships: IOUs of many payers are claimed in one transaction.
An IOU's session (payer, payee, expiry) is settled once, so that each month takes a new slot.
"""

from dataclasses import dataclass

from eth_abi.abi import encode

from gridplus.contracts import calls
from gridplus.contracts.abi import call_data, decode_values
from gridplus.keystore import Secp256k1Key
from gridplus.wallet import Address
from peers.ground import BOLT, CHAIN_ID, DAY_S, Cost, Ground, key, personal, rsv
from peers.raiden import init_code

WITHDRAW_TIMEOUT_S = 1_500
"""The default of the package's deployment."""
CHEAPEST_BATCH = 30
"""IOUs at which one costs least: each of a batch copies the signatures of all."""
_IOU = 5
_UINT = "uint256"


@dataclass(frozen=True, slots=True)
class Iou:
    """What a payer owes; a later one of the same session says more."""

    payer: Secp256k1Key
    payee: Address
    amount: int
    until_s: int


class Desk:
    """UserDeposit and OneToN for BOLT, with one payee; a service registers for a price."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.hub = key("one-to-n hub")
        token = ground.token
        prices = BOLT, 11, 10, 17_280_000, 1_000, 365 * DAY_S
        self._registry = ground.deploy(
            init_code("ServiceRegistry", ("address",) * 2 + (_UINT,) * 6, token, token, *prices)
        )
        types = ("address", _UINT, _UINT)
        self.deposits = ground.deploy(
            init_code("UserDeposit", types, token, 2**255, WITHDRAW_TIMEOUT_S)
        )
        types = ("address", _UINT, "address")
        self.address = ground.deploy(
            init_code("OneToN", types, self.deposits, CHAIN_ID, self._registry)
        )
        watch = init_code(
            "MonitoringService", ("address",) * 4, token, self._registry, self.deposits, token
        )
        ends = ground.deploy(watch), self.address
        ground.send(self.hub, self.deposits, call_data("init(address,address)", *ends))
        self.register(self.hub)

    def register(self, service: Secp256k1Key) -> None:
        """Anybody may, for a BOLT or two."""
        self.ground.give([service.address])
        everything = calls.approve(self._registry, calls.UNLIMITED)
        self.ground.send(service, self.ground.token, everything)
        self.ground.send(service, self._registry, call_data("deposit(uint256)", 2 * BOLT))

    def home(self, name: str) -> Secp256k1Key:
        """A key with BOLT that the desk may take."""
        return self.ground.home(f"one-to-n {name}", lets=self.deposits)

    def deposit(self, home: Secp256k1Key, total: int, *, by: Secp256k1Key | None = None) -> Cost:
        """Until `total` was put in for the home, of all times together."""
        data = call_data("deposit(address,uint256)", home.address, total)
        return self.ground.send(by or home, self.deposits, data)

    def held(self, holder: Address) -> int:
        """What is in the deposit for `holder`, µBOLT."""
        answer = self.ground.ask(self.deposits, call_data("balances(address)", holder))
        return int(decode_values([_UINT], answer)[0])

    def signed(self, iou: Iou) -> bytes:
        said = encode((_UINT, _UINT), (CHAIN_ID, _IOU)) + iou.payer.address + iou.payee
        said += encode((_UINT, _UINT), (iou.amount, iou.until_s))
        return rsv(iou.payer.sign(personal(self.address + said)))

    def claim(self, iou: Iou) -> bytes:
        """Calldata with which anybody sends the payee what is owed."""
        return call_data(
            "claim(address,address,uint256,uint256,bytes)",
            iou.payer.address,
            iou.payee,
            iou.amount,
            iou.until_s,
            self.signed(iou),
        )

    def bulk_claim(self, *ious: Iou) -> bytes:
        """Calldata of many claims in one."""
        return call_data(
            "bulkClaim(address[],address[],uint256[],uint256[],bytes)",
            [iou.payer.address for iou in ious],
            [iou.payee for iou in ious],
            [iou.amount for iou in ious],
            [iou.until_s for iou in ious],
            b"".join(map(self.signed, ious)),
        )

    def plan(self, home: Secp256k1Key, amount: int) -> Cost:
        """Announce a withdrawal; it replaces an earlier one."""
        return self.ground.send(home, self.deposits, call_data("planWithdraw(uint256)", amount))

    def withdraw(self, home: Secp256k1Key, amount: int) -> Cost:
        """What was announced long enough ago."""
        return self.ground.send(home, self.deposits, call_data("withdraw(uint256)", amount))


def measure(ground: Ground) -> dict[str, Cost]:
    """One home's steps, and a month's claim of a street."""
    desk = Desk(ground)
    ada, neighbour = desk.home("ada"), desk.home("neighbour")
    desk.deposit(neighbour, 300 * BOLT)
    opened, top_up = desk.deposit(ada, 300 * BOLT), desk.deposit(ada, 600 * BOLT)
    street = [key(f"one-to-n home {number}") for number in range(CHEAPEST_BATCH)]
    for total, home in enumerate(street, start=1):
        desk.deposit(home, 10 * BOLT + total, by=neighbour)

    until_s = ground.now_s + 30 * DAY_S
    before = Iou(neighbour, desk.hub.address, BOLT, until_s)
    ground.send(desk.hub, desk.address, desk.claim(before))
    single = Iou(ada, desk.hub.address, 34_567_890, until_s)
    claim = ground.send(desk.hub, desk.address, desk.claim(single))
    month = [Iou(home, desk.hub.address, 4_567_890, until_s) for home in street]
    batch = ground.send(desk.hub, desk.address, desk.bulk_claim(*month)).each_of(len(month))
    alone = desk.plan(ada, 300 * BOLT)
    ground.pass_time(WITHDRAW_TIMEOUT_S + 1)
    alone += desk.withdraw(ada, 300 * BOLT)
    return {
        "open": opened,
        "top-up": top_up,
        "claim": claim,
        "claim in a batch": batch,
        "month": top_up + batch,
        "exit alone": alone,
        "answer to an exit": claim,
    }
