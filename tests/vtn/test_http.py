"""The VTN over HTTP: tokens, refusals, sizes, and what a restart keeps."""

from pathlib import Path

import httpx
import openadr3
import openadr3.auth
import pytest

from gridplus.clock import set_clock
from gridplus.failures import InputError, StorageError
from gridplus.retailer.vtn import load_clients
from tests.vtn.place import NOW_S, Place

FORM = {"grant_type": "client_credentials", "client_id": "bl", "client_secret": "bl-secret"}


def test_the_pypi_client_creates_reads_reports_and_deletes(tmp_path: Path) -> None:
    with Place(tmp_path) as place:
        office = openadr3.create_bl_client(place.url, place.token("bl"))
        home_token = openadr3.auth.fetch_token(place.url, "ven", "ven-secret")
        home = openadr3.create_ven_client(place.url, home_token)
        with office, home:
            program = office.create_program({"programName": "tariff"}).json()["id"]
            sent = {
                "programID": program,
                "intervalPeriod": {"start": "2026-02-01T00:00:00Z", "duration": "PT1H"},
                "intervals": [{"id": 0, "payloads": [{"type": "PRICE", "values": [0.17]}]}],
            }
            event = office.create_event(sent).json()["id"]
            (read,) = home.events(programID=program)
            assert str(read.intervals[0].payloads[0].values[0]) == "0.17"
            report = {"eventID": event, "clientName": "ven", "resources": []}
            assert home.create_report(report).status_code == 201
            assert office.reports()[0].event_id == event
            assert home.delete_event(event).status_code == 403
            assert office.delete_event(event).status_code == 200
            assert home.get_event_by_id(event).status_code == 404
            assert home.find_program_by_name("tariff") is not None


def test_tokens_expire_and_foreign_ones_are_refused(tmp_path: Path) -> None:
    with Place(tmp_path) as place, place.client("bl") as bl:
        assert bl.get("/programs").status_code == 200
        token = place.token("bl")
        head, body, seal = token.split(".")
        for foreign in (f"{head}.{body}.{seal[::-1]}", f"{head}.{body[:-2]}.{seal}", "x", "ä"):
            headers = {"Authorization": f"Bearer {foreign}".encode()}
            answer = httpx.get(f"{place.url}/programs", headers=headers)
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"] == "Bearer"
            assert answer.json()["status"] == 401
        set_clock(place.clock, NOW_S + 3_599)
        assert bl.get("/programs").status_code == 200
        set_clock(place.clock, NOW_S + 3_600)
        assert bl.get("/programs").status_code == 401


