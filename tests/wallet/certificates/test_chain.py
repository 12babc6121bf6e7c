"""Whom a verifier believes, and what each lie is called."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA384
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given, settings
from hypothesis import strategies as st

from gridplus.wallet.certificates import (
    DeviceName,
    Distrust,
    Purpose,
    Refused,
    Trust,
    Verified,
    device_id,
    device_public,
    verify_chain,
)
from tests.wallet.certificates.forge import (
    DAY,
    NOW,
    Made,
    Wish,
    World,
    authority_wish,
    make,
    revoke,
)

Presented = list[bytes]
Lie = Callable[[World], Presented]


@pytest.fixture(scope="module")
def world() -> World:
    return World()


def verdict(
    presented: Presented, trust: Trust, purpose: Purpose = Purpose.CLIENT
) -> Verified | Refused:
    return verify_chain(presented, trust=trust, at=NOW, purpose=purpose)


def reason(presented: Presented, trust: Trust, purpose: Purpose = Purpose.CLIENT) -> Distrust:
    answer = verdict(presented, trust, purpose)
    assert isinstance(answer, Refused), answer
    return answer.reason


def id_of(made: Made) -> bytes:
    public = device_public(made.certificate.public_key())
    assert public is not None
    return device_id(public)


def test_a_good_device_is_believed_and_named(world: World) -> None:
    answer = verdict(world.chain(), world.trust())
    assert isinstance(answer, Verified)
    assert answer.device == DeviceName(id_of(world.device), 0)


def test_the_root_may_be_presented_too(world: World) -> None:
    assert isinstance(verdict([*world.chain(), world.root.der], world.trust()), Verified)


def test_a_good_endpoint_is_believed_as_a_server_only(world: World) -> None:
    names = [x509.DNSName("retailer.example")]
    wish = Wish("retailer.example", names=names, usages=[ExtendedKeyUsageOID.SERVER_AUTH])
    chain = world.chain(make(wish, by=world.issuing))
    answer = verdict(chain, world.trust(), Purpose.SERVER)
    assert isinstance(answer, Verified)
    assert answer.device is None
    assert reason(chain, world.trust()) is Distrust.WRONG_PURPOSE


def lie(wish: Wish) -> Lie:
    return lambda world: world.chain(make(wish, by=world.issuing))


def same_name_authority(world: World) -> Presented:
    twin = make(authority_wish("Test issuing", 0), by=make(authority_wish("Test root", 1)))
    return [make(Wish(), by=twin).der, twin.der]


def same_name_root(world: World) -> Presented:
    twin = make(authority_wish("Test root", 1))
    issuing = make(authority_wish("Test issuing", 0), by=twin)
    return [make(Wish(), by=issuing).der, issuing.der, twin.der]


def device_as_authority(world: World) -> Presented:
    return [make(Wish(), by=world.device).der, *world.chain()]


def foreign_issuer(world: World) -> Presented:
    other = World(title="Other")
    return other.chain()


def one_level_too_deep(world: World) -> Presented:
    below = make(authority_wish("Below", None), by=world.issuing)
    return [make(Wish(), by=below).der, below.der, world.issuing.der]


def over_long(world: World) -> Presented:
    return [world.device.der, *[world.issuing.der] * 4]


def over_long_without_its_root(world: World) -> Presented:
    return [world.device.der, *[world.issuing.der] * 3]


def out_of_order(world: World) -> Presented:
    return list(reversed(world.chain()))


def weak_authority(world: World) -> Presented:
    key = rsa.generate_private_key(65_537, 2_048)
    issuing = make(authority_wish("Test issuing", 0, key=key), by=world.root)
    return [world.device.der, issuing.der]


LIES: dict[str, tuple[Lie, Distrust]] = {
    "no certificate": (lambda world: [], Distrust.NO_CERTIFICATE),
    "five certificates": (over_long, Distrust.TOO_MANY),
    "four without the root": (over_long_without_its_root, Distrust.TOO_MANY),
    "garbage": (lambda world: [b"\x30\x03abc"], Distrust.UNREADABLE),
    "a truncated leaf": (
        lambda world: [world.device.der[:-9], world.issuing.der],
        Distrust.UNREADABLE,
    ),
    "17 kB": (lambda world: [world.device.der + bytes(17_000)], Distrust.TOO_LARGE),
    "an RSA key": (
        lie(Wish("x", key=rsa.generate_private_key(65_537, 2_048))),
        Distrust.WEAK_KEY,
    ),
    "a key of another curve": (
        lie(Wish("x", key=ec.generate_private_key(ec.SECP256K1()))),
        Distrust.WEAK_KEY,
    ),
    "an authority with an RSA key": (weak_authority, Distrust.WEAK_KEY),
    "another hash": (lie(Wish(hash=SHA384())), Distrust.WEAK_SIGNATURE),
    "a foreign issuer": (foreign_issuer, Distrust.FOREIGN_ISSUER),
    "certificates out of order": (out_of_order, Distrust.FOREIGN_ISSUER),
    "an authority of the same name": (same_name_authority, Distrust.BAD_SIGNATURE),
    "a root of the same name": (same_name_root, Distrust.BAD_SIGNATURE),
    "a device that issues": (device_as_authority, Distrust.NOT_AN_AUTHORITY),
    "an authority below an authority": (one_level_too_deep, Distrust.NOT_AN_AUTHORITY),
    "tomorrow's": (lie(Wish(begin=NOW + DAY)), Distrust.NOT_YET_VALID),
    "yesterday's": (lie(Wish(end=NOW - timedelta(seconds=1))), Distrust.EXPIRED),
    "a server's": (lie(Wish(usages=[ExtendedKeyUsageOID.SERVER_AUTH])), Distrust.WRONG_PURPOSE),
    "any purpose": (
        lie(Wish(usages=[ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE])),
        Distrust.WRONG_PURPOSE,
    ),
    "no purpose": (lie(Wish(usages=())), Distrust.WRONG_PURPOSE),
    "an authority itself": (lambda world: [world.issuing.der], Distrust.WRONG_PURPOSE),
    "no name": (lie(Wish(names=())), Distrust.NOT_A_DEVICE),
    "another device's name": (
        lie(Wish(names=[x509.UniformResourceIdentifier(DeviceName(bytes(32), 0).uri)])),
        Distrust.NOT_A_DEVICE,
    ),
    "a spelling of its own": (
        lie(Wish(names=[x509.UniformResourceIdentifier("urn:gridplus:device:00:+1")])),
        Distrust.NOT_A_DEVICE,
    ),
    "another subject": (lie(Wish("Test issuing")), Distrust.NOT_A_DEVICE),
}


@pytest.mark.parametrize(("told", "expected"), LIES.values(), ids=LIES)
def test_each_lie_has_its_name(world: World, told: Lie, expected: Distrust) -> None:
    assert reason(told(world), world.trust()) is expected


def test_a_revoked_device_is_refused_and_its_neighbour_is_not(world: World) -> None:
    neighbour = make(Wish(), by=world.issuing)
    trust = world.trust(world.device.certificate.serial_number)
    assert reason(world.chain(), trust) is Distrust.REVOKED
    assert isinstance(verdict(world.chain(neighbour), trust), Verified)


def test_a_revoked_authority_takes_its_devices_with_it(world: World) -> None:
    lists = (revoke(world.root, world.issuing.certificate.serial_number), revoke(world.issuing))
    trust = replace(world.trust(), lists=lists)
    answer = verdict(world.chain(), trust)
    assert isinstance(answer, Refused)
    assert (answer.reason, answer.place) == (Distrust.REVOKED, 1)


def test_without_a_list_nobody_is_believed_unless_that_was_asked_for(world: World) -> None:
    bare = replace(world.trust(), lists=())
    assert reason(world.chain(), bare) is Distrust.NO_REVOCATION_LIST
    assert isinstance(verdict(world.chain(), replace(bare, revocation=False)), Verified)


def test_a_list_out_of_date_is_no_list(world: World) -> None:
    lists = (revoke(world.root), revoke(world.issuing, until=NOW - timedelta(hours=1)))
    trust = replace(world.trust(), lists=lists)
    assert reason(world.chain(), trust) is Distrust.STALE_REVOCATION_LIST


def test_a_list_that_a_namesake_signed_does_not_count(world: World) -> None:
    twin = make(authority_wish("Test issuing", 0))
    trust = replace(world.trust(), lists=(revoke(world.root), revoke(twin)))
    assert reason(world.chain(), trust) is Distrust.NO_REVOCATION_LIST


def test_an_old_epoch_is_refused_and_the_present_one_is_not(world: World) -> None:
    device = id_of(world.device)
    assert reason(world.chain(), world.trust(epochs={device: 1})) is Distrust.OLD_EPOCH
    assert isinstance(verdict(world.chain(), world.trust(epochs={device: 0})), Verified)


def test_a_crowd_of_names_is_not_a_device(world: World) -> None:
    names = [x509.UniformResourceIdentifier(f"urn:gridplus:device:{i:064x}:0") for i in range(140)]
    crowded = make(Wish(names=names), by=world.issuing)
    assert reason(world.chain(crowded), world.trust()) is Distrust.NOT_A_DEVICE


def test_no_flip_of_a_bit_makes_a_twin(world: World) -> None:
    leaf, above = world.chain()
    for place in range(0, 8 * len(leaf), 7):
        twin = bytearray(leaf)
        twin[place // 8] ^= 1 << place % 8
        assert isinstance(verdict([bytes(twin), above], world.trust()), Refused), place


@settings(max_examples=100, deadline=None)
@given(place=st.integers(0, 1 << 16), byte=st.integers(1, 255), cut=st.booleans())
def test_no_damage_to_a_leaf_is_believed_or_crashes(place: int, byte: int, cut: bool) -> None:
    damaged = bytearray(_WORLD.device.der)
    place %= len(damaged)
    if cut:
        del damaged[place:]
    else:
        damaged[place] ^= byte
    assert isinstance(verdict([bytes(damaged), _WORLD.issuing.der], _TRUST), Refused)


_WORLD = World()
_TRUST = _WORLD.trust()
