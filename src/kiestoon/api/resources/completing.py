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


def completed(item: Json, schemas: Json) -> Json:
    """The problems a route can answer with, in place of FastAPI's own 422; the version it asks for; an example body."""
    for method, operation in item.items():
        if not isinstance(operation, dict):
            continue
        responses = operation.setdefault("responses", {})
        responses.pop("422", None)
        for kind in _problems_of(method, operation):
            responses.setdefault(str(KINDS[kind][0]), refusal(kind))
        if method == "patch":
            operation.setdefault("parameters", []).append(if_match(required=True))
        for media in operation.get("requestBody", {}).get("content", {}).values():
            media.setdefault("example", example_of(media["schema"], schemas))
    return item


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
    if schema.get("type") == "object":
        fields = schema.get("properties", {}).items()
        told = {name: field for name, field in fields if field.get("examples") or name in schema.get("required", ())}
        return {name: example_of(field, schemas) for name, field in (told or dict(fields)).items()}
    if "anyOf" in schema:
        return example_of(schema["anyOf"][0], schemas)
    return [example_of(schema["items"], schemas)] if schema.get("type") == "array" else _PLAIN[schema["type"]]


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