def test_another_vtns_token_is_foreign(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    with Place(tmp_path / "one") as one, Place(tmp_path / "two") as two:
        headers = {"Authorization": f"Bearer {one.token('bl')}"}
        assert httpx.get(f"{one.url}/programs", headers=headers).status_code == 200
        assert httpx.get(f"{two.url}/programs", headers=headers).status_code == 401


def test_tokens_are_given_by_form_and_by_header_and_refused_as_the_rfc_says(tmp_path: Path) -> None:
    with Place(tmp_path) as place:
        server = httpx.get(f"{place.url}/auth/server").json()
        assert server == {"tokenURL": f"{place.url}/auth/token"}
        given = httpx.post(server["tokenURL"], data=FORM)
        assert given.status_code == 200
        assert given.json()["token_type"] == "Bearer"
        assert given.headers["cache-control"] == "no-store"
        for wrong, status, code in (
            (FORM | {"client_secret": "x"}, 401, "invalid_client"),
            (FORM | {"client_id": "x"}, 401, "invalid_client"),
            (FORM | {"grant_type": "password"}, 400, "unsupported_grant_type"),
            (FORM | {"scope": "fly"}, 400, "invalid_scope"),
            ({}, 400, "invalid_request"),
        ):
            answer = httpx.post(server["tokenURL"], data=wrong)
            assert (answer.status_code, answer.json()["error"]) == (status, code)
            assert answer.json()["detail"]
        assert httpx.post(server["tokenURL"], json=FORM).status_code == 400
        bad = httpx.post(server["tokenURL"], headers={"Authorization": "Basic !"}, data=FORM)
        assert bad.status_code == 400


def test_paths_and_methods_that_are_not_there(tmp_path: Path) -> None:
    with Place(tmp_path) as place, place.client("bl") as bl:
        for path in ("/", "/nothing", "/programs/", "/programs/1/2", "/notifiers/mqtt/topics/x"):
            answer = bl.get(path)
            assert answer.status_code == 404
            assert answer.headers["content-type"] == "application/json"
            assert set(answer.json()) == {"type", "title", "status", "detail"}
        for method, path, allowed in (
            ("PATCH", "/programs", "GET, POST"),
            ("DELETE", "/programs", "GET, POST"),
            ("POST", "/programs/program-1", "GET, PUT, DELETE"),
            ("GET", "/auth/token", "POST"),
        ):
            answer = bl.request(method, path)
            assert (answer.status_code, answer.headers["allow"]) == (405, allowed)


def test_a_body_of_ten_megabytes_is_refused_before_it_is_read(tmp_path: Path) -> None:
    with Place(tmp_path) as place, place.client("bl") as bl:
        program = bl.post("/programs", json={"programName": "p"}).json()["id"]
        huge = b'{"programID":"' + program.encode() + b'","eventName":"' + b"x" * 10_000_000 + b'"}'
        headers = {"content-type": "application/json"}
        announced = bl.post("/events", content=huge, headers=headers)
        assert announced.status_code == 413

        def dripping() -> object:
            for at in range(0, len(huge), 65_536):
                yield huge[at : at + 65_536]

        with httpx.Client(base_url=place.url, headers=bl.headers) as unannounced:
            answer = unannounced.post("/events", content=dripping(), headers=headers)
            assert answer.status_code == 413
        assert bl.post("/events", json={"programID": program}).status_code == 201
        assert bl.post("/events", content=b"{}", headers={"content-type": "text/plain"}).is_error


def test_a_restart_keeps_every_object_and_token(tmp_path: Path) -> None:
    """I-SG-2."""
    with Place(tmp_path) as place, place.client("bl") as bl:
        sent = {"programName": "p", "price": 0.1, "ours": {"x": [1.50, None]}}
        bl.post(
            "/programs",
            content=b'{"programName":"p","ours":{"x":[1.50,null]}}',
            headers={"content-type": "application/json"},
        )
        bl.post("/programs", json=sent | {"programName": "q"})
        bl.delete("/programs/program-2")
        before, headers = bl.get("/programs").content, dict(bl.headers)
        assert b'"ours":{"x":[1.50,null]}' in before
    with Place(tmp_path) as place, httpx.Client(base_url=place.url, headers=headers) as bl:
        assert bl.get("/programs").content == before
        made = bl.post("/programs", json={"programName": "r"}).json()
        assert made["id"] == "program-4", "an id is never given twice"


def test_a_cached_list_is_never_older_than_the_last_change(tmp_path: Path) -> None:
    with Place(tmp_path) as place, place.client("bl") as bl, place.client("ven") as ven:
        program = bl.post("/programs", json={"programName": "p"}).json()["id"]
        assert ven.get("/events?active=true").json() == []
        period = {"start": "2026-01-31T18:00:00Z", "duration": "PT1H"}
        body = {"programID": program, "intervalPeriod": period, "targets": ["north"]}
        body["intervals"] = [{"id": 0, "payloads": []}]
        bl.post("/events", json=body)
        assert ven.get("/events?active=true").json() == [], "not granted"
        granted = {"objectType": "BL_VEN_REQUEST", "clientID": "ven", "venName": "v"}
        bl.post("/vens", json=granted | {"targets": ["north"]})
        assert len(ven.get("/events?active=true").json()) == 1
        assert ven.get("/events?active=true").json() == bl.get("/events?active=true").json()
        set_clock(place.clock, NOW_S + 3_599)
        assert len(ven.get("/events?active=true").json()) == 1
        set_clock(place.clock, NOW_S + 3_600)
        with place.client("ven") as later:
            assert later.get("/events?active=true").json() == [], "over"
            assert len(later.get("/events").json()) == 1


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('[[client]]\nid = "a"\nsecret = "s"\nrole = "BL"', "must have 32"),
        (f'[[client]]\nid = "a"\nsecret = "{"s" * 32}"\nrole = "VEN"', "enrols with its device"),
        (f'[[client]]\nid = "a"\nsecret = "{"s" * 32}"\nrole = "KING"', "known are BL, VEN"),
        (f'[[client]]\nid = "a"\nrole = "BL"\nsecrets = "{"s" * 32}"', "secret: is missing"),
        ("[[clients]]", "not a known key"),
        ("[[client", "cannot be read"),
    ],
)
def test_a_clients_file_with_a_mistake_names_it(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "clients.toml"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(InputError, match=why):
        load_clients(path, test_mode=False)


def test_a_clients_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "clients.toml"
    path.write_text(f'[[client]]\nid = "a"\nsecret = "{"s" * 32}"\nrole = "BL"')
    path.chmod(0o644)
    with pytest.raises(StorageError, match="chmod 600"):
        load_clients(path, test_mode=False)
    path.chmod(0o600)
    assert list(load_clients(path, test_mode=False)) == ["a"]
