"""Gas of the contracts beside the vault, all-in: registry, credits, reserve feed, wrapper, factory.

`python bench/gas_beside.py` prints gas and bytes of calldata. The wrapped dollar is another BOLT.
"""

from coincurve import PrivateKey
from cryptography.hazmat.primitives.asymmetric import ec

from gridplus.chain import Account, Call
from gridplus.chain.embedded import EmbeddedChain, Genesis
from gridplus.contracts import (
    bolt_wrapper,
    calls,
    kwh_credits,
    registry,
    reserve_feed,
    vault_factory,
)
from gridplus.digest import keccak256
from gridplus.keystore import DeviceKey, Secp256k1Key
from gridplus.wallet import (
    Address,
    ChannelId,
    Enrolment,
    FeedAttestation,
    Redemption,
    attestation_digest,
    bolt_domain,
    credits_domain,
    feed_domain,
    registry_domain,
    reserve_attestation_digest,
)

CHAIN_ID, START_S, DAY_S = 31337, 1_613_347_200, 86_400
BOLT = 1_000_000
RESERVE = 10**9 * BOLT
HOME = ChannelId(b"\x0c" * 32)


def new_key(name: str) -> Secp256k1Key:
    return Secp256k1Key(PrivateKey(keccak256(name.encode())))


class Clock:
    """Block time stands still."""

    def now_s(self) -> int:
        return START_S


class Scene:
    """A chain in memory, and one account that pays for all."""

    def __init__(self) -> None:
        self.key = new_key("anybody")
        genesis = Genesis(CHAIN_ID, {self.key.address: 10**24})
        self.chain = EmbeddedChain(None, Clock(), genesis=genesis)
        self.account = Account(self.key, self.chain)

    def row(self, name: str, to: Address, data: bytes) -> None:
        gas = self.account.transact(Call(to, data)).gas_used
        print(f"{name:<40}{gas:>11,}{len(data):>10,}")

    def deploy(self, name: str, code: bytes) -> Address:
        receipt = self.account.transact(Call(None, code))
        print(f"{'deploy ' + name:<40}{receipt.gas_used:>11,}{len(code):>10,}")
        if receipt.created is None:
            raise SystemExit(f"{name} was not created")
        return receipt.created


def measure_feed(scene: Scene) -> Address:
    """BOLT attested by one key, then by 3 of 5."""
    attestor, minter = new_key("attestor"), scene.key.address
    issuer = new_key("issuer").address
    code = calls.bolt_init_code(issuer, attestor.address, minter=minter, minter_allowance=RESERVE)
    bolt = scene.deploy("bolt", code)
    digest = reserve_attestation_digest(
        bolt_domain(CHAIN_ID, bolt), time_s=START_S, supply_seen=0, reserve=RESERVE
    )
    by_key = calls.attest_reserve(
        START_S, supply_seen=0, reserve=RESERVE, signature=attestor.sign(digest)
    )
    scene.row("reserve attested by a key", bolt, by_key)
    scene.account.transact(Call(bolt, calls.mint(scene.key.address, 1_000 * BOLT)))
    keys = sorted((new_key(f"attestor {n}") for n in range(5)), key=lambda key: key.address)
    feed_code = reserve_feed.init_code(bolt, [key.address for key in keys], quorum=3)
    feed = scene.deploy("reserve feed, 3 of 5", feed_code)
    seen = FeedAttestation(bolt, START_S, 1_000 * BOLT, RESERVE)
    digest = attestation_digest(feed_domain(CHAIN_ID, feed), seen)
    data = reserve_feed.attest(
        START_S,
        supply_seen=seen.supply_seen,
        reserve=seen.reserve,
        signatures={key.address: key.sign(digest) for key in keys[:3]},
    )
    scene.row("reserve attested by 3 of 5", feed, data)
    return bolt


def measure_wrapper(scene: Scene, bolt: Address) -> None:
    wrapper = scene.deploy("bolt wrapper", bolt_wrapper.init_code(bolt))
    me = scene.key.address
    scene.account.transact(Call(bolt, calls.approve(wrapper, calls.UNLIMITED)))
    scene.row("wrap, first", wrapper, bolt_wrapper.wrap(me, 10 * BOLT))
    scene.row("wrap", wrapper, bolt_wrapper.wrap(me, 10 * BOLT))
    scene.row("unwrap", wrapper, bolt_wrapper.unwrap(me, 5 * BOLT))


def measure_factory(scene: Scene, bolt: Address) -> None:
    factory = scene.deploy("vault factory", vault_factory.init_code())
    hub, treasurer = new_key("hub").address, new_key("treasurer").address
    data = vault_factory.create_vault(bolt, hub=hub, treasurer=treasurer)
    scene.row("create vault", factory, data)


def measure_registry(scene: Scene) -> None:
    device = DeviceKey(ec.derive_private_key(7, ec.SECP256R1()))
    codes = [new_key(f"claim code {n}") for n in range(200)]
    address = scene.deploy("registry", registry.init_code(scene.key.address))
    scene.row("issue 200 claim keys", address, registry.issue([code.address for code in codes]))
    x, y = (int.from_bytes(half, "big") for half in (device.public[:32], device.public[32:]))
    said = Enrolment(codes[0].address, x, y, scene.key.address, 0)
    digest = attestation_digest(registry_domain(CHAIN_ID, address), said)
    signed = registry.SignedEnrolment(
        said.claim_key, device.public, said.owner, 0, codes[0].sign(digest), device.sign(digest)
    )
    name = registry.device_of(device.public)
    scene.row("enrol a device", address, registry.enrol(signed))
    scene.row("hand a device over", address, registry.hand_over(name, scene.key.address))
    scene.row("un-enrol a device", address, registry.unenrol(name))


def measure_credits(scene: Scene) -> None:
    holder, expires_at_s = new_key("holder"), START_S + 90 * DAY_S
    code = kwh_credits.init_code(scene.key.address, limit_wh=10**6, period_s=30 * DAY_S)
    address = scene.deploy("credits", code)
    grant = kwh_credits.grant(holder.address, expires_at_s=expires_at_s, amount_wh=10**6)
    scene.row("grant a lot", address, grant)
    period = START_S // (30 * DAY_S)
    for nonce, name in enumerate(("redeem, first in a period", "redeem")):
        said = Redemption(HOME, 1_000, expires_at_s, period, nonce)
        signature = holder.sign(attestation_digest(credits_domain(CHAIN_ID, address), said))
        signed = kwh_credits.SignedRedemption(
            holder.address, HOME, 1_000, expires_at_s, period, signature
        )
        scene.row(name, address, kwh_credits.redeem_signed(signed))


def main() -> None:
    scene = Scene()
    print(f"{'':<40}{'gas':>11}{'bytes':>10}")
    bolt = measure_feed(scene)
    measure_wrapper(scene, bolt)
    measure_factory(scene, bolt)
    measure_registry(scene)
    measure_credits(scene)


if __name__ == "__main__":
    main()
