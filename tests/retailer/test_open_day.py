from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import httpx
import pytest

from gridplus.chain import Account, Call, RpcChain
from gridplus.chain.views import ask
from gridplus.contracts import calls
from gridplus.digest import canonical_json
from gridplus.keystore import KeyStore, Secp256k1Key
from gridplus.market import Position, operating_day_bounds, parse_price_version
from gridplus.retailer.bid import bids_close_s
from gridplus.units import SETTLEMENT_INTERVAL_S
from gridplus.verify import anchor_period
from gridplus.wire import PriceEvents
from tests.retailer.ground import DAY, NAMES, NEXT_DAY, PLAN, price
from tests.retailer.scene import Scene, post_order
from tests.tariff.examples import prices_of

PRICES = prices_of(DAY, price)


def anchored_prices(scene: Scene, day: date) -> bytes:
    where = scene.ground.deployment
    question = calls.anchored(where.publisher, anchor_period(day), kind=calls.ANCHOR_PRICES)
    with RpcChain(scene.chain.url) as chain:
        return ask(chain, where.anchor, view=question).root


def test_a_day_is_opened_by_buying_anchoring_and_publishing(scene: Scene) -> None:
    async def question(client: httpx.AsyncClient) -> None:
        answer = await post_order(client, "day-ahead", day=DAY)
        assert answer.status_code == 200, answer.text
        opened = answer.json()
        assert opened["prices"] == f"0x{PRICES.digest.hex()}"
        assert len(opened["position"]["energy_wh"]) == 23
        assert opened["position"]["index_day"] == "2021-03-13"
        (event,) = PriceEvents.parse((await client.get("/v1/price-events")).content).events
        assert (event.sequence, event.operating_day, event.program) == (1, DAY, PLAN.id)
        document = (await client.get(f"/v1/prices/{event.prices.hex()}")).content
        assert parse_price_version(document) == PRICES

    scene.ask(question)
    assert anchored_prices(scene, DAY) == PRICES.digest


def test_asked_again_even_after_a_restart_it_answers_the_same_and_does_nothing(
    scene: Scene,
) -> None:
    first = scene.order("day-ahead", DAY)
    facts = scene.facts()
    scene.post(prices_of(DAY, lambda hour: 1_000_000 * hour))
    again = scene.order("day-ahead", DAY)
    assert again.content == first.content
    assert scene.facts() == facts


def test_two_days_are_two_events_in_order(scene: Scene) -> None:
    async def question(client: httpx.AsyncClient) -> None:
        await post_order(client, "day-ahead", day=DAY)
        scene.move_clock(prices_of(NEXT_DAY).known_at_s)
        await post_order(client, "day-ahead", day=NEXT_DAY)
        events = PriceEvents.parse((await client.get("/v1/price-events?after=1")).content).events
        assert [(event.sequence, event.operating_day) for event in events] == [(2, NEXT_DAY)]

    scene.ask(question)


def opened_position(scene: Scene) -> dict[str, object]:
    answer = scene.order("day-ahead", DAY)
    assert answer.status_code == 200, answer.text
    position: dict[str, object] = answer.json()["position"]
    return position


def test_the_position_rests_on_nothing_later_than_the_close_of_bids(scene: Scene) -> None:
    """What happens after 10:00, and the day's own prices, are poisoned: the bid is the same."""
    before = opened_position(scene)
    until_s = bids_close_s(DAY, PLAN.time_zone)
    assert until_s == operating_day_bounds(DAY)[0] - 14 * 3_600
    (scene.root / "state" / "retailer.journal").unlink()
    for name in NAMES:
        later = range(until_s, until_s + 86_400, SETTLEMENT_INTERVAL_S)
        with (scene.root / "history" / f"{name}.csv").open("a") as file:
            file.writelines(f"{at},24000,0\n" for at in later)
    position = opened_position(scene)
    assert position == before


def test_the_position_follows_what_was_known_when_bids_closed(scene: Scene) -> None:
    before = opened_position(scene)["energy_wh"]
    (scene.root / "state" / "retailer.journal").unlink()
    until_s = bids_close_s(DAY, PLAN.time_zone)
    with (scene.root / "history" / "home-01.csv").open("a") as file:
        file.write(f"{until_s - SETTLEMENT_INTERVAL_S},24000,0\n")
    assert opened_position(scene)["energy_wh"] != before


