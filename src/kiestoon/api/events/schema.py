"""The events in the OpenAPI document, made from what ``notify.events`` says of them."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import msgspec

from kiestoon.api.events.cursor import PATTERN
from kiestoon.api.resources.completing import REF
from kiestoon.notify.events import KINDS, Kind

Json = dict[str, Any]
PAGE: Final = "Events"
_CURSOR: Final[Json] = {"type": "string", "pattern": PATTERN, "examples": ["41.9f31c07ab2d4.1207"]}
_FRAME: Final[Json] = {
    "timestamp": {"type": "string", "description": "RFC 3339, UTC.", "examples": ["2026-11-21T16:02:43.120Z"]},
    "cursor": {**_CURSOR, "description": "Hand it in to go on after this event."},
    "company_id": {"type": ["integer", "null"], "examples": [1]},
}


@cache
def event_schemas() -> Json:
    """Each kind of event with its data, ``Event`` (any of them) and a page of events."""
    _, data = msgspec.json.schema_components([kind.data for kind in KINDS], ref_template=REF + "{name}")
    return {
        **{name: _tidy(schema) for name, schema in data.items()},
        **{kind.name: _event(kind) for kind in KINDS},
        "Event": {
            "description": "Something that happened.",
            "oneOf": [{"$ref": REF + kind.name} for kind in KINDS],
            "discriminator": {
                "propertyName": "type",
                "mapping": {name: REF + kind.name for kind in KINDS for name in kind.types},
            },
        },
        PAGE: {
            "type": "object",
            "description": "Events since a cursor, oldest first, and the cursor to go on from.",
            "required": ["items", "cursor"],
            "properties": {"items": {"type": "array", "items": {"$ref": REF + "Event"}}, "cursor": _CURSOR},
        },
    }


def _event(kind: Kind) -> Json:
    properties = {
        "type": {"type": "string", "enum": list(kind.types)},
        **_FRAME,
        "data": {"$ref": REF + kind.data.__name__},
    }
    return {
        "type": "object",
        "description": kind.text,
        "required": list(properties),
        "properties": properties,
        "additionalProperties": False,
    }


def _tidy(schema: Json) -> Json:
    """A docstring as Markdown."""
    return {**schema, "description": " ".join(schema["description"].replace("``", "`").split())}
