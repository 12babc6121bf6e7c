"""How a device comes by its certificate, and how it does not."""

import asyncio
from base64 import b64encode
from collections.abc import Coroutine, Iterator
from dataclasses import replace
from random import Random
from typing import Any, TypeVar

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from gridplus.agent import Claimed, EnrolmentRefused, Identity, Link, meet
from gridplus.agent.identity import certificate_request, signed_claim
from gridplus.agent.links import Unreachable
from gridplus.chain import Call
from gridplus.contracts import registry
from gridplus.failures import RemoteError
from gridplus.keystore import claim_key, new_claim_code
from gridplus.retailer.authority import RevocationReason
from gridplus.retailer.enrolment.desk import TRIES
from gridplus.tls import ClientContext, new_credentials_key
from gridplus.wallet import Address
from gridplus.wallet.certificates import (
    Claim,
    device_id,
)
from tests.retailer.enrolment.place import Place, now_s, opened_place

T = TypeVar("T")
OWNER = Address(bytes([7]) * 20)
EST = "/.well-known/est"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with opened_place(tmp_path_factory.mktemp("place")) as place:
        yield place


@pytest.fixture
def place(shared: Place) -> Place:
    """The same for all tests, but nobody has tried anything yet."""
    shared.desk.forgive()
    return shared


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


def claimed(place: Place, code: str | None = None, *, owner: Address = OWNER) -> Claimed:
    return Claimed(claim_key(code or place.new_code()), owner)


def state_of(place: Place, device: Any) -> registry.DeviceState:
    view = registry.device(device_id(device.public))
    return view.decode(place.chain.call(place.contract, view.calldata))


def refused(work: Coroutine[Any, Any, Identity]) -> str:
    with pytest.raises(EnrolmentRefused) as caught:
        run(work)
    return str(caught.value).partition(": ")[2].partition(":")[0]


async def post_all(place: Place, requests: list[bytes]) -> list[httpx.Response]:
    """Requests in DER, or what is none, to the enrolment door."""
    trust = (await place.meet()).trust
    context = ClientContext(credentials=None, trust=trust, now_s=now_s)
    async with httpx.AsyncClient(verify=context, base_url=place.urls["enrol"]) as client:
        headers = {"content-type": "application/pkcs10"}
        path = f"{EST}/simpleenroll"
        return [
            await client.post(path, content=b64encode(each), headers=headers) for each in requests
        ]


async def post(place: Place, request: bytes) -> httpx.Response:
    return (await post_all(place, [request]))[0]


def with_claim(place: Place, claim: Claim, device: Any) -> bytes:
    made = certificate_request(new_credentials_key(), device, at_s=now_s(), claim=claim)
    return made.public_bytes(Encoding.DER)


def good_claim(place: Place, device: Any, claim: Claimed) -> Claim:
    return signed_claim(run(place.meet()), device, claimed=claim)


def answered(place: Place, claim: Claim, device: Any) -> str:
    answer = run(post(place, with_claim(place, claim, device)))
    return "good" if answer.status_code == 200 else answer.text.partition(":")[0]


def test_a_box_is_enrolled_by_its_code_and_its_device(place: Place) -> None:
    device, claim = place.device(), claimed(place)
    identity = run(place.enrol(device, claim))
    assert state_of(place, device) == registry.DeviceState(OWNER, claim.key.address, 0)
    assert device_id(device.public).hex() in identity.certificate.subject.rfc4514_string()


def test_an_enrolled_device_is_certified_again_without_its_code(place: Place) -> None:
    device, stranger = place.device(), place.device()
    first = run(place.enrol(device, claimed(place)))
    again = run(place.enrol(device))
    assert again.certificate.public_key() != first.certificate.public_key()
    assert refused(place.enrol(stranger)) == "NOT_ENROLLED"


def test_of_two_devices_that_race_for_a_code_one_wins(place: Place) -> None:
    claim, devices = claimed(place), [place.device(), place.device()]

    async def race() -> list[Identity | BaseException]:
        return await asyncio.gather(
            *(place.enrol(device, claim) for device in devices), return_exceptions=True
        )

    results = run(race())
    (lost,) = [each for each in results if isinstance(each, BaseException)]
    assert isinstance(lost, EnrolmentRefused)
    assert "CODE_USED" in str(lost)
    owners = [state_of(place, device).owner for device in devices]
    assert sorted(owners) == [bytes(20), OWNER]


def test_a_replayed_request_certifies_the_same_key_and_enrols_nobody_else(place: Place) -> None:
    device, claim = place.device(), claimed(place)
    made = good_claim(place, device, claim)
    request = with_claim(place, made, device)
    first, second = run(post(place, request)), run(post(place, request))
    assert (first.status_code, second.status_code) == (200, 200)
    assert answered(place, made, place.device()) == "CLAIM_UNSIGNED"
    thief = good_claim(place, device, replace(claim, owner=Address(bytes([9]) * 20)))
    assert answered(place, thief, device) == "OTHER_OWNER"


