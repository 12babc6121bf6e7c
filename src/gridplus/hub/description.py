"""The hub's own OpenAPI 3.0 description: what each request takes and answers, why it is refused."""

from collections.abc import Iterable
from enum import Enum
from typing import Any

from gridplus.hub import reasons
from gridplus.hub.exposure import ExposureStep
from gridplus.hub.refusals import HubRefusal
from gridplus.hub.shard import MOST_SHARDS
from gridplus.wire import SECONDS, U48, Schema, closed, message_schemas, octets

_TEXT: Schema = {"type": "string"}
_ERROR = closed(error=_TEXT)
_HEALTH: Schema = {"type": "object", "required": ["ok", "homes", "chain", "credit", "faults"]}
_STANDING = closed(
    homes=U48,
    stopped=U48,
    leaving=U48,
    unsigned=U48,
    largest_unsigned=U48,
    unclaimed=U48,
    oldest_unclaimed_s={**SECONDS, "nullable": True},
    unposted=U48,
    payable={**U48, "nullable": True},
    chain={**_TEXT, "nullable": True},
    faults={"type": "object", "additionalProperties": _TEXT},
)
_EXPOSED = closed(
    channel=octets(32),
    unsigned_ubolt=U48,
    left_ubolt={"type": "integer"},
    day_ubolt=U48,
    step={"type": "string", "enum": [step.name for step in ExposureStep]},
    sentence=_TEXT,
)
_CLAIMED = closed(
    homes=U48,
    transaction={**octets(32), "nullable": True},
    gas_used=U48,
    block=U48,
)
_CHANNEL_IN_PATH = {
    "name": "channel",
    "in": "path",
    "required": True,
    "description": "the channel's id",
    "schema": octets(32),
}
_SHARD_IN_QUERY = {
    "name": "shard",
    "in": "query",
    "required": False,
    "description": "which shard, of a hub that has some",
    "schema": {"type": "integer", "minimum": 0, "maximum": MOST_SHARDS - 1},
}
_TROUBLE = {
    "400": "the request is not what its schema asks for; the sentence names the field",
    "401": "for the administrator alone",
    "413": "more bytes than this message may have",
    "502": "the chain, the retailer or a shard does not answer; try again",
    "503": "the journal takes nothing more until the hub is started again",
}


def openapi() -> dict[str, Any]:
    """The description: paths, schemas, the administrator's token."""
    return {
        "openapi": "3.0.3",
        "info": {
            "title": "Grid+ hub",
            "version": "1",
            "description": "What a home asks its payment hub, and what the back office asks. "
            "Nothing is answered before it is durable; the same request is answered as the first "
            "time. A refusal (409) changes nothing and has a sentence for the owner of the home.",
        },
        "paths": _homes()
        | _payments()
        | _owners()
        | _restatements()
        | _back_office()
        | _copies()
        | _draining()
        | _operations(),
        "components": {
            "schemas": {**message_schemas(), "Error": _ERROR},
            "responses": {
                f"trouble{status}": _answer(text, _named("Error"))
                for status, text in _TROUBLE.items()
            },
            "securitySchemes": {"administrator": {"type": "http", "scheme": "bearer"}},
        },
    }


def _homes() -> dict[str, Any]:
    return {
        "/v1/channels": {
            "post": {
                "operationId": "openChannel",
                "summary": "know a home whose deposit the chain shows",
                **_takes("OpenChannel"),
                **_answers("ChannelStatus", "400", "413", "502", "503", refusals=reasons.OPENING),
            }
        },
        "/v1/channels/{channel}": {
            "parameters": [_CHANNEL_IN_PATH],
            "get": {
                "operationId": "channelStatus",
                "summary": "the durable counters, the head of the bill chain",
                **_answers("ChannelStatus", "400", "502", refusals=reasons.KNOWN),
            },
        },
        "/v1/stream": {
            "get": {
                "operationId": "streamPlace",
                "summary": "where a home may stay connected instead of asking each time; a hub "
                "that has shards tells it of the channel that is named",
                "parameters": [{**_CHANNEL_IN_PATH, "in": "query", "required": False}],
                **_answers("StreamPlace", "400", "502", refusals=(HubRefusal.OTHER_SHARD,)),
            }
        },
    }


