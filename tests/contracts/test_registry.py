"""Who has opened the box enrols its device, once, for the owner that he names."""

from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridplus.contracts import parse_log, registry
from gridplus.contracts.registry import ClaimState, DeviceState, SignedEnrolment, Status
from gridplus.wallet import (
    ZERO_ADDRESS,
    Address,
    Domain,
    Enrolment,
    attestation_digest,
    registry_domain,
)
from tests.contracts.evm import (
    CHAIN_ID,
    P256_ORDER,
    DeviceSigner,
    Evm,
    Reverted,
    Signer,
    device_signer,
    signer,
)
from tests.contracts.street import DEPLOYER, STRANGER, Street, new_street

MAKER, ADA, BOB, THIEF = map(signer, ("maker", "ada", "bob", "thief"))
CODE, OTHER_CODE = signer("claim code"), signer("another claim code")
BOX, OTHER_BOX = device_signer("box"), device_signer("another box")
NOBODY = DeviceState(ZERO_ADDRESS, ZERO_ADDRESS, 0)


def public(box: DeviceSigner) -> bytes:
    """64 bytes x || y."""
    return box.x.to_bytes(32, "big") + box.y.to_bytes(32, "big")


def with_high_s(signature: bytes) -> bytes:
    """The twin that P-256 itself would accept."""
    s = P256_ORDER - int.from_bytes(signature[32:], "big")
    return signature[:32] + s.to_bytes(32, "big")


@dataclass
class Desk:
    """A registry with two issued claim keys."""

    street: Street
    registry: Address

    @property
    def domain(self) -> Domain:
        return registry_domain(CHAIN_ID, self.registry)

    def signed(
        self, owner: Signer, *, code: Signer = CODE, box: DeviceSigner = BOX, epoch: int = 0
    ) -> SignedEnrolment:
        said = Enrolment(code.address, box.x, box.y, owner.address, epoch)
        digest = attestation_digest(self.domain, said)
        return SignedEnrolment(
            code.address, public(box), owner.address, epoch, code.sign(digest), box.sign(digest)
        )

    def enrol(self, signed: SignedEnrolment) -> object:
        return self.do(STRANGER, registry.enrol(signed))

    def do(self, sender: Signer, data: bytes) -> object:
        (log,) = self.street.do(sender, self.registry, data).logs
        return parse_log(log[1], log[2])

    def refused(self, sender: Signer, data: bytes) -> str:
        return self.street.refused(sender, self.registry, data)

    def refused_enrolment(self, signed: SignedEnrolment) -> str:
        return self.refused(STRANGER, registry.enrol(signed))

    def device(self, box: DeviceSigner = BOX) -> DeviceState:
        return self.street.ask(self.registry, registry.device(registry.device_of(public(box))))

    def claim(self, code: Signer = CODE) -> ClaimState:
        return self.street.ask(self.registry, registry.claim(code.address))


def open_desk(street: Street) -> Desk:
    address = street.evm.deploy(DEPLOYER, registry.init_code(MAKER.address))
    street.do(MAKER, address, registry.issue([CODE.address, OTHER_CODE.address]))
    return Desk(street, address)


@pytest.fixture
def desk(street: Street) -> Desk:
    return open_desk(street)


NAME = registry.device_of(public(BOX))


def test_a_claim_key_and_its_device_enrol_an_owner(desk: Desk) -> None:
    assert desk.claim() == ClaimState(Status.ISSUED, bytes(32))
    assert desk.device() == NOBODY
    log = desk.enrol(desk.signed(ADA))
    assert log == registry.Enrolled(NAME, ADA.address, CODE.address, 0)
    assert desk.claim() == ClaimState(Status.ENROLLED, NAME)
    assert desk.device() == DeviceState(ADA.address, CODE.address, 0)


def test_what_a_thief_copies_from_the_mempool_enrols_for_the_owner_only(desk: Desk) -> None:
    """I-RG-1. The thief changes what he can: owner, device, claim key, epoch, signatures."""
    seen, own = desk.signed(ADA), desk.signed(THIEF, code=OTHER_CODE, box=OTHER_BOX)
    for forged in (
        replace(seen, owner=THIEF.address),
        replace(seen, device_key=public(OTHER_BOX)),
        replace(seen, device_key=public(OTHER_BOX), device_signature=own.device_signature),
        replace(seen, claim_signature=own.claim_signature),
        replace(seen, claim_signature=bytes(64)),
    ):
        assert desk.refused_enrolment(forged) == "not the claim key"
    mine = replace(own, device_key=public(BOX), device_signature=seen.device_signature)
    assert desk.refused_enrolment(mine) == "not the claim key"
    assert desk.refused_enrolment(replace(seen, claim_key=THIEF.address)) == "no free claim key"
    assert desk.refused_enrolment(replace(seen, claim_key=bytes(20))) == "no free claim key"
    assert desk.refused_enrolment(replace(seen, epoch=1)) == "not this epoch"
    assert desk.device() == NOBODY
    desk.do(THIEF, registry.enrol(seen))
    assert desk.device().owner == ADA.address


