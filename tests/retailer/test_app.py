import asyncio

import httpx
import pytest

from tests.retailer.ground import DAY
from tests.retailer.scene import Scene, post_order

ORDERS = ("day-ahead", "close")


@pytest.mark.parametrize("what", ORDERS)
@pytest.mark.parametrize("header", [None, "", "Bearer ", "Bearer None", "Bearer wrong", "Bearer é"])
def test_orders_are_for_the_administrator(scene: Scene, what: str, header: str | None) -> None:
    async def question(client: httpx.AsyncClient) -> httpx.Response:
        del client.headers["authorization"]
        headers = {} if header is None else {"authorization": header.encode()}
        return await client.post(
            f"/v1/admin/{what}", json={"day": DAY.isoformat()}, headers=headers
        )

    answer = scene.ask(question)
    assert answer.status_code == 401
    assert answer.json() == {"error": "this is for the administrator"}


def test_without_a_token_nobody_is_the_administrator(scene: Scene) -> None:
    scene.configure(('admin_token = "admin.token"\n', ""))
    assert scene.order("day-ahead", DAY).status_code == 401

    async def question(client: httpx.AsyncClient) -> httpx.Response:
        return await client.post("/v1/admin/close", headers={"authorization": "Bearer None"})

    assert scene.ask(question).status_code == 401


@pytest.mark.parametrize(
    ("body", "status", "why"),
    [
        (b"", 400, "the order is not a document"),
        (b"[]", 400, "must be an object"),
        (b"{}", 400, "the order.day: is missing"),
        (b'{"day":"2021-3-14"}', 400, "must be a day, like 2021-02-15"),
        (b'{"day":"2021-03-14","force":true}', 400, "force: is not a known key"),
        (b" " * 201, 413, "the body exceeds 200 bytes"),
    ],
)
def test_an_order_that_is_none_is_answered_with_a_sentence(
    scene: Scene, body: bytes, status: int, why: str
) -> None:
    async def question(client: httpx.AsyncClient) -> httpx.Response:
        return await client.post("/v1/admin/close", content=body)

    answer = scene.ask(question)
    assert answer.status_code == status
    assert why in answer.json()["error"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/price-events", 200),
        ("/v1/price-events?after=7", 200),
        ("/v1/price-events?after=-1", 400),
        ("/v1/price-events?after=0x1", 400),
        ("/v1/price-events?after=99999999999", 400),
        (f"/v1/prices/{'00' * 32}", 404),
        ("/v1/prices/xyz", 400),
        ("/v1/plan", 200),
        ("/v1/nothing", 404),
    ],
)
def test_questions_are_for_everybody(scene: Scene, path: str, status: int) -> None:
    async def question(client: httpx.AsyncClient) -> httpx.Response:
        del client.headers["authorization"]
        return await client.get(path)

    assert scene.ask(question).status_code == status


def test_questions_are_answered_while_a_day_is_being_closed(scene: Scene) -> None:
    async def question(client: httpx.AsyncClient) -> None:
        await post_order(client, "day-ahead", day=DAY)
        scene.hub.ready.clear()
        closing = asyncio.create_task(post_order(client, "close", day=DAY))
        assert (await client.get("/v1/plan")).status_code == 200
        assert (await client.get("/health")).json()["closed"] == 0
        assert not closing.done()
        scene.hub.ready.set()
        assert (await closing).status_code == 200
        assert (await client.get("/health")).json()["closed"] == 1

    scene.ask(question)


def test_the_same_order_twice_at_once_is_done_once(scene: Scene) -> None:
    async def question(client: httpx.AsyncClient) -> None:
        for what in ORDERS:
            pair = await asyncio.gather(*(post_order(client, what, day=DAY) for _ in range(2)))
            assert pair[0].status_code == 200
            assert pair[0].content == pair[1].content

    scene.ask(question)
    kinds = [stored.fact.kind for stored in scene.facts()]
    assert len(kinds) == len(set(kinds)) == 8


def test_a_hub_that_does_not_know_us_is_named(scene: Scene) -> None:
    (scene.root / "hub.token").write_text("another-token-of-thirty-two-characters")
    scene.order("day-ahead", DAY)
    answer = scene.order("close", DAY)
    assert answer.status_code == 502
    assert answer.json()["error"] == (
        "the hub answers /v1/admin/channels with 401: this is for the back office"
    )


def test_a_hub_that_talks_nonsense_is_named(scene: Scene) -> None:
    scene.order("day-ahead", DAY)
    scene.hub.channels = b'{"kind":"gridplus.channels/1"}'
    answer = scene.order("close", DAY)
    assert answer.status_code == 502
    assert "the hub" in answer.json()["error"]
    assert "gridplus.channels/1" in answer.json()["error"]
