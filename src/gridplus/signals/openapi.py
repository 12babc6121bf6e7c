"""The VTN's own OpenAPI 3.0 description, made of the tables that requests are checked against."""

from typing import Any

from gridplus.signals.objects import TARGETED, Kind
from gridplus.signals.routes import COLLECTIONS, NOTIFIERS, PAGING, TOPICS, Collection, Parameter
from gridplus.signals.schema import OBJECT_ID, REQUESTS, Schema, metadata

_SCOPES = {
    "read_all": "business logic reads everything",
    "read_bl": "business logic reads the topics of everything",
    "read_targets": "reads programs and events: without targets, or with targets it was granted",
    "read_ven_objects": "reads what is its own",
    "write_programs": "business logic writes programs",
    "write_events": "business logic writes events",
    "write_reports": "VENs write reports",
    "write_subscriptions": "both write subscriptions",
    "write_vens": "both write vens and resources",
}
_PROBLEM: Schema = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 100, "maximum": 599},
        "detail": {"type": "string"},
    },
}
_TOKEN_FORM: Schema = {
    "type": "object",
    "required": ["grant_type", "client_id", "client_secret"],
    "properties": {
        "grant_type": {"type": "string", "enum": ["client_credentials"]},
        "client_id": {"type": "string", "minLength": 1, "maxLength": 4_096},
        "client_secret": {"type": "string", "minLength": 1, "maxLength": 4_096},
        "scope": {"type": "string"},
    },
}
_TEXTS = {"type": "object", "additionalProperties": {"type": "string"}}
_PROBLEMS = {
    400: "the request cannot be read, or is not what its schema asks for",
    401: "no token, an expired or a foreign one",
    403: "not for this client",
    404: "not there, or not for this client to see",
    409: "a name is taken, or what the object refers to is not there",
    413: "too many bytes",
}


def openapi() -> dict[str, Any]:
    """The description: paths, schemas, security."""
    paths: dict[str, Any] = {}
    for collection in COLLECTIONS.values():
        paths[f"/{collection.path}"] = _many(collection)
        paths[f"/{collection.path}/{{{collection.id_name}}}"] = _one(collection)
    paths |= _auth()
    paths["/notifiers"] = {"get": _read("listNotifiers", NOTIFIERS, schema={"type": "object"})}
    for shape, scope in TOPICS.items():
        paths |= _topic(shape, scope)
    return {
        "openapi": "3.0.3",
        "info": {
            "title": "Grid+ VTN",
            "version": "3.1.0",
            "description": "OpenADR 3.1.0 as the Grid+ VTN speaks it.",
        },
        "paths": paths,
        "components": {
            "schemas": _schemas(),
            "responses": {
                f"problem{status}": _json(text, _PROBLEM) for status, text in _PROBLEMS.items()
            },
            "securitySchemes": {
                "oAuth2ClientCredentials": {
                    "type": "oauth2",
                    "flows": {"clientCredentials": {"tokenUrl": "auth/token", "scopes": _SCOPES}},
                },
                "bearerAuth": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
            },
        },
    }


def _schemas() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for kind in Kind:
        name = kind.value.lower()
        found[f"{name}Request"] = REQUESTS[kind]
        found[name] = {"allOf": [metadata(kind.value), _answered(kind)]}
    return found


def _answered(kind: Kind) -> Schema:
    """An object as it is answered: what may be sent, its owner, targets that are never null."""
    request = REQUESTS[kind]
    shape = (
        max(request["oneOf"], key=lambda each: len(each["required"]))
        if ("oneOf" in request)
        else request
    )
    properties = {name: s for name, s in shape["properties"].items() if name != "objectType"}
    required = [name for name in shape["required"] if name != "objectType"]
    if kind in TARGETED:
        properties["targets"] = {**properties["targets"], "nullable": False}
        required.append("targets")
    if kind in (Kind.REPORT, Kind.SUBSCRIPTION):
        properties["clientID"] = {"type": "string", "minLength": 1}
        required.append("clientID")
    return {"type": "object", "required": required, "properties": properties}