def test_a_bought_claim_code_enrols_no_device_that_does_not_agree(desk: Desk) -> None:
    """I-RG-1. The 2017 registry let a public hash claim another's device."""
    wish = desk.signed(THIEF, code=OTHER_CODE, box=BOX)
    digest = attestation_digest(
        desk.domain, Enrolment(OTHER_CODE.address, BOX.x, BOX.y, THIEF.address, 0)
    )
    for signature in (
        OTHER_BOX.sign(digest),
        BOX.sign(digest[:31] + b"x"),
        with_high_s(BOX.sign(digest)),
        bytes(64),
        desk.signed(ADA).device_signature,
    ):
        forged = replace(wish, device_signature=signature)
        assert desk.refused_enrolment(forged) == "not the device"
    desk.enrol(wish)


def test_an_enrolment_is_for_one_chain_and_one_registry(desk: Desk) -> None:
    """I-RG-1."""
    said = Enrolment(CODE.address, BOX.x, BOX.y, ADA.address, 0)
    for domain in (
        registry_domain(CHAIN_ID + 1, desk.registry),
        registry_domain(CHAIN_ID, desk.street.anchor),
        Domain(CHAIN_ID, desk.registry, "Grid+ Vault", "1"),
    ):
        digest = attestation_digest(domain, said)
        foreign = replace(
            desk.signed(ADA), claim_signature=CODE.sign(digest), device_signature=BOX.sign(digest)
        )
        assert desk.refused_enrolment(foreign) == "not the claim key"


def test_an_enrolment_counts_once_and_never_again_after_an_unenrolment(desk: Desk) -> None:
    """I-RG-2."""
    first = desk.signed(ADA)
    desk.enrol(first)
    assert desk.refused_enrolment(first) == "no free claim key"
    assert desk.refused(THIEF, registry.unenrol(NAME)) == "not the owner"
    assert desk.do(ADA, registry.unenrol(NAME)) == registry.Unenrolled(NAME, 1)
    assert desk.device() == DeviceState(ZERO_ADDRESS, CODE.address, 1)
    assert desk.refused(ADA, registry.unenrol(NAME)) == "not the owner"
    assert desk.refused_enrolment(first) == "not this epoch"
    desk.enrol(desk.signed(BOB, epoch=1))
    assert desk.device() == DeviceState(BOB.address, CODE.address, 1)


def test_a_claim_key_and_a_device_belong_together_for_ever(desk: Desk) -> None:
    """I-RG-3."""
    desk.enrol(desk.signed(ADA))
    other = desk.signed(THIEF, code=OTHER_CODE)
    assert desk.refused_enrolment(other) == "device of another claim key"
    desk.do(ADA, registry.unenrol(NAME))
    again = desk.signed(THIEF, code=OTHER_CODE, epoch=1)
    assert desk.refused_enrolment(again) == "device of another claim key"
    elsewhere = desk.signed(ADA, box=OTHER_BOX)
    assert desk.refused_enrolment(elsewhere) == "claim key of another device"
    desk.enrol(desk.signed(ADA, code=OTHER_CODE, box=OTHER_BOX))


def test_only_the_owner_hands_a_device_over_and_keeps_no_hold_of_it(desk: Desk) -> None:
    first = desk.signed(ADA)
    data = registry.hand_over(NAME, BOB.address)
    assert desk.refused(ADA, data) == "not the owner"
    desk.enrol(first)
    for stranger in (THIEF, BOB, MAKER, CODE):
        assert desk.refused(stranger, data) == "not the owner"
    assert desk.refused(ADA, registry.hand_over(NAME, bytes(20))) == "zero owner"
    assert desk.do(ADA, data) == registry.HandedOver(NAME, BOB.address)
    assert desk.device() == DeviceState(BOB.address, CODE.address, 0)
    assert desk.refused(ADA, registry.unenrol(NAME)) == "not the owner"
    assert desk.refused_enrolment(first) == "no free claim key"
    desk.do(BOB, registry.unenrol(NAME))