def _payments() -> dict[str, Any]:
    return {
        "/v1/reads": {
            "post": {
                "operationId": "submitRead",
                "summary": "a read, signed by the device; answered with its bill",
                **_takes("SubmitRead"),
                **_answers("BillOffer", "400", "413", "502", "503", refusals=reasons.READING),
            }
        },
        "/v1/vouchers": {
            "post": {
                "operationId": "submitVoucher",
                "summary": "the home's newest voucher; answered when it is durable",
                **_takes("SubmitVoucher"),
                **_answers("Acknowledgement", "400", "413", "502", "503", refusals=reasons.PAYING),
            }
        },
        "/v1/batches": {
            "post": {
                "operationId": "submitBatch",
                "summary": "up to 50 reads and vouchers, each answered as if it had come alone",
                **_takes("SubmitBatch"),
                **_answers("BatchAnswer", "400", "413", "502", "503"),
            }
        },
    }


def _owners() -> dict[str, Any]:
    return {
        "/v1/orders": {
            "post": {
                "operationId": "signOrder",
                "summary": "the hub's signature to close, rotate or change the cap: "
                "a close or a new owner by two keys a day after owner and guardian were told",
                **_takes("AskOrder"),
                **_answers("OrderAnswer", "400", "413", "502", "503", refusals=reasons.ORDERING),
            }
        },
        "/v1/words": {
            "post": {
                "operationId": "askWord",
                "summary": "at which pair the home could be closed now, for one of its keys",
                **_takes("AskWord"),
                **_answers("FinalWord", "400", "413", "502", "503", refusals=reasons.ASKING),
            }
        },
    }


def _restatements() -> dict[str, Any]:
    return {
        "/v1/restatements": {
            "post": {
                "operationId": "fetchRestatement",
                "summary": "the restatement that follows a head of the home's bill chain",
                **_takes("FetchRestatement"),
                **_answers("RestatementOffer", "400", "413", "502", refusals=reasons.FETCHING),
            }
        },
        "/v1/joins": {
            "post": {
                "operationId": "joinRequest",
                "summary": "the home takes part in a paid request; answered when it is durable",
                **_takes("JoinRequest"),
                **_answers("RequestJoined", "400", "413", "502", "503", refusals=reasons.JOINING),
            }
        },
        "/v1/admin/restatements": {
            "post": {
                "operationId": "restate",
                "summary": "restate earlier bills of a home; answered when it is durable",
                "security": [{"administrator": []}],
                **_takes("OrderRestatement"),
                **_answers(
                    "RestatementOffer",
                    "400",
                    "401",
                    "413",
                    "502",
                    "503",
                    refusals=reasons.RESTATING,
                ),
            }
        },
    }


def _back_office() -> dict[str, Any]:
    seconds = [
        {"name": name, "in": "query", "required": True, "schema": SECONDS}
        for name in ("start_s", "end_s")
    ]
    return {
        "/v1/admin/channels": {
            "get": {
                "operationId": "listChannels",
                "security": [{"administrator": []}],
                **_answers("Channels", "401", "502"),
            }
        },
        "/v1/admin/channels/{channel}/records": {
            "parameters": [_CHANNEL_IN_PATH, *seconds],
            "get": {
                "operationId": "billedRecords",
                "summary": "bills with their evidence, of intervals that begin in [start_s, end_s)",
                "security": [{"administrator": []}],
                **_answers("BilledDay", "400", "401", "502", refusals=reasons.KNOWN),
            },
        },
        "/v1/admin/claims": {
            "post": {
                "operationId": "claim",
                "summary": "redeem the durable vouchers on chain, in one transaction",
                "security": [{"administrator": []}],
                "responses": {
                    "200": _answer("what was redeemed; no transaction if nothing is due", _CLAIMED),
                    **_troubles("401", "502", "503"),
                },
            }
        },
    }


