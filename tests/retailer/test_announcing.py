"""Prices reach a home's VEN as signed events; a VEN gets in by the device key of its channel."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import httpx
import pytest

from gridplus.agent import Link, Ven, VenFeed, enrol
from gridplus.failures import RemoteError
from gridplus.signals import format_json
from gridplus.wire.price_signals import ReportOf, read_price_event, usage_report
from tests.retailer.ground import DAY, PLAN
from tests.retailer.scene import Scene, post_order
from tests.tariff.examples import prices_of

Story = Callable[[httpx.AsyncClient, Link], Awaitable[None]]


def live(scene: Scene, story: Story) -> None:
    """A home's connection into the real office, whose clock shows the moment of the posting."""

    async def question(client: httpx.AsyncClient) -> None:
        transport = client._transport  # the same app, asked by somebody else
        link = Link("retailer", "http://retailer", transport=transport)
        await story(client, link)

    scene.ask(question)


async def enrolled(scene: Scene, link: Link, place: int = 0) -> VenFeed:
    home = scene.ground.homes[place]
    credentials = await enrol(link, home.identity, device=home.device, now_s=scene.clock.now_s())
    return VenFeed(Ven(link, credentials), scene.ground.deployment)


def test_opened_prices_reach_a_ven_signed_and_whole(scene: Scene) -> None:
    async def story(office: httpx.AsyncClient, link: Link) -> None:
        opened = (await post_order(office, "day-ahead", day=DAY)).json()
        feed = await enrolled(scene, link)
        (event,) = await feed.fetch()
        assert f"0x{event.prices.hex()}" == opened["prices"]
        assert (event.program, event.operating_day) == (PLAN.id, DAY)
        assert feed.refused == 0
        feed.taken(event)
        assert await feed.fetch() == ()
        await post_order(office, "day-ahead", day=DAY)
        assert await feed.fetch() == (), "asked again, announced once"

    live(scene, story)


def test_indicative_prices_are_for_planning_and_each_publication_is_the_next_version(
    scene: Scene,
) -> None:
    said = {"day": DAY.isoformat(), "step_s": 3_600, "source": "a model of ours"}

    async def story(office: httpx.AsyncClient, link: Link) -> None:
        hours = len(prices_of(DAY).prices_ubolt_per_mwh)
        feed = await enrolled(scene, link)
        for version, price in ((1, 30_000_000), (2, 45_000_000)):
            body = said | {"prices_ubolt_per_mwh": [price] * hours}
            answer = await office.post("/v1/admin/indicative", json=body)
            assert answer.json()["version"] == version, answer.text
            assert await feed.fetch() == (), "never for a bill"
            expected = feed.expected_on(DAY)
            assert expected is not None
            assert (expected.kind, expected.version) == ("indicative", version)
            assert (expected.source, expected.prices_ubolt_per_mwh[0]) == (said["source"], price)
        assert feed.refused == 0
        short = said | {"prices_ubolt_per_mwh": [1] * (hours - 1)}
        answer = await office.post("/v1/admin/indicative", json=short)
        assert (answer.status_code, "cover the operating day" in answer.text) == (400, True)
        torn = said | {"prices_ubolt_per_mwh": ["nan"] * hours}
        answer = await office.post("/v1/admin/indicative", json=torn)
        assert (answer.status_code, "whole numbers" in answer.text) == (400, True)
        office.headers.pop("authorization")
        assert (await office.post("/v1/admin/indicative", json=short)).status_code == 401

    live(scene, story)


def test_a_ven_reports_usage_to_the_event_that_asked(scene: Scene) -> None:
    async def story(office: httpx.AsyncClient, link: Link) -> None:
        await post_order(office, "day-ahead", day=DAY)
        feed = await enrolled(scene, link)
        await feed.fetch()
        of = ReportOf(feed.events[DAY], "home-01")
        report = usage_report("USAGE", [250] * 92, of=of, start_s=0)
        assert (await feed.ven.report(report)).startswith("report-")
        nowhere = usage_report("USAGE", [1], of=ReportOf("event-99", "home-01"), start_s=0)
        with pytest.raises(RemoteError, match="409"):
            await feed.ven.report(nowhere)

    live(scene, story)


def test_only_the_device_of_a_customers_channel_enrols(scene: Scene) -> None:
    async def story(_office: httpx.AsyncClient, link: Link) -> None:
        home, other = scene.ground.homes[:2]
        now_s = scene.clock.now_s()
        with pytest.raises(RemoteError, match="did not sign"):
            await enrol(link, home.identity, device=other.device, now_s=now_s)
        with pytest.raises(RemoteError, match="sign it again"):
            await enrol(link, home.identity, device=home.device, now_s=now_s - 601)
        stranger = replace(home.identity, opening_cap=7)
        with pytest.raises(RemoteError, match="none of our customers"):
            await enrol(link, stranger, device=home.device, now_s=now_s)
        first = await enrol(link, home.identity, device=home.device, now_s=now_s)
        again = await enrol(link, home.identity, device=home.device, now_s=now_s)
        assert (first.client_id, first.ven_id) == (again.client_id, again.ven_id)
        old, new = Ven(link, first), Ven(link, again)
        await new.poll()
        with pytest.raises(RemoteError, match="no token"):
            await old.poll()

    live(scene, story)


def test_an_enrolled_ven_is_known_after_a_restart(scene: Scene) -> None:
    kept: list[Ven] = []

    async def before(_office: httpx.AsyncClient, link: Link) -> None:
        kept.append((await enrolled(scene, link)).ven)

    async def after(_office: httpx.AsyncClient, link: Link) -> None:
        await Ven(link, kept[0].credentials).poll()

    live(scene, before)
    live(scene, after)


def test_prices_that_the_publisher_did_not_sign_are_refused(scene: Scene) -> None:
    async def story(office: httpx.AsyncClient, link: Link) -> None:
        await post_order(office, "day-ahead", day=DAY)
        feed = await enrolled(scene, link)
        await feed.ven.poll()
        ((event_id, heard),) = feed.ven.timeline.events.items()
        assert heard.body is not None
        signal = read_price_event(heard.body)
        assert signal is not None
        signature = f"0x{signal.signature.hex()}".encode()
        forged = format_json(heard.body).replace(signature, b"0x" + b"11" * 64)
        later = forged.replace(b'"modificationDateTime":"20', b'"modificationDateTime":"21')
        feed.ven.hear(b'{"objectType":"EVENT","operation":"UPDATE","object":' + later + b"}")
        assert feed.ven.timeline.events[event_id].written_us > heard.written_us
        assert await feed.heard() == ()
        assert feed.refused == 1

    live(scene, story)


def test_expected_prices_are_planned_by_and_never_billed(scene: Scene) -> None:
    async def story(office: httpx.AsyncClient, link: Link) -> None:
        await post_order(office, "day-ahead", day=DAY)
        feed = await enrolled(scene, link)
        await feed.fetch()
        assert feed.expected_on(DAY) is None
        indicative = replace(prices_of(DAY), kind="indicative", known_at_s=5)
        feed._expect(indicative)
        feed._expect(replace(indicative, known_at_s=4, version=9))
        assert feed.expected_on(DAY) == indicative

    live(scene, story)
