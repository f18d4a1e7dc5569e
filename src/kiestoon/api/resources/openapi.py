"""The OpenAPI description of the generic routes, type of row by type of row, made from the same models they check by.

FastAPI describes the other routes; ``describe`` joins the two and says what all of them have in common.
"""

from __future__ import annotations

from typing import Any, Final

from pydantic.json_schema import models_json_schema

from kiestoon.api.events.schema import event_schemas
from kiestoon.api.members import NewMember
from kiestoon.api.permissions import OPERATIONS, PERMISSIONS
from kiestoon.api.presence import SetPresence
from kiestoon.api.principal import ROLES
from kiestoon.api.problems import KINDS, MEDIA_TYPE, TYPE_PREFIX
from kiestoon.api.queue_logins import QueueLogin
from kiestoon.api.resources.bulk import line_model
from kiestoon.api.resources.codes import ApplyCodePreset
from kiestoon.api.resources.completing import ALWAYS, REF, REPEATABLE, completed, header, if_match, refusal
from kiestoon.api.resources.operations import CopyPlan
from kiestoon.api.resources.parameters import list_parameters
from kiestoon.api.resources.plans import SwitchPlan
from kiestoon.api.resources.reachability import CloneReach
from kiestoon.api.schemas import MAX_ID, READ_ONLY, change_model, clean_text, create_model_of, example, read_model
from kiestoon.company.code_presets import DEFAULT_PRESET, PRESETS
from kiestoon.company.model import ENTITIES, Device, Entity

Json = dict[str, Any]
_BASE: Final = "/api/v1/companies"
_PRESET: Final[Json] = {
    "name": "code_preset",
    "in": "query",
    "description": "The feature codes the company starts with.",
    "schema": {"type": "string", "enum": list(PRESETS), "default": DEFAULT_PRESET},
}
_PROBLEM: Final[Json] = {
    "type": "object",
    "description": "What is wrong (RFC 9457), in the language of Accept-Language (nl or en).",
    "required": ["type", "title", "status", "errors"],
    "properties": {
        "type": {"type": "string", "examples": [TYPE_PREFIX + "invalid"]},
        "title": {"type": "string", "examples": [KINDS["invalid"][1]]},
        "status": {"type": "integer", "examples": [422]},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "code", "message"],
                "properties": {
                    "field": {"type": "string", "description": 'The field, or "".', "examples": ["extension"]},
                    "code": {"type": "string", "description": "The rule it breaks.", "examples": ["extension_taken"]},
                    "message": {"type": "string"},
                },
            },
        },
    },
}
_DESCRIPTION: Final = """The organisation of a telephone exchange: companies, people, numbers, and where calls go.

* **Who**: the session cookie of somebody logged in (with `X-CSRF-Token` on whatever changes something), or
  `Authorization: Bearer` with a personal access token. What each role may do is a table in the administrators' manual.
* **Lists** are `{"items": [...], "next": cursor}`; pass `next` as `cursor`. Filter by any plain field
  (`?location_id=3&active=true`; twice the same field = either; `null` = not set), search with `q`, order with `sort`
  (`-name` = backwards).
* **Changes** name the version they were made from: send the `ETag` as `If-Match`. 412: somebody was faster.
* **Repeating** a POST that takes an `Idempotency-Key`, with the same one within 24 hours, gives the first answer again.
* **Errors** are problem documents (RFC 9457) that name every field that is wrong.
"""


def describe(plain: Json) -> Json:
    """FastAPI's description (of the routes it knows) completed with everything else."""
    schemas: Json = {**plain.get("components", {}).get("schemas", {}), **_schemas()}
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    paths = {path: completed(item, schemas) for path, item in plain.get("paths", {}).items()}
    for entity in ENTITIES:
        paths |= _paths(entity)
    tags = [{"name": entity.table, "description": _told(entity)} for entity in ENTITIES]
    return {
        **plain,
        "info": {**plain["info"], "description": _DESCRIPTION},
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "responses": {kind: _problem_response(kind) for kind in KINDS},
            "securitySchemes": {
                "session": {"type": "apiKey", "in": "cookie", "name": "kiestoon_session"},
                "token": {"type": "http", "scheme": "bearer"},
            },
        },
        "security": [{"session": []}, {"token": []}],
        "tags": tags,
    }


