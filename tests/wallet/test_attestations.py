"""What is signed beside the channel has the digests that eth-account computes from the structs."""

from dataclasses import replace

import pytest

from gridplus.failures import InputError
from gridplus.wallet import (
    Address,
    ChannelId,
    Domain,
    Enrolment,
    FeedAttestation,
    Redemption,
    attestation_digest,
    credits_domain,
    feed_domain,
    registry_domain,
)
from tests.wallet.test_digests import CONTRACT, WORD, typed_digest

KEY, OWNER = Address(b"\xa1" * 20), Address(b"\xb2" * 20)
FEED, REGISTRY, CREDITS = (
    make(31337, CONTRACT) for make in (feed_domain, registry_domain, credits_domain)
)
SEEN = FeedAttestation(KEY, 5, 6, 7)
BOX = Enrolment(KEY, 8, 9, OWNER, 10)
TAKEN = Redemption(ChannelId(WORD), 11, 12, 13, 14)


@pytest.mark.parametrize(
    ("domain", "said", "message"),
    [
        (FEED, SEEN, {"token": "0x" + KEY.hex(), "time": 5, "supplySeen": 6, "reserve": 7}),
        (
            REGISTRY,
            BOX,
            {
                "claimKey": "0x" + KEY.hex(),
                "deviceX": 8,
                "deviceY": 9,
                "owner": "0x" + OWNER.hex(),
                "epoch": 10,
            },
        ),
        (
            CREDITS,
            TAKEN,
            {"channel": WORD, "amountWh": 11, "expiresAt": 12, "period": 13, "nonce": 14},
        ),
    ],
)
def test_a_digest_equals_the_reference(
    domain: Domain, said: FeedAttestation | Enrolment | Redemption, message: dict[str, object]
) -> None:
    assert attestation_digest(domain, said) == typed_digest(domain, said.TYPE, message)


def test_what_does_not_fit_has_no_digest() -> None:
    for said in (
        replace(SEEN, reserve=1 << 96),
        replace(SEEN, token=Address(KEY[1:])),
        replace(BOX, epoch=1 << 32),
        replace(BOX, device_x=-1),
        replace(TAKEN, amount_wh=1 << 64),
        replace(TAKEN, channel=ChannelId(WORD[1:])),
    ):
        with pytest.raises(InputError):
            attestation_digest(FEED, said)


def test_each_contract_has_a_domain_of_its_own() -> None:
    digests = {attestation_digest(domain, SEEN) for domain in (FEED, REGISTRY, CREDITS)}
    assert len(digests) == 3
