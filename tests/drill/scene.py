"""A street on a real EVM, a thief who holds some of its keys, and people who answer him.

A taken key of a home is gone for its people, unless a copy is left; of the retailer's keys there
are always copies. Each day the thief acts first and does all that his keys can; the people see it
a day later and do all that theirs can.
"""

from dataclasses import dataclass, field, replace

from gridplus.contracts import calls, home_calls
from gridplus.hub.orders import NOTICE_S
from gridplus.units import HOUR_S
from gridplus.wallet import Role, channel_id, descriptor_cfg
from tests.contracts.evm import Outcome, Signer, device_signer, signer
from tests.contracts.street import (
    ATTESTOR,
    BOLT,
    DAY_S,
    HUB,
    ISSUER,
    MINTER,
    RETAILER,
    STRANGER,
    TREASURER,
    Home,
    Street,
    new_street,
)

CAP_BOLT, DEPOSIT, POOL, UNMINTED = 10, 600 * BOLT, 3_000 * BOLT, 1_000 * BOLT
ROLES = {"owner": Role.OWNER, "guardian": Role.GUARDIAN, "device": Role.DEVICE}
KEYS = (*ROLES, "voucher", "hub", "treasurer", "publisher", "minter", "attestor")
THIEF = signer("thief")
NEXT_HUB, THIEVES_HUB = signer("next hub"), signer("thieves' hub")


@dataclass
class Scene:
    """`held` are the keys in force that the thief has; `copies` those of which the people have
    one too; `told` is the op nonce of which the hub told owner and guardian, and when, by who
    asked."""

    street: Street
    home: Home
    own: Home
    held: set[str] = field(default_factory=set)
    copies: set[str] = field(default_factory=set)
    told: dict[str, tuple[int, int]] = field(default_factory=dict)
    hub: Signer = HUB
    day: int = 0
    moves: int = 0
    to_retailer: int = 0
    lost_on: int | None = None
    wrong_roots: int = 0

    @property
    def now_s(self) -> int:
        return self.street.evm.now_s

    def tried(self, by: Signer, data: bytes, *, to: bytes | None = None) -> Outcome:
        """A transaction that may be refused."""
        return self.street.evm.send(by, to or self.street.vault, data)

    def roles_of(self, *, thief: bool) -> Role:
        """The home's keys that the thief has, or that the people have."""
        mine = self.held if thief else (set(ROLES) - self.held) | self.copies
        return Role(sum(role for name, role in ROLES.items() if name in mine))

    @property
    def headroom(self) -> int:
        return self.street.word(self.home).headroom

    def hub_signs(self, who: str) -> bool:
        """Whether the honest hub signs a rotation to new people: a day after it told the old."""
        nonce = self.street.word(self.home).op_nonce
        told = self.told.get(who)
        if told is None or told[0] != nonce:
            told = self.told[who] = (nonce, self.now_s)
        return self.now_s >= told[1] + NOTICE_S


def new_scene() -> Scene:
    """A home that has saved 45 days of its cap, a pool, and a thief with a small home."""
    street = new_street()
    home = street.open("ada", DEPOSIT, daily_cap=CAP_BOLT)
    own = street.open("mallory", BOLT, daily_cap=CAP_BOLT)
    street.fund_pool(POOL)
    street.evm.pass_time(60 * DAY_S)
    supply = street.ask(street.bolt, calls.total_supply())
    street.attest(reserve=supply + UNMINTED)
    return Scene(street, home, own)


def pair_in(roles: Role) -> Role | None:
    """The first two of these roles, if there are two."""
    found = [role for role in ROLES.values() if role in roles]
    return found[0] | found[1] if len(found) > 1 else None


def with_new_keys(scene: Scene, names: set[str]) -> Home:
    """The home once these of its keys are fresh ones."""
    scene.moves += 1
    home, n = scene.home, scene.moves
    owner = signer(f"owner {n}") if "owner" in names else home.owner
    guardian = signer(f"guardian {n}") if "guardian" in names else home.guardian
    device = device_signer(f"device {n}") if "device" in names else home.device
    descriptor = replace(
        home.descriptor,
        owner=owner.address,
        guardian=guardian.address,
        device_x=device.x,
        device_y=device.y,
    )
    cfg, key = descriptor_cfg(descriptor, CAP_BOLT), signer(f"voucher {n}")
    return Home(
        owner, guardian, device, key, descriptor, cfg, channel_id(key.address, cfg), home.domain
    )


def rotate(scene: Scene, to: Home, roles: Role) -> bool:
    """With the hub's word. Whether the vault took it."""
    word = scene.street.word(scene.home)
    data = scene.street.rotate(scene.home, to, (word.spent, word.earned), roles)
    return scene.tried(STRANGER, data).ok