def _told(entity: Entity) -> str:
    """The first line about a type of row."""
    return clean_text((entity.row.__doc__ or "").partition("\n")[0])


def _problem_response(kind: str) -> Json:
    return {"description": KINDS[kind][1], "content": {MEDIA_TYPE: {"schema": {"$ref": REF + "Problem"}}}}


def _schemas() -> Json:
    bodies = (CopyPlan, CloneReach, SwitchPlan, ApplyCodePreset, NewMember, SetPresence, QueueLogin, line_model())
    models: list[Any] = [(body, "validation") for body in bodies]
    for entity in ENTITIES:
        models += [(read_model(entity), "validation"), (create_model_of(entity), "validation")]
        models.append((change_model(entity), "validation"))
    _, found = models_json_schema(models, ref_template=REF + "{model}")
    schemas: Json = found["$defs"]
    for entity in ENTITIES:
        schemas[_page_name(entity)] = _page(entity)
    schemas |= event_schemas()
    schemas["DeviceCreated"] = _device_created()
    schemas["Problem"] = _PROBLEM
    return schemas


def _device_created() -> Json:
    secret = {"type": "string", "description": "The password that was made up, shown this once."}
    return {"unevaluatedProperties": False, "allOf": [_open_read(Device)], "properties": {"secret": secret}}


def _open_read(row: type) -> Json:
    """A row to which something is added: the same properties, without closing the object."""
    schema: Json = dict(read_model(next(entity for entity in ENTITIES if entity.row is row)).model_json_schema())
    schema.pop("additionalProperties")
    return schema


def _page_name(entity: Entity) -> str:
    return f"{entity.row.__name__}Page"


def _page(entity: Entity) -> Json:
    return {
        "type": "object",
        "required": ["items", "next"],
        "properties": {
            "items": {"type": "array", "items": {"$ref": f"{REF}{entity.row.__name__}Read"}},
            "next": {"type": ["string", "null"], "description": "The cursor of the next page."},
        },
    }


# --- paths ---------------------------------------------------------------------------------------------------------


def _paths(entity: Entity) -> Json:
    if entity.table == "companies":
        paths = _pair(entity, _BASE, f"{_BASE}/{{company_id}}", [], [_path_id("company_id", "The company.")], "")
        paths[_BASE]["post"].setdefault("parameters", []).append(_PRESET)
        return paths
    company = _path_id("company_id", "The company.")
    one = _path_id("id", f"The {entity.nouns[0]}.")
    base = f"{_BASE}/{{company_id}}/{entity.table}"
    paths = _pair(entity, base, f"{base}/{{id}}", [company], [company, one], "")
    if entity.table == "trunks":
        paths |= _pair(entity, "/api/v1/trunks", "/api/v1/trunks/{id}", [], [one], "shared_")
    return paths


def _pair(entity: Entity, many: str, single: str, of_many: list[Json], of_one: list[Json], prefix: str) -> Json:
    noun, table = entity.nouns[0], entity.table
    one = f"{prefix}{_singular(entity)}"
    return {
        many: {
            "parameters": of_many,
            "get": _operation(entity, "list", f"list_{prefix}{table}", f"List {table.replace('_', ' ')}"),
            "post": _operation(entity, "create", f"create_{one}", f"Create a {noun}"),
        },
        single: {
            "parameters": of_one,
            "get": _operation(entity, "get", f"get_{one}", f"Get a {noun}"),
            "put": _operation(entity, "replace", f"replace_{one}", f"Replace a {noun}"),
            "patch": _operation(entity, "change", f"change_{one}", f"Change some fields of a {noun}"),
            "delete": _operation(entity, "remove", f"remove_{one}", f"Remove a {noun}"),
        },
    }


