"""The hub's OpenAPI description names what it serves and every reason for which it refuses."""

from pathlib import Path
from typing import Any

from starlette.routing import Route

from gridplus.channel import PayeeRefusal
from gridplus.hub.description import openapi
from gridplus.hub.refusals import HubRefusal
from gridplus.meter import ReadRefusal
from tests.hub.test_http import hub_door
from tests.hub.town import Town


async def test_what_is_served_is_described_and_nothing_else(town: Town, tmp_path: Path) -> None:
    async with hub_door(town, tmp_path) as door:
        described = (await door.client.get("/openapi.json")).json()
    served = {
        (route.path, method.lower())
        for route in door.app.routes
        if isinstance(route, Route)
        for method in route.methods or ()
        if method != "HEAD"
    }
    assert served == {
        (path, method)
        for path, operations in described["paths"].items()
        for method in operations
        if method != "parameters"
    }


def test_every_refusal_is_named_once_in_the_order_of_the_checks() -> None:
    operations = openapi()["paths"]
    asked = (
        "/v1/channels",
        "/v1/reads",
        "/v1/orders",
        "/v1/words",
        "/v1/joins",
        "/v1/admin/restatements",
    )
    told = [name for path in asked for name in names(operations[path])]
    reasons = [reason.name for group in (HubRefusal, ReadRefusal, PayeeRefusal) for reason in group]
    assert set(told) == set(reasons)
    for path in (
        "/v1/channels",
        "/v1/reads",
        "/v1/vouchers",
        "/v1/orders",
        "/v1/words",
        "/v1/joins",
    ):
        hub = [name for name in names(operations[path]) if name in HubRefusal.__members__]
        assert hub == [reason.name for reason in HubRefusal if reason.name in hub]


def names(operation: dict[str, Any]) -> list[str]:
    refusal = operation["post"]["responses"]["409"]["content"]["application/json"]["schema"]
    found: list[str] = refusal["allOf"][1]["properties"]["name"]["enum"]
    return found