def test_without_a_known_price_batteries_are_expected_to_rest(scene: Scene) -> None:
    (scene.root / "market" / f"{DAY - timedelta(1)}-DAM.json").unlink()
    position = opened_position(scene)
    assert position["index_day"] is None
    energies = position["energy_wh"]
    assert isinstance(energies, list)
    assert all(wh > 0 for wh in energies)


def test_bad_rows_of_a_history_are_reported_with_the_position(scene: Scene) -> None:
    path = scene.root / "history" / "home-02.csv"
    path.write_text(path.read_text() + "1615000000,eleven,0\n")
    (fault,) = opened_position(scene)["faults"]  # type: ignore[misc]
    assert "home-02.csv, line 290: load_wh is 'eleven'" in fault


def test_a_position_is_bought_at_the_cleared_prices(scene: Scene) -> None:
    opened = opened_position(scene)
    energies = opened["energy_wh"]
    assert isinstance(energies, list)
    position = Position("LZ_HOUSTON", PRICES.start_s, tuple(energies))
    assert opened["cost_ubolt"] == position.cost_ubolt(PRICES)


def write(place: str, text: str) -> Callable[[Scene], object]:
    return lambda scene: (scene.root / place).write_text(text)


def remove(place: str) -> Callable[[Scene], object]:
    return lambda scene: (scene.root / place).unlink()


FORECAST = canonical_json(replace(PRICES, kind="forecast").document()).decode()


@pytest.mark.parametrize(
    ("spoil", "status", "why"),
    [
        (remove(f"market/{DAY}-DAM.json"), 409, "is not there yet"),
        (write(f"market/{DAY}-DAM.json", FORECAST), 400, "final DAM prices"),
        (write(f"market/{DAY}-DAM.json", "{}"), 400, "other fields"),
        (remove("history/home-01.csv"), 503, "home-01.csv cannot be read"),
        (write("history/home-01.csv", "x"), 400, "begins with 'x'"),
        (write("customers.json", "{}"), 400, "must be a list"),
    ],
)
def test_what_cannot_be_opened_says_why_and_leaves_no_trace(
    scene: Scene, spoil: Callable[[Scene], object], status: int, why: str
) -> None:
    spoil(scene)
    answer = scene.order("day-ahead", DAY)
    assert answer.status_code == status
    assert why in answer.json()["error"]
    assert [stored.fact.kind for stored in scene.facts()] == ["PlanAdopted"]
    assert anchored_prices(scene, DAY) == bytes(32)


def test_a_day_before_the_plan_is_refused(scene: Scene) -> None:
    answer = scene.order("day-ahead", date(2020, 6, 1))
    assert answer.status_code == 400
    assert "not on 2020-06-01" in answer.json()["error"]


def anchor_by_hand(scene: Scene, root: bytes) -> None:
    key = KeyStore(scene.root / "keys").load("publisher", Secp256k1Key)
    data = calls.anchor(anchor_period(DAY), calls.ANCHOR_PRICES, root=root)
    with RpcChain(scene.chain.url) as chain:
        Account(key, chain).transact(Call(scene.ground.deployment.anchor, data))


def test_what_is_anchored_already_is_gone_on_with(scene: Scene) -> None:
    anchor_by_hand(scene, PRICES.digest)
    assert scene.order("day-ahead", DAY).status_code == 200


def test_over_another_anchor_nothing_is_published(scene: Scene) -> None:
    anchor_by_hand(scene, b"\x01" * 32)

    async def question(client: httpx.AsyncClient) -> None:
        answer = await post_order(client, "day-ahead", day=DAY)
        assert answer.status_code == 409
        assert f"0x{'01' * 32} is anchored for {DAY} as kind 1" in answer.json()["error"]
        assert PriceEvents.parse((await client.get("/v1/price-events")).content).events == ()
        assert (await client.get(f"/v1/prices/{PRICES.digest.hex()}")).status_code == 404

    scene.ask(question)


def test_another_plan_needs_another_state_folder(scene: Scene) -> None:
    scene.order("day-ahead", DAY)
    plan = scene.root / "plan.toml"
    plan.write_text(plan.read_text().replace("1.50 ¢/kWh", "1.60 ¢/kWh"))
    with pytest.raises(Exception, match="the plan file holds another"):
        scene.order("day-ahead", DAY)


def test_the_plan_is_told_as_its_canonical_document(scene: Scene) -> None:
    async def question(client: httpx.AsyncClient) -> bytes:
        return (await client.get("/v1/plan")).content

    assert scene.ask(question) == PLAN.canonical == canonical_json(PLAN.document())