def _singular(entity: Entity) -> str:
    """The row's name in snake case: group_extension."""
    name = entity.row.__name__
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")


REFUSALS: Final = {
    "list": ("bad_request",),
    "get": (),
    "create": ("bad_request", "conflict", "too_large", "unsupported_media_type"),
    "replace": ("conflict", "stale", "too_large", "unsupported_media_type", "precondition_required"),
    "change": ("conflict", "stale", "too_large", "unsupported_media_type", "precondition_required"),
    "remove": ("conflict", "stale"),
}


def _operation(entity: Entity, what: str, operation_id: str, summary: str) -> Json:
    made: Json = {
        "operationId": operation_id,
        "summary": summary,
        "tags": [entity.table],
        "description": _may(entity, what, shared="shared_" in operation_id),
        "parameters": _parameters(entity, what),
        "responses": {
            **_success(entity, what),
            **{str(KINDS[kind][0]): refusal(kind) for kind in (*REFUSALS[what], *ALWAYS)},
        },
    }
    if what in {"create", "replace", "change"}:
        model = change_model(entity) if what == "change" else create_model_of(entity)
        media: Json = {"schema": {"$ref": REF + model.__name__}, "example": _body_example(entity, what)}
        made["requestBody"] = {"required": True, "content": {"application/json": media}}
    return made


def _body_example(entity: Entity, what: str) -> Json:
    whole = example(entity, create=True)
    if not whole:  # everything may be left out
        shown = example(entity, create=False)
        name = next(name for name, value in shown.items() if name not in READ_ONLY and value is not None)
        whole = {name: shown[name]}
    return dict(list(whole.items())[:1]) if what == "change" else whole


_NEEDED: Final = {
    "list": {"write", "change", "read", "public"},
    "get": {"write", "change", "read", "public"},
    "create": {"write"},
    "replace": {"write", "change"},
    "change": {"write", "change"},
    "remove": {"write"},
}


def _may(entity: Entity, what: str, *, shared: bool) -> str:
    if shared:
        roles = [role for role in ROLES if role in OPERATIONS["shared_trunks"]]
    else:
        roles = [role for role in ROLES if PERMISSIONS[entity.table].of(role) in _NEEDED[what]]
    return f"For the roles: {', '.join(roles)}; each within its own part."


def _parameters(entity: Entity, what: str) -> list[Json]:
    if what == "list":
        return list_parameters(entity)
    if what == "get":
        return [header("If-None-Match", "An ETag: 304 while it is still the same.", '"v1"')]
    if what == "create":
        return [*REPEATABLE["parameters"]]
    required = what != "remove"
    return [if_match(required=required)]


def _success(entity: Entity, what: str) -> Json:
    name = entity.row.__name__
    etag = {"ETag": {"schema": {"type": "string"}, "description": "The version."}}
    if what == "list":
        page = {"items": [example(entity, create=False)], "next": None}
        return {"200": _json_response("A page.", _page_name(entity), page)}
    if what == "remove":
        return {"204": {"description": "It is gone."}}
    shown = example(entity, create=False)
    if what == "create":
        model = "DeviceCreated" if entity.row is Device else f"{name}Read"
        headers = {**etag, "Location": {"schema": {"type": "string"}, "description": "Where it is."}}
        return {"201": {**_json_response("It is there.", model, shown), "headers": headers}}
    found: Json = {"200": {**_json_response("As it is now.", f"{name}Read", shown), "headers": etag}}
    if what == "get":
        found["304"] = {"description": "It is still the same."}
    return found


def _json_response(text: str, model: str, shown: Json) -> Json:
    return {"description": text, "content": {"application/json": {"schema": {"$ref": REF + model}, "example": shown}}}


def _path_id(name: str, text: str) -> Json:
    schema = {"type": "integer", "minimum": 1, "maximum": MAX_ID}
    return {"name": name, "in": "path", "required": True, "description": text, "schema": schema, "example": 1}
