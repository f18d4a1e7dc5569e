"""What every operation of the OpenAPI document has, whoever described it: problems, versions, example bodies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from kiestoon.api.problems import KINDS

Json = dict[str, Any]
REF: Final = "#/components/schemas/"
ALWAYS: Final = ("unauthenticated", "forbidden", "not_found", "invalid", "too_many_requests", "unavailable")
"""The problems any operation can answer with."""
_PLAIN: Final[Json] = {"string": "text", "integer": 1, "number": 1.0, "boolean": True, "null": None}
_TEXTS: Final = {"limit": "Page size.", "cursor": "`next` of the page before."}
OPEN: Final[Json] = {"security": []}
"""For a route's ``openapi_extra``: no login is needed."""


def completed(item: Json, schemas: Json) -> Json:
    """What FastAPI leaves out: the problems a route can answer with, in place of its own 422; the version a route asks
    for; what parameters are; examples of bodies and answers."""
    for method, operation in item.items():
        if not isinstance(operation, dict):
            continue
        responses = operation.setdefault("responses", {})
        responses.pop("422", None)
        for kind in _problems_of(method, operation):
            responses.setdefault(str(KINDS[kind][0]), refusal(kind))
        if method == "patch":
            operation.setdefault("parameters", []).append(if_match(required=True))
        for parameter in operation.get("parameters", ()):
            _complete_parameter(parameter)
        answers = [response for status, response in responses.items() if status < "300"]
        for described in (operation.get("requestBody", {}), *answers):
            for media_type, media in described.get("content", {}).items():
                if media_type == "application/json":
                    media.setdefault("example", example_of(media["schema"], schemas))
    return item


def _complete_parameter(parameter: Json) -> None:
    name: str = parameter["name"]
    if parameter["in"] == "path":
        parameter.setdefault("description", f"The {name.removesuffix('_id').replace('_', ' ')}.")
        parameter.setdefault("example", 1)
    elif name in _TEXTS:
        parameter.setdefault("description", _TEXTS[name])


def _problems_of(method: str, operation: Json) -> Iterator[str]:
    yield from ("bad_request", *ALWAYS)
    if "requestBody" in operation:
        yield from ("too_large", "unsupported_media_type")
    if method != "get":
        yield from ("conflict", "stale")
    if method == "patch":
        yield "precondition_required"


def example_of(schema: Json, schemas: Json) -> Any:
    """A value that fits: the schema's own examples and defaults, and of an object all fields that have one."""
    if "$ref" in schema:
        return example_of(schemas[schema["$ref"].removeprefix(REF)], schemas)
    for words in ("examples", "enum"):
        if schema.get(words):
            return schema[words][0]
    for word in ("example", "default", "const"):
        if word in schema:
            return schema[word]
    for words in ("oneOf", "anyOf", "allOf"):
        if words in schema:
            return example_of(schema[words][0], schemas)
    if schema.get("type") == "object":
        fields = schema.get("properties", {}).items()
        told = {name: field for name, field in fields if field.get("examples") or name in schema.get("required", ())}
        return {name: example_of(field, schemas) for name, field in (told or dict(fields)).items()}
    if schema.get("type") == "array":
        return [example_of(schema["items"], schemas)]
    return _PLAIN[schema.get("type", "null")]


def refusal(kind: str) -> Json:
    """A reference to a problem's response."""
    return {"$ref": f"#/components/responses/{kind}"}


def if_match(*, required: bool) -> Json:
    """The header that names the version."""
    return header("If-Match", "The ETag of what is being changed, or *.", '"v1"', required=required)


def header(name: str, text: str, shown: str, *, required: bool = False) -> Json:
    """A header one may send."""
    schema = {"type": "string"}
    return {
        "name": name,
        "in": "header",
        "required": required,
        "description": text,
        "schema": schema,
        "example": shown,
    }


def takes(body: str | Json, *, repeatable: bool = True) -> Json:
    """For a route's ``openapi_extra``: it reads its body itself, a schema's name or by media type what is taken."""
    content = {"application/json": {"schema": {"$ref": REF + body}}} if isinstance(body, str) else body
    return {"requestBody": {"required": True, "content": content}, **(REPEATABLE if repeatable else {})}


REPEATABLE: Final[Json] = {
    "parameters": [header("Idempotency-Key", "Repetitions get the first answer.", "6f0c1d5e-order-17")]
}
"""For a route's ``openapi_extra``: it answers by ``requests.write_once``."""