def _many(collection: Collection) -> dict[str, Any]:
    item = _ref(collection.kind.value.lower())
    listed = _read(
        f"list_{collection.path}", collection.read, schema={"type": "array", "items": item}
    )
    listed["parameters"] = [
        _parameter(name, parameter) for name, parameter in {**collection.filters, **PAGING}.items()
    ]
    created = _write(f"create_{collection.path}", collection, body=True)
    created["responses"] = {
        "201": _json("created", item),
        **_refusals(400, 401, 403, 404, 409, 413),
    }
    return {"get": listed, "post": created}


def _one(collection: Collection) -> dict[str, Any]:
    path = {"name": collection.id_name, "in": "path", "required": True, "schema": OBJECT_ID}
    item = _ref(collection.kind.value.lower())
    read = _read(f"get_{collection.path}", collection.read, schema=item)
    update = _write(f"update_{collection.path}", collection, body=True)
    update["responses"] = {"200": _json("updated", item), **_refusals(400, 401, 403, 404, 409, 413)}
    delete = _write(f"delete_{collection.path}", collection, body=False)
    delete["responses"] = {"200": _json("deleted", item), **_refusals(400, 401, 403, 404)}
    return {"parameters": [path], "get": read, "put": update, "delete": delete}


def _auth() -> dict[str, Any]:
    token = {
        "operationId": "fetchToken",
        "security": [],
        "requestBody": {
            "required": True,
            "content": {"application/x-www-form-urlencoded": {"schema": _TOKEN_FORM}},
        },
        "responses": {
            "200": _json("a token", {"type": "object", "required": ["access_token", "token_type"]}),
            **_refusals(400, 401, 413),
        },
    }
    server = {
        "operationId": "getAuthServerInfo",
        "security": [],
        "responses": {"200": _json("where tokens are", _TEXTS)},
    }
    return {"/auth/token": {"post": token}, "/auth/server": {"get": server}}


def _topic(shape: tuple[str, ...], scope: str) -> dict[str, Any]:
    name = "programID" if shape[0] == "programs" else "venID"
    path = "/".join(part if part != "{}" else f"{{{name}}}" for part in shape)
    answered = {"type": "object", "required": ["topics"], "properties": {"topics": _TEXTS}}
    item: dict[str, Any] = {
        "get": _read(f"topics_{'_'.join(shape)}".replace("{}", "one"), scope, schema=answered)
    }
    if "{}" in shape:
        item["parameters"] = [{"name": name, "in": "path", "required": True, "schema": OBJECT_ID}]
    return {f"/notifiers/mqtt/topics/{path}": item}


def _read(operation: str, scope: str, *, schema: Schema) -> dict[str, Any]:
    return {
        "operationId": operation,
        "security": _security(scope),
        "responses": {"200": _json("found", schema), **_refusals(400, 401, 403, 404)},
    }


def _write(operation: str, collection: Collection, *, body: bool) -> dict[str, Any]:
    described: dict[str, Any] = {"operationId": operation, "security": _security(collection.write)}
    if body:
        schema = _ref(f"{collection.kind.value.lower()}Request")
        content = {"application/json": {"schema": schema}}
        described["requestBody"] = {"required": True, "content": content}
    return described


def _security(scope: str) -> list[dict[str, list[str]]]:
    return [{"oAuth2ClientCredentials": [scope]}, {"bearerAuth": []}]


def _parameter(name: str, parameter: Parameter) -> dict[str, Any]:
    schema = parameter.schema
    if parameter.repeated:
        schema = {"type": "array", "items": schema}
    return {"name": name, "in": "query", "required": False, "schema": schema}


def _refusals(*statuses: int) -> dict[str, Any]:
    return {str(status): {"$ref": f"#/components/responses/problem{status}"} for status in statuses}


def _json(description: str, schema: Schema) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}
