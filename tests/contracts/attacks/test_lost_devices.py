"""What customers lost: devices that somebody else claimed, and credits that counted twice."""

from dataclasses import replace

from gridplus.contracts import kwh_credits, registry
from gridplus.keystore import claim_key, new_claim_code
from gridplus.keystore.claim_code import RANDOM_BYTES
from gridplus.wallet import ZERO_ADDRESS, Enrolment, attestation_digest
from tests.contracts.street import STRANGER, Street
from tests.contracts.test_kwh_credits import ADA as HOLDER
from tests.contracts.test_kwh_credits import Counter
from tests.contracts.test_registry import ADA, BOX, CODE, MAKER, OTHER_CODE, THIEF, open_desk


def test_a_device_to_whoever_read_its_public_hash(street: Street) -> None:
    """2017: the registry took a public hash as proof; whoever read it had the device.

    Ours: the thief has bought a box, so he owns a claim code, and knows the device's public key.
    The device does not sign for him, so his code enrols nothing.
    """
    desk = open_desk(street)
    said = Enrolment(OTHER_CODE.address, BOX.x, BOX.y, THIEF.address, 0)
    claimed = OTHER_CODE.sign(attestation_digest(desk.domain, said))
    wish = desk.signed(ADA)
    forged = replace(
        wish, claim_key=OTHER_CODE.address, owner=THIEF.address, claim_signature=claimed
    )
    assert desk.refused_enrolment(forged) == "not the device"
    desk.enrol(wish)
    assert desk.device().owner == ADA.address


def test_a_device_to_whoever_copied_its_claim_from_the_mempool(street: Street) -> None:
    """A draft of ours: the code itself was sent, and who paid more gas for it had the device.

    Ours: what is sent is a signature that names the owner. The thief can only deliver it.
    """
    desk = open_desk(street)
    seen = desk.signed(ADA)
    copied = replace(seen, owner=THIEF.address)
    assert desk.refused_enrolment(copied) == "not the claim key"
    desk.do(THIEF, registry.enrol(seen))
    assert desk.device().owner == ADA.address


def test_a_device_to_whoever_tried_all_claim_codes(street: Street) -> None:
    """A draft of ours: codes of six digits, whose addresses stand on chain, can all be tried.

    Ours: 104 random bits. A million machines that try a million codes a second each look for
    300,000 years until they hit one of a million boxes.
    """
    tried_a_year, boxes = 10**12 * 31_557_600, 10**6
    half_of_all_codes = 1 << 8 * RANDOM_BYTES - 1
    assert half_of_all_codes // boxes // tried_a_year > 300_000
    desk = open_desk(street)
    code = claim_key(new_claim_code())
    desk.do(MAKER, registry.issue([code.address]))
    said = Enrolment(code.address, BOX.x, BOX.y, THIEF.address, 0)
    digest = attestation_digest(desk.domain, said)
    for _ in range(20):
        guess = claim_key(new_claim_code()).sign(digest)
        forged = registry.SignedEnrolment(
            code.address,
            desk.signed(ADA).device_key,
            THIEF.address,
            0,
            guess,
            BOX.sign(digest),
        )
        assert desk.refused_enrolment(forged) == "not the claim key"
    right = replace(forged, claim_signature=code.sign(digest))
    desk.enrol(right)


def test_a_device_that_was_given_up_to_its_former_owner(street: Street) -> None:
    """A draft of ours: after an un-enrolment the old enrolment could be sent again.

    Ours: it names an epoch that is over.
    """
    desk = open_desk(street)
    first = desk.signed(ADA)
    desk.enrol(first)
    desk.do(ADA, registry.unenrol(registry.device_of(first.device_key)))
    assert desk.refused_enrolment(first) == "not this epoch"
    assert desk.device().owner == ZERO_ADDRESS
    assert desk.claim(CODE).status is registry.Status.ISSUED


def test_a_lot_of_credits_by_one_redemption_sent_again(street: Street) -> None:
    """2017: one redemption signature counted as often as it was sent, and for whoever sent it.

    Ours: it names the channel and holds the holder's nonce.
    """
    counter = Counter(street)
    signed = counter.signed(HOLDER, 100_000)
    elsewhere = replace(signed, channel=b"\x07" * 32)
    assert counter.refused_signed(elsewhere) == "not the holder"
    counter.do(STRANGER, kwh_credits.redeem_signed(signed))
    for _ in range(3):
        assert counter.refused_signed(signed) == "not the holder"
    assert counter.lot(HOLDER) == 400_000
