"""The VTN's rules, one by one, each with its negative."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridplus.signals import Kind, Message, Role, Vtn, Webhook, messages, topics, webhooks
from gridplus.signals.problems import Refused
from tests.signals.desk import BL, HOME, OTHER, Desk, said

HOUR = {"start": "2026-01-31T18:00:00Z", "duration": "PT1H"}
PRICE = {"id": 0, "payloads": [{"type": "PRICE", "values": [0.17]}]}


def a_program(desk: Desk, name: str = "tariff", **more: Any) -> str:
    return str(desk.post("programs", {"programName": name, **more})["id"])


def an_event(desk: Desk, program: str, **more: Any) -> str:
    body = {"programID": program, "intervalPeriod": HOUR, "intervals": [{"id": 0, "payloads": []}]}
    return str(desk.post("events", body | more)["id"])


def a_ven(desk: Desk, client: str = "home-1", **more: Any) -> str:
    body = {"objectType": "BL_VEN_REQUEST", "clientID": client, "venName": f"ven of {client}"}
    return str(desk.post("vens", body | more)["id"])


def test_what_is_created_comes_back_whole_with_its_metadata() -> None:
    desk = Desk()
    sent = {
        "programName": "tariff",
        "note": {"of": ["ours", None]},
        "attributes": None,
        "targets": None,
        "id": "mine",
    }
    made = desk.post("programs", sent)
    assert made | {"id": "mine", "targets": None} == made | sent
    assert (made["id"], made["objectType"], made["targets"]) == ("program-1", "PROGRAM", [])
    assert made["createdDateTime"] == made["modificationDateTime"] == "2023-11-14T22:13:20.000000Z"
    assert desk.listed("programs") == [made]
    assert said(desk.ask("GET", "programs/program-1")) == made


def test_an_update_keeps_what_was_created_and_moves_its_stamp() -> None:
    desk = Desk()
    program = a_program(desk)
    made = said(desk.ask("GET", f"programs/{program}"))
    changed = said(desk.ask("PUT", f"programs/{program}", body={"programName": "other"}))
    assert changed["createdDateTime"] == made["createdDateTime"]
    assert changed["modificationDateTime"] > made["modificationDateTime"]
    assert changed["programName"] == "other"


@pytest.mark.parametrize(
    ("path", "body", "where"),
    [
        ("programs", {}, "program.programName: is missing"),
        ("programs", {"programName": ""}, "program.programName"),
        ("programs", {"programName": "x" * 129}, "program.programName"),
        ("programs", {"programName": "p", "targets": [1]}, "program.targets[0]"),
        ("programs", [], "program: must be of type object"),
        ("programs", b"{", "cannot be read as JSON"),
        ("events", {"programID": "p", "intervals": [{"id": "0", "payloads": []}]}, "intervals[0]"),
        ("events", {"programID": "p", "priority": -1}, "priority: must be at least 0"),
        ("events", {"programID": "p", "duration": "1H"}, "duration"),
        ("events", {"programID": "p", "intervalPeriod": {"start": "today"}}, "start"),
        ("vens", {"objectType": "BL_VEN_REQUEST", "venName": "v"}, "clientID: is missing"),
        ("vens", {"venName": "v"}, "fits none"),
    ],
)
def test_a_body_against_its_schema_is_a_problem_that_names_the_place(
    path: str, body: Any, where: str
) -> None:
    desk = Desk()
    response = desk.ask("POST", path, body=body)
    assert response.status == 400
    problem = said(response)
    assert set(problem) == {"type", "title", "status", "detail"}
    assert where in problem["detail"]
    assert desk.changes == []


def test_names_are_unique_and_an_event_needs_its_program() -> None:
    desk = Desk()
    a_program(desk, "one")
    two = a_program(desk, "two")
    assert desk.ask("POST", "programs", body={"programName": "one"}).status == 409
    assert desk.ask("PUT", f"programs/{two}", body={"programName": "one"}).status == 409
    assert desk.ask("PUT", f"programs/{two}", body={"programName": "two"}).status == 200
    assert desk.ask("POST", "events", body={"programID": "program-99"}).status == 409
    assert desk.ask("DELETE", f"programs/{two}").status == 200
    a_program(desk, "two")


def test_what_is_deleted_is_gone_with_what_stood_on_it() -> None:
    desk = Desk()
    program = a_program(desk)
    event = an_event(desk, program)
    report = {"eventID": event, "clientName": "me", "resources": []}
    made = desk.post("reports", report, session=HOME)
    assert desk.ask("DELETE", f"programs/{program}").status == 200
    for path in (f"programs/{program}", f"events/{event}", f"reports/{made['id']}"):
        assert desk.ask("GET", path).status == 404
    assert desk.ask("DELETE", f"programs/{program}").status == 404


def test_a_ven_writes_no_programs_or_events_and_business_logic_no_reports() -> None:
    desk = Desk()
    program = a_program(desk)
    event = an_event(desk, program)
    for method, path in (
        ("POST", "programs"),
        ("PUT", f"programs/{program}"),
        ("DELETE", f"programs/{program}"),
        ("POST", "events"),
        ("PUT", f"events/{event}"),
        ("DELETE", f"events/{event}"),
    ):
        assert desk.ask(method, path, session=HOME, body={}).status == 403
    report = {"eventID": event, "clientName": "me", "resources": []}
    assert desk.ask("POST", "reports", body=report).status == 403
    assert desk.ask("POST", "reports", session=HOME, body=report).status == 201


def test_a_ven_sees_only_what_is_meant_for_it() -> None:
    """I-SG-1."""
    desk = Desk()
    a_ven(desk, targets=["north", "ev"])
    a_ven(desk, "home-2", targets=["south"])
    program = a_program(desk)
    secret = a_program(desk, "secret", targets=["south"])
    for_all = an_event(desk, program)
    for_north = an_event(desk, program, targets=["north", "south"])
    for_south = an_event(desk, program, targets=["south"])
    assert [e["id"] for e in desk.listed("events")] == [for_all, for_north, for_south]
    mine = desk.listed("events", session=HOME)
    assert [event["id"] for event in mine] == [for_all, for_north]
    assert mine[1]["targets"] == ["north"], "foreign targets are hidden"
    assert desk.ask("GET", f"events/{for_south}", session=HOME).status == 404
    assert [p["id"] for p in desk.listed("programs", session=HOME)] == [program]
    assert desk.ask("GET", f"programs/{secret}", session=OTHER).status == 200
    asked = desk.listed("events?targets=north", session=HOME)
    assert [event["id"] for event in asked] == [for_north]
    assert desk.listed("events?targets=south", session=HOME) == []
    assert desk.listed("events?targets=ev&targets=north", session=HOME) == []


def test_a_ven_sees_its_own_objects_and_business_logic_all() -> None:
    desk = Desk()
    ven = a_ven(desk)
    other = desk.post("vens", {"objectType": "VEN_VEN_REQUEST", "venName": "b"}, session=OTHER)
    assert (other["clientID"], other["targets"]) == ("home-2", [])
    assert len(desk.listed("vens")) == 2
    assert [v["id"] for v in desk.listed("vens", session=HOME)] == [ven]
    assert desk.ask("GET", f"vens/{ven}", session=OTHER).status == 404
    resource = {"objectType": "VEN_RESOURCE_REQUEST", "resourceName": "battery", "venID": ven}
    assert desk.ask("POST", "resources", session=OTHER, body=resource).status == 404
    made = desk.post("resources", resource, session=HOME)
    assert made["clientID"] == "home-1"
    assert desk.ask("POST", "resources", session=HOME, body=resource).status == 409
    assert desk.listed("resources", session=OTHER) == []


def test_only_business_logic_grants_targets() -> None:
    desk = Desk()
    ven = a_ven(desk, targets=["north"])
    greedy = {"objectType": "VEN_VEN_REQUEST", "venName": "mine", "targets": ["south"]}
    updated = said(desk.ask("PUT", f"vens/{ven}", session=HOME, body=greedy))
    assert updated["targets"] == ["north"]
    as_bl = {"objectType": "BL_VEN_REQUEST", "venName": "mine", "clientID": "home-1"}
    assert desk.ask("PUT", f"vens/{ven}", session=HOME, body=as_bl).status == 403
    assert desk.ask("PUT", f"vens/{ven}", body=as_bl | {"targets": ["south"]}).status == 200
    assert desk.vtn.granted("home-1") == {"south"}


def test_lists_come_in_pages_of_at_most_fifty() -> None:
    desk = Desk()
    made = [a_program(desk, f"p{i}") for i in range(60)]
    assert [p["id"] for p in desk.listed("programs")] == made[:50]
    assert [p["id"] for p in desk.listed("programs?skip=50")] == made[50:]
    assert [p["id"] for p in desk.listed("programs?skip=3&limit=2")] == made[3:5]
    assert desk.listed("programs?limit=0") == []
    for query in (
        "limit=51",
        "limit=-1",
        "skip=x",
        "limit=",
        "limit=1&limit=2",
        "skip=99999999999",
    ):
        assert desk.ask("GET", f"programs?{query}").status == 400


def test_lists_are_filtered_by_everything_that_is_asked() -> None:
    desk = Desk()
    one, two = a_program(desk, "one"), a_program(desk, "two")
    past = an_event(desk, one)
    coming = an_event(
        desk, two, intervalPeriod={"start": "2030-01-01T00:00:00Z", "duration": "PT1H"}
    )
    desk.now_s = 1_800_000_000  # 2027
    assert [e["id"] for e in desk.listed(f"events?programID={one}")] == [past]
    assert [e["id"] for e in desk.listed("events?active=true")] == [coming]
    assert desk.listed(f"events?programID={one}&active=true") == []
    assert desk.ask("GET", "events?active=maybe").status == 400
    assert desk.ask("GET", "events?programID=a%20b").status == 400
    desk.post("reports", {"eventID": past, "clientName": "a", "resources": []}, session=HOME)
    assert len(desk.listed(f"reports?programID={one}&clientName=a")) == 1
    assert desk.listed(f"reports?programID={two}") == []
    a_ven(desk)
    assert len(desk.listed("vens?venName=ven of home-1")) == 1
    assert desk.listed("vens?venName=nobody") == []


def subscription(**more: Any) -> dict[str, Any]:
    wanted = {
        "objects": ["EVENT"],
        "operations": ["CREATE", "DELETE"],
        "callbackUrl": "https://example.org/hook",
        "bearerToken": "t",
    }
    return {"clientName": "me", "objectOperations": [wanted], **more}


def told(desk: Desk) -> list[Webhook]:
    roles = {"office": Role.BL, "home-1": Role.VEN, "home-2": Role.VEN}
    return list(webhooks(desk.vtn, desk.changes[-1], roles=roles))


def test_subscribers_are_told_what_they_may_read_and_asked_for() -> None:
    desk = Desk()
    a_ven(desk, targets=["north"])
    one, two = a_program(desk, "one"), a_program(desk, "two")
    desk.post("subscriptions", subscription(programID=one), session=HOME)
    desk.post("subscriptions", subscription(), session=OTHER)
    assert told(desk) == []
    event = an_event(desk, one, targets=["north"])
    (call,) = told(desk)
    assert (call.url, call.bearer) == ("https://example.org/hook", "t")
    assert b'"operation":"CREATE"' in call.body
    assert event.encode() in call.body
    an_event(desk, two)
    assert len(told(desk)) == 1, "the one without a program"
    desk.ask("PUT", f"events/{event}", body={"programID": one})
    assert told(desk) == [], "nobody asked for updates"
    desk.ask("DELETE", f"events/{event}")
    assert len(told(desk)) == 2
    assert desk.ask("POST", "subscriptions", body=subscription(programID="x")).status == 409


def test_topics_show_each_ven_no_more_than_it_may_read() -> None:
    """I-SG-1, by broker."""
    desk = Desk()
    ven = a_ven(desk, targets=["north"])
    other = a_ven(desk, "home-2", targets=["south"])
    program = a_program(desk)
    an_event(desk, program, targets=["north"])
    assert topics_of(desk) == {"v/bl/events/create", f"v/vens/{ven}/events/create"}
    an_event(desk, program)
    assert topics_of(desk) == {"v/bl/events/create", f"v/programs/{program}/events/create"}
    assert topics(desk.vtn, ("events",), session=HOME, prefix="v").__class__ is Refused
    mine = topics(desk.vtn, ("vens", ven, "events"), session=HOME, prefix="v")
    assert not isinstance(mine, Refused)
    assert said(mine)["topics"]["CREATE"] == f"v/vens/{ven}/events/create"
    foreign = topics(desk.vtn, ("vens", other, "events"), session=HOME, prefix="v")
    assert isinstance(foreign, Refused)
    one = topics(desk.vtn, ("programs", program), session=BL, prefix="v")
    assert not isinstance(one, Refused)
    assert set(said(one)["topics"]) == {"UPDATE", "DELETE", "ALL"}


def topics_of(desk: Desk) -> set[str]:
    sent: list[Message] = list(messages(desk.vtn, desk.changes[-1], prefix="v"))
    return {message.topic for message in sent}


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("PUD"), st.integers(0, 5)), max_size=25))
def test_replaying_the_changes_gives_the_same_vtn(moves: list[tuple[str, int]]) -> None:
    """I-SG-2."""
    desk = Desk()
    for what, number in moves:
        known = list(desk.vtn.held[Kind.PROGRAM])
        if what == "P" or not known:
            desk.ask("POST", "programs", body={"programName": f"p{number}"})
        elif what == "U":
            path = f"programs/{known[number % len(known)]}"
            desk.ask("PUT", path, body={"programName": f"p{number}", "targets": ["t"]})
        else:
            desk.ask("DELETE", f"programs/{known[number % len(known)]}")
    again = Vtn()
    for change in desk.changes:
        again.apply(change)
    assert again == desk.vtn
    stamps = [change.at_us for change in desk.changes]
    assert stamps == sorted(set(stamps)), "every change has its own instant"
