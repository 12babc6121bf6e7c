"""The VTN on HTTP: plain ASGI, so that a poll costs little more than its bytes."""

from base64 import b64decode
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, unquote_plus

from starlette.requests import Request as HttpRequest

from gridplus.failures import InputError, StorageError
from gridplus.retailer.vtn.callbacks import CallbackGuard
from gridplus.retailer.vtn.description import description
from gridplus.retailer.vtn.desk import Poll, VtnDesk
from gridplus.serving import BodyTooLargeError, read_body
from gridplus.signals import (
    BODY_LIMIT,
    COLLECTIONS,
    NOTIFIERS,
    TOPICS,
    Json,
    Reason,
    Refused,
    Request,
    Response,
    Session,
    TokenRefusal,
    format_json,
    notifiers,
    parse_json,
    read_ask,
    topics,
)
from gridplus.tls import peer_at

Scope: TypeAlias = Any
Receive: TypeAlias = Any
Send: TypeAlias = Any
FORM_LIMIT = 32_768
_FORM_FIELDS = 16
_HOST_CHARACTERS = 255
_FORM = "application/x-www-form-urlencoded"


class VtnApp:
    """ASGI. `mqtt_uri` is where VENs find the broker, if there is one."""

    def __init__(self, desk: VtnDesk, guard: CallbackGuard, *, mqtt_uri: str | None) -> None:
        self._desk = desk
        self._guard = guard
        self._mqtt_uri = mqtt_uri

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        poll = _poll(scope, headers)
        if scope["method"] == "GET" and (kept := self._desk.repeated(poll)) is not None:
            await _send(kept, send)
            return
        root: str = scope.get("root_path", "")
        path = tuple(scope["path"].removeprefix(root).split("/")[1:])
        try:
            response = await self._answer(path, scope, headers=headers, receive=receive)
        except BodyTooLargeError as error:
            response = _refused(Reason.TOO_LARGE, str(error))
        except InputError as error:
            response = _refused(Reason.BAD_REQUEST, str(error))
        except StorageError as error:
            response = _refused(Reason.UNAVAILABLE, str(error))
        await _send(response, send)

    async def _answer(
        self,
        path: tuple[str, ...],
        scope: Scope,
        *,
        headers: dict[bytes, bytes],
        receive: Receive,
    ) -> Response:
        method: str = scope["method"]
        allowed = _methods(path)
        if not allowed:
            return _refused(Reason.NOT_FOUND, "there is nothing at this path")
        if method not in allowed:
            detail = f"only {', '.join(allowed)} can be asked of this path"
            return Reason.NOT_ALLOWED.saying(detail, Allow=", ".join(allowed)).response()
        if path == ("auth", "server"):
            return Response(200, format_json({"tokenURL": _token_url(scope, headers)}))
        if path == ("auth", "token"):
            return await self._token(scope, headers, receive=receive)
        if path == ("openapi.json",):
            return Response(200, description())
        session = self._session(headers)
        if isinstance(session, Refused):
            return session.response()
        device = _device(scope)
        if device is not None and not self._desk.speaks(session, device=device):
            return _refused(Reason.FORBIDDEN, "this client is another device's than the line's")
        if path[0] == "notifiers":
            return self._notifiers(path, session)
        query = _pairs(scope["query_string"])
        if method == "GET":
            poll = _poll(scope, headers)
            return self._desk.read(Request(method, path, session, query), poll=poll)
        return await self._write(Request(method, path, session, query), scope, receive=receive)

    async def _write(self, asked: Request, scope: Scope, *, receive: Receive) -> Response:
        http = HttpRequest(scope, receive)
        body = b"" if asked.method == "DELETE" else await _body(http, limit=BODY_LIMIT)
        kind = http.headers.get("content-type", "")
        request = Request(asked.method, asked.path, asked.session, asked.query, body, kind)
        if request.path[0] == "subscriptions" and body:
            why = await self._guard.refusal(_callbacks(body))
            if why is not None:
                return _refused(Reason.FORBIDDEN, why)
        return await self._desk.write(request)

    def _session(self, headers: dict[bytes, bytes]) -> Session | Refused:
        scheme, _space, token = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
        session = self._desk.session(token.strip()) if scheme.lower() == "bearer" else None
        return session or Reason.UNAUTHORIZED.saying(
            "send a bearer token of this VTN that has not expired; auth/token gives one",
            WWW_Authenticate="Bearer",
        )

    def _notifiers(self, path: tuple[str, ...], session: Session) -> Response:
        if len(path) == 1:
            if not {NOTIFIERS, "read_all"} & session.scopes:
                return _refused(Reason.FORBIDDEN, f"this client's token lacks {NOTIFIERS}")
            return notifiers(self._mqtt_uri)
        prefix = self._desk.tellers.prefix
        found = topics(self._desk.vtn, path[3:], session=session, prefix=prefix)
        if self._mqtt_uri is None and not isinstance(found, Refused):
            return _refused(Reason.NOT_FOUND, "this VTN has no MQTT broker")
        return found.response() if isinstance(found, Refused) else found

    async def _token(
        self, scope: Scope, headers: dict[bytes, bytes], *, receive: Receive
    ) -> Response:
        form = _form(await _body(HttpRequest(scope, receive), limit=FORM_LIMIT), headers)
        basic = _basic(headers)
        if isinstance(form, TokenRefusal) or isinstance(basic, TokenRefusal):
            return _no_token(form if isinstance(form, TokenRefusal) else TokenRefusal.BAD_BASIC)
        ask = read_ask(form, basic=basic)
        granted = ask if isinstance(ask, TokenRefusal) else self._desk.token(ask)
        if isinstance(granted, TokenRefusal):
            return _no_token(granted)
        token, session = granted
        answered: Json = {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": session.expires_s - self._desk.clock.now_s(),
            "scope": " ".join(sorted(session.scopes)),
        }
        return Response(200, format_json(answered), (("cache-control", "no-store"),))


