"""Two of three keys approve, and a bad signature among good ones spoils them."""

from itertools import combinations

import pytest

from gridplus.wallet import (
    Address,
    CancelExit,
    ChannelId,
    Descriptor,
    Role,
    action_digest,
    is_signed_by_two,
    vault_domain,
)
from tests.contracts.evm import device_signer, signer

OWNER, GUARDIAN, DEVICE = signer("owner"), signer("guardian"), device_signer("device")
DESCRIPTOR = Descriptor(OWNER.address, GUARDIAN.address, DEVICE.x, DEVICE.y, bytes(32))
VAULT = vault_domain(31337, Address(b"\xc0" * 20))
DIGEST = action_digest(VAULT, CancelExit(ChannelId(bytes(32)), 0, 9))
SIGNED = {
    Role.OWNER: OWNER.sign(DIGEST),
    Role.GUARDIAN: GUARDIAN.sign(DIGEST),
    Role.DEVICE: DEVICE.sign(DIGEST),
}


@pytest.mark.parametrize("roles", [*combinations(SIGNED, 2), tuple(SIGNED)])
def test_any_two_approve_and_so_do_all_three(roles: tuple[Role, ...]) -> None:
    signatures = {role: SIGNED[role] for role in roles}
    assert is_signed_by_two(DESCRIPTOR, DIGEST, signatures=signatures)
    assert not is_signed_by_two(DESCRIPTOR, bytes(32), signatures=signatures)
    for role in roles:
        for bad in (bytes(64), b"", SIGNED[Role.OWNER if role is Role.DEVICE else Role.DEVICE]):
            assert not is_signed_by_two(DESCRIPTOR, DIGEST, signatures={**signatures, role: bad})


@pytest.mark.parametrize("role", SIGNED)
def test_one_key_alone_approves_nothing(role: Role) -> None:
    assert not is_signed_by_two(DESCRIPTOR, DIGEST, signatures={role: SIGNED[role]})
    assert not is_signed_by_two(DESCRIPTOR, DIGEST, signatures={})