def test_a_revoked_claim_key_takes_its_device_with_it_for_ever(desk: Desk) -> None:
    """I-RG-4."""
    desk.enrol(desk.signed(ADA))
    data = registry.revoke(CODE.address)
    assert desk.refused(ADA, data) == "not the maker"
    assert desk.do(MAKER, data) == registry.Revoked(CODE.address, NAME)
    assert desk.claim() == ClaimState(Status.REVOKED, NAME)
    assert desk.device() == DeviceState(ZERO_ADDRESS, CODE.address, 1)
    assert desk.refused(MAKER, data) == "nothing to revoke"
    assert desk.refused(ADA, registry.hand_over(NAME, BOB.address)) == "not the owner"
    assert desk.refused_enrolment(desk.signed(ADA, epoch=1)) == "no free claim key"
    again = registry.issue([CODE.address])
    assert desk.refused(MAKER, again) == "already issued"


def test_a_claim_key_is_revoked_before_anybody_uses_it(desk: Desk) -> None:
    """I-RG-4."""
    revoked = desk.do(MAKER, registry.revoke(CODE.address))
    assert revoked == registry.Revoked(CODE.address, bytes(32))
    assert desk.refused_enrolment(desk.signed(ADA)) == "no free claim key"
    assert desk.refused(MAKER, registry.revoke(THIEF.address)) == "nothing to revoke"
    desk.enrol(desk.signed(ADA, code=OTHER_CODE))


def test_only_the_maker_issues_each_key_once_and_all_of_a_list_or_none(desk: Desk) -> None:
    fresh = signer("a third claim code").address
    assert desk.refused(THIEF, registry.issue([fresh])) == "not the maker"
    assert desk.refused(MAKER, registry.issue([fresh, bytes(20)])) == "zero claim key"
    assert desk.refused(MAKER, registry.issue([fresh, fresh])) == "already issued"
    assert desk.refused(MAKER, registry.issue([fresh, CODE.address])) == "already issued"
    assert desk.street.ask(desk.registry, registry.claim(fresh)).status is Status.UNKNOWN
    assert desk.do(MAKER, registry.issue([fresh])) == registry.Issued(fresh)


def test_an_owner_is_not_nobody(desk: Desk) -> None:
    nobody = Signer(bytes(32), ZERO_ADDRESS)
    assert desk.refused_enrolment(desk.signed(nobody)) == "zero owner"


def test_a_registry_has_a_maker_and_a_chain_that_verifies_p256(street: Street) -> None:
    with pytest.raises(Reverted, match="zero maker"):
        street.evm.deploy(DEPLOYER, registry.init_code(bytes(20)))
    with pytest.raises(Reverted, match="no P-256 precompile"):
        Evm(p256=None).deploy(DEPLOYER, registry.init_code(MAKER.address))
    address = street.evm.deploy(DEPLOYER, registry.init_code(MAKER.address))
    assert street.ask(address, registry.maker()) == MAKER.address


courses = st.lists(
    st.tuples(
        st.sampled_from(["enrol", "replay", "hand over", "unenrol", "revoke"]),
        st.sampled_from([ADA, BOB]),
        st.sampled_from([CODE, OTHER_CODE]),
        st.sampled_from([BOX, OTHER_BOX]),
    ),
    max_size=16,
)


@settings(max_examples=12, deadline=None)
@given(courses)
def test_an_owner_changes_by_a_fresh_enrolment_or_by_himself_and_no_epoch_falls(
    course: list[tuple[str, Signer, Signer, DeviceSigner]],
) -> None:
    """I-RG-2, I-RG-3. Everything that was ever signed is posted again and again."""
    desk = open_desk(new_street())
    posted: list[bytes] = []
    pairs: dict[bytes, bytes] = {}
    for step, who, code, box in course:
        name, before = registry.device_of(public(box)), desk.device(box)
        if step == "replay":
            for data in posted:
                desk.refused(STRANGER, data)
            continue
        sender, data = {
            "enrol": (
                STRANGER,
                registry.enrol(desk.signed(who, code=code, box=box, epoch=before.epoch)),
            ),
            "hand over": (who, registry.hand_over(name, BOB.address)),
            "unenrol": (who, registry.unenrol(name)),
            "revoke": (MAKER, registry.revoke(code.address)),
        }[step]
        outcome = desk.street.evm.send(sender, desk.registry, data)
        after = desk.device(box)
        assert after.epoch >= before.epoch
        if step == "enrol" and outcome.ok:
            posted.append(data)
            assert before.owner == ZERO_ADDRESS
            assert after.owner == who.address
            assert pairs.setdefault(name, code.address) == code.address
        if step in ("hand over", "unenrol"):
            assert outcome.ok == (before.owner == who.address)
        assert len(set(pairs.values())) == len(pairs)
