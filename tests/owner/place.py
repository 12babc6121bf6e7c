"""A chain with a retailer on it, and homes whose people have their keys: embedded, or anvil."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from gridplus.chain import Account, Call, Chain, Receipt
from gridplus.chain.deploy import DEV_ROLES, found_dev
from gridplus.chain.deployment import Deployment
from gridplus.contracts import calls
from gridplus.keystore import DeviceKey, KeyStore, Secp256k1Key
from gridplus.owner import Desk, Order
from gridplus.tariff import ChannelIdentity
from gridplus.units import UBOLT_PER_BOLT
from gridplus.wallet import Action, Descriptor, voucher_digest

DAY_S = 86_400
DAILY_CAP = 10
DEPOSIT = 200 * UBOLT_PER_BOLT


@dataclass
class Retailer:
    """Contracts and role keys on one chain, and how time passes there."""

    chain: Chain
    keys: dict[str, Secp256k1Key]
    deployment: Deployment
    pass_time: Callable[[int], None]

    def act(self, role: str, data: bytes) -> Receipt:
        """A call to the vault by one of the retailer's keys."""
        account = Account(self.keys[role], self.chain)
        return account.transact(Call(self.deployment.vault, data))

    def claim(self, home: "Home", spent_ubolt: int, *, by: Secp256k1Key | None = None) -> int:
        """The hub claims a voucher of the home; how far the channel's `spent` has come."""
        signer = by or home.voucher_key
        digest = voucher_digest(
            home.identity.domain, home.identity.cfg, spent=spent_ubolt, earned=0
        )
        item = calls.ClaimItem(home.identity.cfg, spent_ubolt, 0, signer.sign(digest))
        asked = calls.next_seq()
        seq = asked.decode(self.chain.call(self.deployment.vault, asked.calldata))
        self.act("hub", calls.claim([item], fund=0, seq=seq))
        return home.desk.standing().view.word.spent

    def balance(self, holder: bytes) -> int:
        asked = calls.balance_of(holder)
        return asked.decode(self.chain.call(self.deployment.bolt, asked.calldata))


@dataclass
class Home:
    """People and a box, each with a key; the desk of whoever looks."""

    retailer: Retailer
    owner: Secp256k1Key
    guardian: Secp256k1Key
    device: DeviceKey
    voucher_key: Secp256k1Key
    identity: ChannelIdentity
    used: list[Order] = field(default_factory=list)

    @property
    def desk(self) -> Desk:
        return Desk(self.retailer.chain, self.identity)

    @property
    def headroom(self) -> int:
        return self.desk.standing().view.headroom

    def order(self, action: Action, *roles: str, **keys: Secp256k1Key) -> Order:
        """An order signed by these roles; `keys` put other keys in a role's place."""
        order = Order(self.identity, action)
        mine = {"owner": self.owner, "guardian": self.guardian, "device": self.device}
        for role in roles:
            key = keys.get(role) or mine.get(role) or self.retailer.keys["hub"]
            order = order.signed(role, key.sign(order.digest))
        return order

    def send(self, order: Order) -> Receipt:
        """Anybody posts it: here the dev holder."""
        return self.desk.send(order, Account(self.retailer.keys["holder"], self.retailer.chain))

    def terms(self) -> tuple[int, int]:
        return self.desk.terms()


def found(chain: Chain, keys: KeyStore, pass_time: Callable[[int], None]) -> Retailer:
    roles = {role: keys.create(role, Secp256k1Key) for role in DEV_ROLES}
    return Retailer(chain, roles, Deployment(0, *[b""] * 4), pass_time)  # type: ignore[list-item]


def settle(retailer: Retailer) -> Retailer:
    """Deploy, once the role keys have ether."""
    return replace(retailer, deployment=found_dev(retailer.chain, retailer.keys))


def move_in(retailer: Retailer, folder: Path, *, deposit: int = DEPOSIT) -> Home:
    """A home with fresh keys and a deposit that the dev holder pays."""
    keys = KeyStore(folder)
    owner, guardian, voucher = (
        keys.create(name, Secp256k1Key) for name in ("owner", "guardian", "voucher")
    )
    device = keys.create("device", DeviceKey)
    home = with_keys(retailer, owner, guardian=guardian, device=device, voucher=voucher)
    if deposit:
        holder = retailer.keys["holder"]
        home.desk.deposit(holder, deposit, account=Account(holder, retailer.chain))
    return home


def with_keys(
    retailer: Retailer,
    owner: Secp256k1Key,
    *,
    guardian: Secp256k1Key,
    device: DeviceKey,
    voucher: Secp256k1Key,
) -> Home:
    """The home that these keys make; nothing is deposited."""
    x, y = (int.from_bytes(half, "big") for half in (device.public[:32], device.public[32:]))
    named = retailer.deployment
    identity = ChannelIdentity(
        named.chain_id,
        named.vault,
        named.anchor,
        Descriptor(owner.address, guardian.address, x, y, bytes(31) + b"\x07"),
        DAILY_CAP,
        voucher.address,
    )
    return Home(retailer, owner, guardian, device, voucher, identity)
