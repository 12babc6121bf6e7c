"""What the office asks reaches a home's orders: signed, revised, cancelled, never forced."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import httpx

from gridplus.agent import Link, Ven, enrol
from gridplus.agent.asked import AskFeed
from gridplus.control import Signal
from gridplus.signals import format_json
from gridplus.units import ABOLT_PER_PBOLT
from tests.retailer.scene import Scene

Story = Callable[[httpx.AsyncClient, Link], Awaitable[None]]
T = 1_900_000_800
REQUEST: dict[str, Any] = {
    "kind": "request",
    "start_s": T,
    "end_s": T + 7_200,
    "level": 1,
    "baseline": "10-of-10 adjusted",
    "reward_ubolt_per_mwh": 500_000_000,
    "targets": [],
}
ALERT = {"kind": "alert", "start_s": T, "end_s": T + 900, "text": "shed now", "targets": []}
LIMIT = {"kind": "limit", "start_s": T, "end_s": T + 900, "import_w": 2_500, "targets": ["home-02"]}


def live(scene: Scene, story: Story) -> None:
    async def question(client: httpx.AsyncClient) -> None:
        await story(client, Link("retailer", "http://retailer", transport=client._transport))

    scene.ask(question)


async def feed_of(scene: Scene, link: Link, place: int = 0) -> AskFeed:
    home = scene.ground.homes[place]
    credentials = await enrol(link, home.identity, device=home.device, now_s=scene.clock.now_s())
    return AskFeed(Ven(link, credentials), scene.ground.deployment)


async def said(office: httpx.AsyncClient, body: dict[str, Any]) -> str:
    answer = await office.post("/v1/admin/asks", json=body)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["event"])


def test_what_is_asked_reaches_a_home_signed_revised_and_cancelled(scene: Scene) -> None:
    async def story(office: httpx.AsyncClient, link: Link) -> None:
        feed = await feed_of(scene, link)
        event = await said(office, REQUEST)
        await said(office, ALERT)
        await feed.ven.poll()
        alert, request = feed.asks(T, T + 7_200)
        assert (alert.signal, alert.text) == (Signal.ALERT, "shed now")
        assert (request.event_id, request.baseline) == (event, REQUEST["baseline"])
        assert request.reward_abolt == 500_000_000 * ABOLT_PER_PBOLT
        assert feed.refused == 0
        dearer = REQUEST | {"reward_ubolt_per_mwh": 900_000_000, "revises": event}
        assert await said(office, dearer) == event
        await feed.ven.poll()
        revised = feed.asks(T, T + 7_200)[1]
        assert revised.reward_abolt == 900_000_000 * ABOLT_PER_PBOLT
        assert revised.version_us > request.version_us
        assert (await office.delete(f"/v1/admin/asks/{event}")).status_code == 200
        await feed.ven.poll()
        assert [ask.signal for ask in feed.asks(T, T + 7_200)] == [Signal.ALERT]
        listed = (await office.get("/v1/admin/asks")).json()["asks"]
        assert [each["text"] for each in listed] == ["shed now"]

    live(scene, story)


def test_a_limit_for_one_home_is_shown_to_no_other(scene: Scene) -> None:
    async def story(office: httpx.AsyncClient, link: Link) -> None:
        first, second = await feed_of(scene, link, 0), await feed_of(scene, link, 1)
        await said(office, LIMIT)
        for feed in (first, second):
            await feed.ven.poll()
        assert first.asks(T, T + 900) == ()
        (limit,) = second.asks(T, T + 900)
        assert limit.limit_w == 2_500

    live(scene, story)


def test_an_ask_that_the_publisher_did_not_sign_as_it_is_does_not_count(scene: Scene) -> None:
    async def story(office: httpx.AsyncClient, link: Link) -> None:
        feed = await feed_of(scene, link)
        event = await said(office, REQUEST)
        await feed.ven.poll()
        heard = feed.ven.timeline.events[event].body
        assert heard is not None
        for old, new in (
            (b"0.5", b"0.6"),
            (b"10-of-10", b"20-of-20"),
            (b"request ", b"tseuqer "),
            (b"PT2H", b"PT3H"),
        ):
            text = format_json(heard)
            assert old in text
            changed = text.replace(old, new)
            later = changed.replace(b'"modificationDateTime":"20', b'"modificationDateTime":"21')
            notice = b'{"objectType":"EVENT","operation":"UPDATE","object":' + later + b"}"
            other = AskFeed(Ven(link, feed.ven.credentials), feed.deployment)
            other.ven.timeline = feed.ven.timeline
            other.ven.hear(notice)
            assert other.asks(T, T + 7_200) == ()
            assert other.refused == 1
        stranger = replace(feed.deployment, publisher=feed.deployment.vault)
        assert AskFeed(feed.ven, stranger).asks(T, T + 7_200) == ()

    live(scene, story)


def test_an_older_version_that_is_put_back_does_not_count(scene: Scene) -> None:
    """What a VTN that is not the publisher's could do with what it once was given."""

    async def story(office: httpx.AsyncClient, link: Link) -> None:
        feed = await feed_of(scene, link)
        event = await said(office, REQUEST)
        await feed.ven.poll()
        first = feed.ven.timeline
        assert len(feed.asks(T, T + 7_200)) == 1
        await said(office, REQUEST | {"reward_ubolt_per_mwh": 1_000_000, "revises": event})
        await feed.ven.poll()
        (revised,) = feed.asks(T, T + 7_200)
        promised = feed.promised(revised)
        assert promised is not None
        assert (promised.version, promised.reward_ubolt_per_mwh) == (2, 1_000_000)
        (old,) = feed.asks(T, T + 7_200)
        feed.ven.timeline = first
        assert feed.asks(T, T + 7_200) == ()
        assert feed.refused == 1
        assert feed.promised(old) is None

    live(scene, story)


def test_what_cannot_be_asked_is_refused_with_a_sentence(scene: Scene) -> None:
    async def story(office: httpx.AsyncClient, _link: Link) -> None:
        for body, why in (
            (REQUEST | {"kind": "order"}, "alert, limit or request"),
            (ALERT | {"end_s": T}, "holds at no time"),
            (ALERT | {"text": "x" * 129}, "128 characters"),
            (REQUEST | {"baseline": "as we see it"}, "is no baseline; write one like"),
            (REQUEST | {"end_s": T + 7_201}, "whole quarter hours"),
            (REQUEST | {"revises": "event-99"}, "nothing that is asked"),
            (REQUEST | {"force": True}, "force"),
        ):
            answer = await office.post("/v1/admin/asks", json=body)
            assert answer.status_code == 400, answer.text
            assert why in answer.text
        assert (await office.delete("/v1/admin/asks/event-99")).status_code == 400
        office.headers.pop("authorization")
        assert (await office.post("/v1/admin/asks", json=REQUEST)).status_code == 401
        assert (await office.get("/v1/admin/asks")).status_code == 401

    live(scene, story)
