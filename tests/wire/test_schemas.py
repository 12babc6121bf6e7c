"""The published schemas are what parsers take: each message fits, a foreign value does not."""

import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridplus.wire import closed, message_schemas, octets
from gridplus.wire.message import Message
from tests.wire.messages import EXAMPLES, messages


def plain(schema: Any) -> Any:
    """An OpenAPI 3.0 schema as JSON schema, which has no `nullable`."""
    if isinstance(schema, list):
        return [plain(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return plain(message_schemas()[schema["$ref"].rpartition("/")[2]])
    dropped = ("nullable", "discriminator")
    found = {key: plain(value) for key, value in schema.items() if key not in dropped}
    return {"anyOf": [found, {"type": "null"}]} if schema.get("nullable") is True else found


CHECKS = {
    name: jsonschema.Draft7Validator(plain(schema)) for name, schema in message_schemas().items()
}
DESCRIBED = [message for message in EXAMPLES if type(message).__name__ in CHECKS]


def fields(document: Any) -> Iterator[tuple[Any, str | int]]:
    """Every value in a document, as who holds it and under which key."""
    items = document.items() if isinstance(document, dict) else enumerate(document)
    for key, value in items:
        yield document, key
        if isinstance(value, dict | list):
            yield from fields(value)


def test_every_message_between_home_and_hub_is_described() -> None:
    assert {type(message).__name__ for message in DESCRIBED} == CHECKS.keys()


@settings(max_examples=60, deadline=None)
@given(message=messages.filter(lambda message: type(message).__name__ in CHECKS))
def test_what_is_sent_fits_its_schema(message: Message) -> None:
    sent = json.loads(message.to_bytes())
    for read in [sent, *sent.get("items", ())]:
        if "length_s" in read:  # a home is billed by the settlement interval
            read["start_s"] -= read["start_s"] % 900
    CHECKS[type(message).__name__].validate(sent)


@pytest.mark.parametrize("message", DESCRIBED, ids=lambda m: type(m).__name__)
def test_a_foreign_value_in_any_place_fits_no_schema(message: Message) -> None:
    check = CHECKS[type(message).__name__]
    document = json.loads(message.to_bytes())
    for holder, key in list(fields(document)):
        kept = holder[key]
        holder[key] = 0.5
        assert not check.is_valid(document), f"{key} may be one half"
        holder[key] = kept
    assert check.is_valid(document)
    assert not check.is_valid({**document, "more": 1})


@given(st.binary(min_size=3, max_size=3))
def test_zeros_are_refused_where_they_mean_nobody(value: bytes) -> None:
    check = jsonschema.Draft7Validator(closed(who=octets(3, zero=False)))
    assert check.is_valid({"who": "0x" + value.hex()}) == any(value)
