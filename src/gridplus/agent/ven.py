"""The agent as an OpenADR VEN: finds events by polling, is told of them by a broker, reports back.

What it has heard is a timeline that does not mind order, loss or repetition, so push only makes a
poll's news come earlier. Events that cannot be read are left out and counted.
"""

import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

from gridplus.agent.links import Link, Unreachable
from gridplus.digest import Document, require_shallow
from gridplus.failures import InputError, RemoteError
from gridplus.keystore import DeviceKey
from gridplus.signals import PAGE, Json, Timeline, format_json, parse_json
from gridplus.tariff import ChannelIdentity
from gridplus.wire import VTN_PATH, EnrolVen, RefusalMessage, VenEnrolled

_LIST_LIMIT = 4_000_000
_TOKEN_LIMIT = 20_000
MOST_PAGES = 100
_SIGNATURE_BYTES = 64
_FORM = "application/x-www-form-urlencoded"
_JSON = "application/json"


@dataclass(frozen=True, slots=True)
class VenCredentials:
    """An OAuth2 client; `ven_id` is its ven at the VTN."""

    client_id: str
    secret: str
    ven_id: str


async def enrol(
    retailer: Link, identity: ChannelIdentity, *, device: DeviceKey, now_s: int
) -> VenCredentials:
    """Credentials that the device key vouches for; a new secret each time, which stays here.

    Raises RemoteError when the retailer does not know this home, Unreachable.
    """
    secret = secrets.token_hex(32)
    secret_hash = hashlib.sha256(secret.encode()).digest()
    unsigned = EnrolVen(identity, secret_hash, now_s, bytes(_SIGNATURE_BYTES))
    message = EnrolVen(identity, secret_hash, now_s, device.sign(unsigned.signed))
    answer = await retailer.ask("/v1/ven-clients", message, answer=VenEnrolled)
    if isinstance(answer, RefusalMessage):
        raise RemoteError(f"the retailer does not enrol this VEN: {answer.sentence}")
    return VenCredentials(answer.client_id, secret, answer.ven_id)


@dataclass
class Ven:
    """Sans clock. `link` reaches the VTN, whose API stands below `path`."""

    link: Link
    credentials: VenCredentials
    path: str = VTN_PATH
    timeline: Timeline = field(init=False)
    unreadable: int = 0
    """Events and notices so far that were none."""
    _token: str | None = None

    def __post_init__(self) -> None:
        self.timeline = Timeline(self.credentials.client_id)

    async def poll(self) -> None:
        """Hear all active events. Raises Unreachable, then the timeline stays as it is;
        RemoteError for an answer that is none."""
        bodies: list[dict[str, Json]] = []
        before = self.timeline
        for page in range(MOST_PAGES):
            found = await self._get(f"/events?active=true&skip={page * PAGE}&limit={PAGE}")
            if not isinstance(found, list):
                raise RemoteError("the VTN answers with no list of events")
            bodies += [item for item in found if isinstance(item, dict)]
            if len(found) < PAGE:
                break
        self.timeline = self.timeline.hear_all(self._readable(bodies), before=before)

    def hear(self, notice: bytes) -> None:
        """A notification, by broker or webhook. One that cannot be read is counted, no more."""
        try:
            said = parse_json(notice, limit=_LIST_LIMIT, what="a notification")
            if not isinstance(said, dict) or said.get("objectType") != "EVENT":
                raise InputError("a notification of something else")
            event = said.get("object")
            if not isinstance(event, dict):
                raise InputError("a notification of nothing")
            heard = self.timeline.hear(event)
            if said.get("operation") == "DELETE":
                heard = heard.cancel(
                    str(event["id"]), at_us=heard.events[str(event["id"])].written_us
                )
            self.timeline = heard
        except InputError:
            self.unreadable += 1

    async def programs(self) -> dict[str, str]:
        """Names of programs by id."""
        found = await self._get(f"/programs?limit={PAGE}")
        listed = found if isinstance(found, list) else []
        return {
            str(item.get("id")): str(item.get("programName"))
            for item in listed
            if isinstance(item, dict)
        }

    async def report(self, report: dict[str, Json]) -> str:
        """Send a report; its id. Raises Unreachable, RemoteError."""
        status, body = await self._ask("POST", "/reports", content=format_json(report))
        if status != 201:
            raise RemoteError(f"the VTN does not take a report: {_said(status, body)}")
        made = parse_json(body, limit=_LIST_LIMIT, what="the VTN's answer")
        return str(made["id"]) if isinstance(made, dict) else ""

    async def broker(self) -> tuple[str, ...]:
        """Where the VTN's broker is, then the topics of this VEN's events: the URI first; nothing
        when the VTN has none."""
        said = await self._get("/notifiers")
        binding = said.get("MQTT") if isinstance(said, dict) else None
        uris = binding.get("URIS") if isinstance(binding, dict) else None
        if not isinstance(uris, list) or not uris:
            return ()
        topics = [await self._topic(f"vens/{self.credentials.ven_id}/events")]
        topics += [await self._topic(f"programs/{each}/events") for each in await self.programs()]
        return (str(uris[0]), *topics)

    async def _topic(self, of: str) -> str:
        said = await self._get(f"/notifiers/mqtt/topics/{of}")
        topics = said.get("topics") if isinstance(said, dict) else None
        if not isinstance(topics, dict) or not isinstance(topics.get("ALL"), str):
            raise RemoteError("the VTN names no topic")
        return str(topics["ALL"])

    async def _get(self, path: str) -> Json:
        status, body = await self._ask("GET", path)
        if status != 200:
            raise RemoteError(f"the VTN answers {path} with {_said(status, body)}")
        try:
            return parse_json(body, limit=_LIST_LIMIT, what="the VTN's answer")
        except InputError as error:
            raise RemoteError(str(error)) from None

    async def _ask(
        self, method: str, path: str, *, content: bytes | None = None
    ) -> tuple[int, bytes]:
        """With a token; with a new one when the old one is not good any more."""
        for _attempt in range(2):
            if self._token is None:
                self._token = await self._fetch_token()
            headers = {"authorization": f"Bearer {self._token}", "content-type": _JSON}
            status, body = await self.link.send(
                method, self.path + path, content=content, headers=headers, limit=_LIST_LIMIT
            )
            if status >= 500:
                raise Unreachable(f"the VTN is out of order: {_said(status, body)}")
            if status != 401:
                break
            self._token = None
        return status, body

    async def _fetch_token(self) -> str:
        form = {
            "grant_type": "client_credentials",
            "client_id": self.credentials.client_id,
            "client_secret": self.credentials.secret,
        }
        status, body = await self.link.send(
            "POST",
            f"{self.path}/auth/token",
            content=urlencode(form).encode(),
            headers={"content-type": _FORM},
            limit=_TOKEN_LIMIT,
        )
        try:
            require_shallow(body)
            answer: Document = json.loads(body)
        except ValueError:
            answer = None
        token = answer.get("access_token") if isinstance(answer, dict) else None
        if status != 200 or not isinstance(token, str):
            raise RemoteError(f"the VTN gives no token: {_said(status, body)}")
        return token

    def _readable(self, bodies: Sequence[dict[str, Json]]) -> list[dict[str, Json]]:
        found = []
        for body in bodies:
            try:
                Timeline("").hear(body)
            except InputError:
                self.unreadable += 1
            else:
                found.append(body)
        return found


def _said(status: int, body: bytes) -> str:
    return f"{status} {body[:200].decode(errors='replace')!r}"
