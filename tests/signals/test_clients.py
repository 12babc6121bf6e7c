"""Who gets a token, for what, and who does not."""

from hashlib import sha256

import pytest

from gridplus.signals import Client, Role, Session, TokenRefusal, grant, read_ask

SECRET = sha256(b"secret").digest()
CLIENTS = {"home": Client("home", Role.VEN, SECRET), "office": Client("office", Role.BL, SECRET)}
FORM = (("grant_type", "client_credentials"), ("client_id", "home"), ("client_secret", "secret"))
GRANT = FORM[:1]


def test_credentials_come_by_body_or_by_basic() -> None:
    by_body = read_ask(FORM, basic=None)
    by_header = read_ask(GRANT, basic=("home", "secret"))
    assert by_body == by_header
    assert not isinstance(by_body, TokenRefusal)
    session = grant(by_body, CLIENTS, secret_hash=SECRET, now_s=100)
    assert session == Session("home", Role.VEN, Role.VEN.scopes, 3_700)


@pytest.mark.parametrize(
    ("form", "basic", "refusal"),
    [
        ((), None, TokenRefusal.NO_GRANT),
        ((("grant_type", "password"),), None, TokenRefusal.OTHER_GRANT),
        (GRANT, None, TokenRefusal.NO_CLIENT),
        ((*FORM, FORM[1]), None, TokenRefusal.REPEATED_FIELD),
        (FORM, ("home", "secret"), TokenRefusal.TWO_WAYS),
        ((*FORM[:2], ("client_secret", "x" * 5_000)), None, TokenRefusal.NO_CLIENT),
    ],
)
def test_an_ask_that_is_none_is_refused_by_name(
    form: tuple[tuple[str, str], ...], basic: tuple[str, str] | None, refusal: TokenRefusal
) -> None:
    assert read_ask(form, basic=basic) is refusal


def test_a_wrong_secret_and_an_unknown_client_are_one_refusal() -> None:
    ask = read_ask(FORM, basic=None)
    assert not isinstance(ask, TokenRefusal)
    wrong = grant(ask, CLIENTS, secret_hash=sha256(b"x").digest(), now_s=0)
    unknown = grant(ask, {}, secret_hash=SECRET, now_s=0)
    assert wrong is unknown is TokenRefusal.UNKNOWN_CLIENT


def test_scopes_narrow_a_token_and_never_widen_it() -> None:
    """I-SG-3."""
    ask = read_ask((*FORM, ("scope", "read_targets write_events")), basic=None)
    assert not isinstance(ask, TokenRefusal)
    session = grant(ask, CLIENTS, secret_hash=SECRET, now_s=0)
    assert isinstance(session, Session)
    assert session.scopes == {"read_targets"}
    ask = read_ask((*FORM, ("scope", "write_events")), basic=None)
    assert not isinstance(ask, TokenRefusal)
    assert grant(ask, CLIENTS, secret_hash=SECRET, now_s=0) is TokenRefusal.NO_SCOPE
