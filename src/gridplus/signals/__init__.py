"""OpenADR 3.1.0 without sockets: objects, the VTN's rules, a VEN's timeline of events."""

from gridplus.signals.broker_place import BrokerPlace
from gridplus.signals.clients import (
    TOKEN_LIFE_S,
    Ask,
    Client,
    Role,
    Session,
    TokenRefusal,
    grant,
    read_ask,
)
from gridplus.signals.notices import Message, Webhook, messages, notifiers, topics, webhooks
from gridplus.signals.objects import Change, Held, Kind, Operation
from gridplus.signals.problems import Reason, Refused, Response
from gridplus.signals.routes import COLLECTIONS, NOTIFIERS, PAGE, TOPICS
from gridplus.signals.text import Json, format_json, parse_json
from gridplus.signals.timeline import Stretch, Timeline
from gridplus.signals.vtn import BODY_LIMIT, Answer, Request, Vtn, answer

__all__ = [
    "BODY_LIMIT",
    "COLLECTIONS",
    "NOTIFIERS",
    "PAGE",
    "TOKEN_LIFE_S",
    "TOPICS",
    "Answer",
    "Ask",
    "BrokerPlace",
    "Change",
    "Client",
    "Held",
    "Json",
    "Kind",
    "Message",
    "Operation",
    "Reason",
    "Refused",
    "Request",
    "Response",
    "Role",
    "Session",
    "Stretch",
    "Timeline",
    "TokenRefusal",
    "Vtn",
    "Webhook",
    "answer",
    "format_json",
    "grant",
    "messages",
    "notifiers",
    "parse_json",
    "read_ask",
    "topics",
    "webhooks",
]
