"""The papers are with all three before money comes, and their salt is found again."""

from dataclasses import replace

import pytest

from gridplus.failures import InputError
from gridplus.owner import Receipts, parse_receipts, salt_digest, salt_of
from tests.owner.test_order import DEVICE, GUARDIAN, IDENTITY, OWNER, STRANGER


def kept() -> Receipts:
    receipts = Receipts(IDENTITY)
    for role, key in (("owner", OWNER), ("guardian", GUARDIAN), ("device", DEVICE)):
        receipts = receipts.signed(role, key.sign(receipts.digest))
    return receipts


def test_three_receipts_are_read_back_and_each_is_missed() -> None:
    assert Receipts(IDENTITY).missing == ("owner", "guardian", "device")
    whole = kept()
    assert whole.missing == ()
    assert parse_receipts(whole.to_bytes(), IDENTITY, what="receipts") == whole
    part = replace(whole, signatures={"device": whole.signatures["device"]})
    assert parse_receipts(part.to_bytes(), IDENTITY, what="receipts").missing == (
        "owner",
        "guardian",
    )


@pytest.mark.parametrize("role", ["owner", "guardian", "device"])
def test_a_receipt_by_another_key_or_for_other_papers_is_refused(role: str) -> None:
    whole = kept()
    forged = whole.signed(role, STRANGER.sign(whole.digest))
    with pytest.raises(InputError, match=f"receipt of the {role}"):
        parse_receipts(forged.to_bytes(), IDENTITY, what="receipts")
    others = replace(IDENTITY, opening_cap=11)
    with pytest.raises(InputError, match="another home"):
        parse_receipts(whole.to_bytes(), others, what="receipts")
    same_channel = replace(whole, identity=replace(IDENTITY, anchor=IDENTITY.vault))
    with pytest.raises(InputError, match="receipt of the owner"):
        parse_receipts(same_channel.to_bytes(), same_channel.identity, what="receipts")


def test_who_signs_a_receipt_is_one_of_the_three() -> None:
    assert kept().role_of(DEVICE.public) == "device"
    with pytest.raises(InputError, match="not the owner's"):
        kept().role_of(STRANGER.address)


def test_the_salt_is_found_again_from_the_owners_key_and_from_no_other() -> None:
    asked = salt_digest(IDENTITY.domain, 0)
    salt = salt_of(OWNER.sign(asked))
    assert salt == salt_of(OWNER.sign(asked))
    assert len(salt) == 32
    others = {
        salt_of(STRANGER.sign(asked)),
        salt_of(OWNER.sign(salt_digest(IDENTITY.domain, 1))),
        salt_of(OWNER.sign(salt_digest(replace(IDENTITY.domain, chain_id=1), 0))),
    }
    assert len(others | {salt}) == 4