def _poll(scope: Scope, headers: dict[bytes, bytes]) -> Poll:
    device = _device(scope) or b""
    return headers.get(b"authorization", b""), scope["path"], scope["query_string"], device


def _device(scope: Scope) -> bytes | None:
    """The id of the device at the other end of a mutual line; nobody's when it is not believed any
    more; None on a line that asks for no name."""
    peer = peer_at(scope)
    if peer is None:
        return None
    device = peer.device()
    return bytes(32) if device is None else device.id


def _methods(path: tuple[str, ...]) -> tuple[str, ...]:
    """What can be asked of a path; nothing when there is none."""
    if len(path) <= 2 and path[0] in COLLECTIONS and path[-1]:
        return ("GET", "POST") if len(path) == 1 else ("GET", "PUT", "DELETE")
    if path == ("auth", "token"):
        return ("POST",)
    shape = tuple("{}" if i == 1 and part else part for i, part in enumerate(path[3:]))
    is_topic = path[:3] == ("notifiers", "mqtt", "topics") and shape in TOPICS
    known = (("auth", "server"), ("notifiers",), ("openapi.json",))
    return ("GET",) if is_topic or path in known else ()


async def _body(request: HttpRequest, *, limit: int) -> bytes:
    """Refused by its announced length before a byte is read, or as soon as more has come."""
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and (len(announced) > 12 or int(announced) > limit):
        raise BodyTooLargeError(f"the body exceeds {limit} bytes")
    return await read_body(request, limit=limit)


def _pairs(query: bytes) -> tuple[tuple[str, str], ...]:
    if not query:
        return ()
    try:
        return tuple(
            parse_qsl(
                query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=200
            )
        )
    except ValueError:
        raise InputError("the query is not application/x-www-form-urlencoded UTF-8") from None


def _form(body: bytes, headers: dict[bytes, bytes]) -> tuple[tuple[str, str], ...] | TokenRefusal:
    kind = headers.get(b"content-type", b"").decode("latin-1").partition(";")[0].strip().lower()
    if kind != _FORM:
        return TokenRefusal.NO_FORM
    try:
        return tuple(
            parse_qsl(
                body.decode("ascii"),
                keep_blank_values=True,
                errors="strict",
                max_num_fields=_FORM_FIELDS,
            )
        )
    except ValueError:
        return TokenRefusal.NO_FORM


def _basic(headers: dict[bytes, bytes]) -> tuple[str, str] | TokenRefusal | None:
    """Client credentials by HTTP Basic (RFC 6749, section 2.3.1)."""
    scheme, _space, text = headers.get(b"authorization", b"").partition(b" ")
    if scheme.lower() != b"basic":
        return None
    try:
        name, colon, secret = b64decode(text.strip(), validate=True).decode().partition(":")
    except ValueError:
        return TokenRefusal.BAD_BASIC
    return (unquote_plus(name), unquote_plus(secret)) if colon else TokenRefusal.BAD_BASIC


def _no_token(refusal: TokenRefusal) -> Response:
    """RFC 6749's error and the standard's problem in one object."""
    reason = Reason.UNAUTHORIZED if refusal.status == 401 else Reason.BAD_REQUEST
    problem = reason.saying(refusal.sentence).response()
    more = format_json({"error": refusal.code, "error_description": refusal.sentence})
    headers: tuple[tuple[str, str], ...] = (("cache-control", "no-store"),)
    if refusal.status == 401:
        headers += (("WWW-Authenticate", 'Basic realm="vtn"'),)
    return Response(problem.status, problem.body[:-1] + b"," + more[1:], headers)


def _token_url(scope: Scope, headers: dict[bytes, bytes]) -> str:
    """Where tokens are, as the asker reached us."""
    host = headers.get(b"host", b"").decode("latin-1")
    if not host or len(host) > _HOST_CHARACTERS or set(host) & set(' /\\?#@"<>^`{|}'):
        host = "{}:{}".format(*(scope.get("server") or ("localhost", 80)))
    return f"{scope.get('scheme', 'http')}://{host}{scope.get('root_path', '')}/auth/token"


def _callbacks(body: bytes) -> list[str]:
    """The webhooks that a subscription names, as far as it can be read."""
    sent = parse_json(body, limit=BODY_LIMIT, what="the body")
    operations = sent.get("objectOperations") if isinstance(sent, dict) else None
    urls = [
        each.get("callbackUrl")
        for each in (operations if isinstance(operations, list) else [])
        if isinstance(each, dict)
    ]
    return [url for url in urls if isinstance(url, str)]


def _refused(reason: Reason, detail: str) -> Response:
    return reason.saying(detail).response()


async def _send(response: Response, send: Send) -> None:
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(response.body)).encode()),
        *((name.lower().encode(), text.encode()) for name, text in response.headers),
    ]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})