def test_what_was_signed_for_something_else_enrols_nobody(place: Place) -> None:
    device, claim = place.device(), claimed(place)
    good = good_claim(place, device, claim)
    other = good_claim(place, device, claimed(place))
    for changed, name in (
        (replace(good, owner=Address(bytes([9]) * 20)), "CLAIM_UNSIGNED"),
        (replace(good, epoch=1), "CLAIM_UNSIGNED"),
        (replace(good, claim_signature=other.claim_signature), "CLAIM_UNSIGNED"),
        (replace(good, device_signature=other.device_signature), "DEVICE_UNSIGNED"),
        (good_claim(place, device, replace(claim, epoch=1)), "OLD_EPOCH"),
    ):
        assert answered(place, changed, device) == name
    assert state_of(place, device).owner == bytes(20)
    assert answered(place, good, device) == "good"


def test_a_code_that_was_never_issued_or_is_revoked_spends_nothing(place: Place) -> None:
    before = place.chain.nonce(place.relay.address)
    unknown = claimed(place, new_claim_code())
    assert refused(place.enrol(place.device(), unknown)) == "UNKNOWN_CODE"
    assert place.chain.nonce(place.relay.address) == before
    gone = claimed(place)
    place.maker.transact(Call(place.contract, registry.revoke(gone.key.address)))
    assert refused(place.enrol(place.device(), gone)) == "CODE_REVOKED"


def test_who_is_refused_too_often_waits(place: Place) -> None:
    device = place.device()
    for _ in range(TRIES):
        assert refused(place.enrol(device, claimed(place, new_claim_code()))) == "UNKNOWN_CODE"
    good = claimed(place)
    assert refused(place.enrol(device, good)) == "TOO_MANY_TRIES"
    place.desk.forgive()
    run(place.enrol(device, good))


def test_a_device_vouches_for_its_line_key_now(place: Place) -> None:
    device, key = place.device(), new_credentials_key()
    run(place.enrol(device, claimed(place)))
    late = certificate_request(key, device, at_s=now_s() - 3_600, claim=None)
    assert run(post(place, late.public_bytes(Encoding.DER))).text.startswith("STALE")
    other = certificate_request(new_credentials_key(), device, at_s=now_s(), claim=None)
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    plain = builder.sign(key, SHA256()).public_bytes(Encoding.DER)
    assert run(post(place, plain)).text.startswith("NOT_VOUCHED")
    stolen = next(iter(other.extensions))
    builder = builder.add_extension(stolen.value, critical=False)
    copied = builder.sign(key, SHA256()).public_bytes(Encoding.DER)
    assert run(post(place, copied)).text.startswith("NOT_VOUCHED")


def test_garbage_is_answered_with_400_and_never_worse(place: Place) -> None:
    made = certificate_request(new_credentials_key(), place.device(), at_s=now_s(), claim=None)
    der = made.public_bytes(Encoding.DER)
    dice = Random(7)
    bodies = [b"", b"\x30\x84\xff\xff\xff\xff", bytes(9_000), b"\x30\x80" * 4_000]
    for _ in range(20):
        changed = bytearray(der)
        changed[dice.randrange(len(der))] ^= dice.randrange(1, 256)
        bodies += [bytes(changed), der[: dice.randrange(len(der))]]
    for answer in run(post_all(place, bodies)):
        assert answer.status_code in (400, 413), answer.text


def test_a_certificate_is_renewed_on_its_own_line(place: Place) -> None:
    async def live() -> tuple[x509.Certificate, Identity]:
        identity = await place.enrol(place.device(), claimed(place))
        before = identity.certificate
        assert not identity.is_due()
        await identity.renew()
        await identity.renew()
        return before, identity

    before, identity = run(live())
    assert identity.certificate.serial_number != before.serial_number
    assert identity.certificate.subject == before.subject


def test_a_certificate_is_due_before_two_thirds_of_its_life(place: Place) -> None:
    async def live(days: int) -> bool:
        def later_s() -> int:
            return now_s() + days * 86_400

        identity = await place.enrol(place.device(), claimed(place))
        later = Identity(
            identity.retailer, place.device(), credentials=identity.credentials, now_s=later_s
        )
        return later.is_due()

    assert [run(live(days)) for days in (0, 17, 19)] == [False, False, True]


