"""What was accrued for others is settled by their invoices, each once."""

from typing import Any

import httpx
import pytest

from gridplus.ledger import Payee, accrued_ubolt
from gridplus.ledger.chart import TDSP_ACCRUED, TDSP_DIFFERENCE, TDSP_PAYABLE
from gridplus.retailer.book import read_book
from tests.retailer.ground import DAY, NEXT_DAY
from tests.retailer.scene import Scene

INVOICE = {
    "payee": "tdsp", "number": "2021-03/17", "day": NEXT_DAY.isoformat(),
    "until": DAY.isoformat(), "amount_ubolt": 9_000_000,
}  # fmt: skip


def received(scene: Scene, **changes: object) -> httpx.Response:
    async def question(client: httpx.AsyncClient) -> httpx.Response:
        return await client.post("/v1/admin/invoices", json=INVOICE | changes)

    return scene.ask(question)


@pytest.fixture
def sold(scene: Scene) -> int:
    """The scene after one closed day; what was collected for delivery."""
    assert scene.order("day-ahead", DAY).status_code == 200
    result: dict[str, Any] = scene.order("close", DAY).json()
    return int(result["revenue_ubolt"]["delivery"])


def test_an_invoice_takes_the_place_of_what_was_collected(scene: Scene, sold: int) -> None:
    answer = received(scene, amount_ubolt=sold + 7)
    assert answer.status_code == 200, answer.text
    assert answer.json() == INVOICE | {
        "amount_ubolt": sold + 7, "accrued_ubolt": sold, "difference_ubolt": 7,
    }  # fmt: skip
    ledger = read_book(scene.root / "state").ledger
    told = [-ledger.balance(at) for at in (TDSP_ACCRUED, TDSP_PAYABLE, TDSP_DIFFERENCE)]
    assert told == [0, sold + 7, -7]


def test_an_invoice_counts_once_and_gets_the_same_answer(scene: Scene, sold: int) -> None:
    first = received(scene)
    before = scene.facts()
    assert received(scene).json() == first.json()
    assert scene.facts() == before
    assert first.json()["accrued_ubolt"] == sold


def test_another_invoice_under_the_same_number_is_refused(scene: Scene, sold: int) -> None:
    received(scene)
    for changes in ({"amount_ubolt": 1}, {"day": "2021-03-16"}, {"until": "2021-03-13"}):
        answer = received(scene, **changes)
        assert answer.status_code == 409
        assert "2021-03/17 of 2021-03-15 is known with 9000000 µBOLT" in answer.json()["error"]
    later = received(scene, number="2021-03/18", amount_ubolt=-5).json()
    assert (later["accrued_ubolt"], later["difference_ubolt"]) == (0, -5)
    assert sold > 0


def test_what_is_accrued_later_waits_for_the_next_invoice(scene: Scene, sold: int) -> None:
    early = received(scene, until="2021-03-13").json()
    assert early["accrued_ubolt"] == 0
    ledger = read_book(scene.root / "state").ledger
    assert accrued_ubolt(ledger, Payee.TDSP, until=DAY) == sold
    assert received(scene, number="2").json()["accrued_ubolt"] == sold


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"payee": "landlord"}, "known are wholesale, tdsp, ercot"),
        ({"number": ""}, "printable characters"),
        ({"number": "a\0b"}, "printable characters"),
        ({"until": "2021-03-16"}, "after the invoice's own day"),
        ({"amount_ubolt": "9"}, "must be an integer"),
        ({"amount_ubolt": True}, "must be an integer"),
        ({"amount_ubolt": 1 << 48}, "must be an integer"),
        ({"force": True}, "force: is not a known key"),
    ],
)
def test_an_invoice_that_is_none_is_answered_with_a_sentence(
    scene: Scene, changes: dict[str, object], why: str
) -> None:
    answer = received(scene, **changes)
    assert answer.status_code == 400
    assert why in answer.json()["error"]


def test_invoices_are_for_the_administrator(scene: Scene) -> None:
    async def question(client: httpx.AsyncClient) -> httpx.Response:
        del client.headers["authorization"]
        return await client.post("/v1/admin/invoices", json=INVOICE)

    assert scene.ask(question).status_code == 401