def attack(scene: Scene) -> None:
    """All that the thief's keys can do today, what hurts most first."""
    if "hub" in scene.held:
        _use_hub(scene)
    _leave_with_the_home(scene)
    if "voucher" in scene.held:
        _pay_the_retailer(scene)
    if "treasurer" in scene.held:
        scene.tried(TREASURER, calls.finish_withdrawal())
        scene.tried(TREASURER, calls.request_withdrawal(scene.street.pool()))
        if scene.tried(TREASURER, calls.finish_hub()).ok:
            scene.hub = THIEVES_HUB
        scene.tried(TREASURER, calls.cancel_hub())
        scene.tried(TREASURER, calls.request_hub(THIEVES_HUB.address))
    if "attestor" in scene.held:
        street, now_s = scene.street, scene.now_s - 1
        supply = street.ask(street.bolt, calls.total_supply())
        forged = street.attestation(now_s, supply, 2 * supply, ATTESTOR)
        scene.tried(STRANGER, forged, to=street.bolt)
    if "minter" in scene.held:
        mintable = scene.street.ask(scene.street.bolt, calls.mintable())
        if mintable:
            scene.tried(MINTER, calls.mint(THIEF.address, mintable), to=scene.street.bolt)
    if "publisher" in scene.held:
        root = calls.anchor(scene.street.evm.today, 1, root=b"\x66" * 32)
        scene.wrong_roots += scene.tried(RETAILER, root, to=scene.street.anchor).ok


def _use_hub(scene: Scene) -> None:
    """Credit himself what a day allows; close the home if its owner's key is his."""
    street = scene.street
    allowed = street.ask(street.vault, calls.credit_allowance())
    if allowed and scene.hub in (HUB, THIEVES_HUB):
        earned = street.word(scene.own).earned + allowed
        scene.tried(STRANGER, street.credit_data(scene.own, earned, by=scene.hub))
    if "owner" in scene.held and scene.headroom:
        word = street.word(scene.home)
        final = street.final(scene.home, word.spent, word.earned, by=scene.hub)
        if scene.tried(scene.home.owner, home_calls.close(scene.home.named, final)).ok:
            scene.lost_on = scene.day
    pair = pair_in(scene.roles_of(thief=True))
    if pair is not None and scene.headroom and rotate(scene, scene.own, pair):
        scene.lost_on = scene.day


def _leave_with_the_home(scene: Scene) -> None:
    """Two keys move the home to the thief's own, when the hub signs that; the owner's key alone
    starts the slow exit, and is paid when it is mature."""
    street, home, roles = scene.street, scene.home, scene.roles_of(thief=True)
    pair, word = pair_in(roles), street.word(home)
    if not scene.headroom:
        return
    if pair is not None:
        if scene.hub_signs("thief") and rotate(scene, scene.own, pair):
            scene.lost_on = scene.day
    elif Role.OWNER in roles:
        if scene.tried(STRANGER, home_calls.finish_exit(home.named)).ok:
            scene.lost_on = scene.day
        elif not word.has_exit(scene.now_s):
            scene.tried(home.owner, home_calls.start_exit(home.named))


def _pay_the_retailer(scene: Scene) -> None:
    """As much as voucher key and cap allow: posted by anybody, in whole caps."""
    street, before = scene.street, scene.street.word(scene.home)
    allowed = min(before.cap_allowance(street.evm.today), before.headroom)
    if allowed:
        item = scene.home.voucher(before.spent + allowed)
        scene.tried(STRANGER, calls.post_vouchers([item]))
        scene.to_retailer += street.word(scene.home).spent - before.spent


def answer(scene: Scene) -> None:
    """All that the people can do, who know by now which keys are gone."""
    _replace_the_home_keys(scene)
    _stop_the_exit(scene)
    if "treasurer" in scene.held:
        scene.tried(TREASURER, calls.cancel_withdrawal())
        scene.tried(TREASURER, calls.cancel_hub())
    elif "hub" in scene.held and scene.hub is not NEXT_HUB:
        if scene.tried(TREASURER, calls.finish_hub()).ok:
            scene.hub = NEXT_HUB
            scene.held.discard("hub")
        else:
            scene.tried(TREASURER, calls.request_hub(NEXT_HUB.address))
    if "minter" in scene.held:
        scene.street.do(ISSUER, scene.street.bolt, calls.set_minter(MINTER.address, 0))
    if "attestor" in scene.held:
        fresh = signer("next attestor").address
        scene.street.do(ISSUER, scene.street.bolt, calls.set_attestor(fresh))
    scene.held -= {"publisher", "minter", "attestor"}


def _stop_the_exit(scene: Scene) -> None:
    """Not before it must be: what two keys send moves the op nonce, which voids their own wish to
    replace a key, and that ends the exit as well."""
    pair, word = pair_in(scene.roles_of(thief=False)), scene.street.word(scene.home)
    is_near = scene.now_s + 3 * DAY_S > word.exit_hour * HOUR_S
    if pair is not None and is_near and word.has_exit(scene.now_s):
        scene.tried(STRANGER, scene.street.cancel_by_two(scene.home, pair))


def _replace_the_home_keys(scene: Scene) -> None:
    """A new box at once; a new owner or guardian a day after both were told, one after the other
    where it takes a copy of a stolen key to do it."""
    gone = scene.held & {*ROLES, "voucher"}
    roles = scene.roles_of(thief=False)
    pair = pair_in(roles)
    if not gone or pair is None or not scene.headroom:
        return
    box = gone & {"device", "voucher"}
    at_once = box if box and Role.OWNER in roles and Role.GUARDIAN in roles else set()
    names = at_once or gone
    if not at_once and not scene.hub_signs("people"):
        return
    fresh = with_new_keys(scene, names | ({"device"} if "voucher" in names else set()))
    if rotate(scene, fresh, Role.OWNER | Role.GUARDIAN if at_once else pair):
        scene.home = fresh
        scene.held -= names
        scene.copies -= names
        scene.told.clear()