def test_nobody_renews_for_another_device_or_at_the_door(place: Place) -> None:
    async def live() -> list[tuple[int, bytes]]:
        mine, other = place.device(), place.device()
        identity = await place.enrol(mine, claimed(place))
        await place.enrol(other, claimed(place))
        made = certificate_request(new_credentials_key(), other, at_s=now_s(), claim=None)
        body = b64encode(made.public_bytes(Encoding.DER))
        answers = []
        for url in (place.urls["line"], place.urls["enrol"]):
            link = Link("retailer", url, tls=identity.context)
            headers = {"content-type": "application/pkcs10"}
            path = f"{EST}/simplereenroll"
            answers.append(
                await link.send("POST", path, content=body, headers=headers, limit=9_000)
            )
            await link.aclose()
        return answers

    (on_line, said), (at_door, _) = run(live())
    assert (on_line, said[:15]) == (403, b"NOT_THIS_DEVICE")
    assert at_door == 403


def test_the_door_for_enrolling_opens_nothing_else(place: Place) -> None:
    async def ask(path: str) -> int:
        trust = (await place.meet()).trust
        link = ClientContext(credentials=None, trust=trust, now_s=now_s)
        async with httpx.AsyncClient(verify=link, base_url=place.urls["enrol"]) as client:
            return (await client.get(path)).status_code

    assert [run(ask(path)) for path in (f"{EST}/cacerts", "/pki/issuing.crl", "/v1/retailer")] == [
        200,
        200,
        200,
    ]
    assert run(ask("/v1/plan")) == 403
    assert run(ask("/openadr3/3.1.0/events")) == 403
    assert run(ask("/v1/admin/revocations")) == 403


def test_an_un_enrolled_device_is_off_its_line_and_comes_back_with_its_code(place: Place) -> None:
    code, owner, device = place.new_code(), place.account(), place.device()
    identity = run(place.enrol(device, claimed(place, code, owner=owner.address)))
    owner.transact(Call(place.contract, registry.unenrol(device_id(device.public))))
    place.epochs.refresh()
    with pytest.raises(Unreachable):
        run(identity.renew())
    assert refused(place.enrol(device)) == "NOT_ENROLLED"
    assert refused(place.enrol(device, claimed(place, code))) == "OLD_EPOCH"
    back = run(place.enrol(device, replace(claimed(place, code), epoch=1)))
    place.epochs.refresh()
    run(back.renew())
    assert state_of(place, device) == registry.DeviceState(OWNER, claim_key(code).address, 1)


def test_a_house_that_is_sold_keeps_its_device_and_its_line(place: Place) -> None:
    seller, device = place.account(), place.device()
    identity = run(place.enrol(device, claimed(place, owner=seller.address)))
    buyer = Address(bytes([8]) * 20)
    seller.transact(Call(place.contract, registry.hand_over(device_id(device.public), buyer)))
    place.epochs.refresh()
    run(identity.renew())
    assert state_of(place, device).owner == buyer


def test_a_broken_box_is_replaced_by_another_with_its_own_code(place: Place) -> None:
    broken, code = place.device(), claimed(place)
    old = run(place.enrol(broken, code))
    place.maker.transact(Call(place.contract, registry.revoke(code.key.address)))
    place.epochs.refresh()
    with pytest.raises(Unreachable):
        run(old.renew())
    run(place.enrol(place.device(), claimed(place)))
    assert refused(place.enrol(place.device(), code)) == "CODE_REVOKED"


def test_a_revoked_certificate_opens_no_line_and_the_list_says_so(place: Place) -> None:
    identity = run(place.enrol(place.device(), claimed(place)))
    serial = identity.certificate.serial_number
    run(place.lines.revoke(serial, reason=RevocationReason.KEY_COMPROMISE))
    with pytest.raises(Unreachable):
        run(identity.renew())
    (_, newest) = run(place.meet()).trust.lists
    assert newest.get_revoked_certificate_by_serial_number(serial) is not None


def test_a_box_hears_of_revocations_and_starts_again_at_the_door_when_its_own_is_among_them(
    place: Place,
) -> None:
    identity = run(place.enrol(place.device(), claimed(place)))
    other = run(place.enrol(place.device(), claimed(place)))
    run(place.lines.revoke(other.certificate.serial_number, reason=RevocationReason.SUPERSEDED))
    run(identity.refresh())
    (_, newest) = identity.retailer.trust.lists
    serial = identity.certificate.serial_number
    assert newest.get_revoked_certificate_by_serial_number(other.certificate.serial_number)
    run(place.lines.revoke(serial, reason=RevocationReason.SUPERSEDED))
    with pytest.raises(Unreachable):
        run(identity.refresh())
    assert identity.certificate.serial_number == serial
    run(identity.start_again(place.urls["enrol"]))
    assert identity.certificate.serial_number != serial
    run(identity.refresh())


def test_a_pinned_root_keeps_impostors_out(place: Place) -> None:
    found = run(place.meet())
    pinned = bytes.fromhex(found.fingerprint)
    again = run(meet(place.urls["enrol"], root=pinned, now_s=now_s))
    assert again.trust.roots == found.trust.roots
    with pytest.raises(RemoteError, match="another root"):
        run(meet(place.urls["enrol"], root=bytes(32), now_s=now_s))