def _copies() -> dict[str, Any]:
    return {
        "/v1/admin/promises": {
            "get": {
                "operationId": "exportPromises",
                "summary": "what a watchtower needs",
                "security": [{"administrator": []}],
                "responses": {
                    "200": {
                        "description": "vouchers, credits, claims signed ahead",
                        "content": {"application/octet-stream": {}},
                    },
                    **_troubles("401", "502", "503"),
                },
            }
        },
        "/v1/admin/journal": {
            "parameters": [
                {"name": "after", "in": "query", "required": True, "schema": U48},
                _SHARD_IN_QUERY,
            ],
            "get": {
                "operationId": "journal",
                "summary": "the durable facts above `after`, as many as fit, for a back-up; of a "
                "shard, or of whoever claims for all",
                "security": [{"administrator": []}],
                "responses": {
                    "200": {
                        "description": "a parcel of facts; empty when there are no more",
                        "content": {"application/octet-stream": {}},
                    },
                    **_troubles("400", "401", "502", "503"),
                },
            },
        },
    }


def _draining() -> dict[str, Any]:
    return {
        "/v1/admin/drain": {
            "parameters": [_SHARD_IN_QUERY],
            "post": {
                "operationId": "drain",
                "summary": "take nothing more, finish what is under way, end; one shard, or all",
                "security": [{"administrator": []}],
                "responses": {
                    "200": _answer("it ends, or has ended", {"type": "object"}),
                    **_troubles("400", "401", "502"),
                },
            },
        },
    }


def _operations() -> dict[str, Any]:
    guarded: dict[str, Any] = {"security": [{"administrator": []}]}
    return {
        "/metrics": {
            "get": {
                "operationId": "metrics",
                "summary": "for Prometheus",
                **guarded,
                "responses": {
                    "200": {"description": "text format", "content": {"text/plain": {}}},
                    **_troubles("401"),
                },
            }
        },
        "/v1/admin/exposure": {
            "get": {
                "operationId": "exposure",
                "summary": "the homes that need somebody, the most urgent first, at most 200",
                **guarded,
                "responses": {
                    "200": _answer(
                        "homes by step",
                        closed(count=U48, homes={"type": "array", "items": _EXPOSED}),
                    ),
                    **_troubles("401"),
                },
            }
        },
        "/v1/admin/status": {
            "get": {
                "operationId": "status",
                **guarded,
                "responses": {
                    "200": _answer("money at risk, homes by state, what waits", _STANDING),
                    **_troubles("401"),
                },
            }
        },
        "/health": {
            "get": {
                "operationId": "health",
                "responses": {"200": _answer("how the hub stands, what is not well", _HEALTH)},
            }
        },
        "/openapi.json": {
            "get": {
                "operationId": "description",
                "responses": {"200": _answer("this description", {"type": "object"})},
            }
        },
    }


def _takes(message: str) -> dict[str, Any]:
    content = {"application/json": {"schema": _named(message)}}
    return {"requestBody": {"required": True, "content": content}}


def _answers(message: str, *troubles: str, refusals: Iterable[Enum] = ()) -> dict[str, Any]:
    responses = {"200": _answer(message, _named(message)), **_troubles(*troubles)}
    if reasons := list(dict.fromkeys(refusals)):
        told = "\n".join(f"- `{reason.name}`: {reason.value}" for reason in reasons)
        names = {"enum": [reason.name for reason in reasons]}
        refusal = {"allOf": [_named("RefusalMessage"), {"properties": {"name": names}}]}
        responses["409"] = _answer(f"nothing changed; in the order of the checks:\n{told}", refusal)
    return {"responses": responses}


def _troubles(*statuses: str) -> dict[str, Any]:
    return {status: {"$ref": f"#/components/responses/trouble{status}"} for status in statuses}


def _answer(description: str, schema: Schema) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _named(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}
