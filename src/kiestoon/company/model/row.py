"""What every configuration row is made of: the base class, references, telephone numbers, destinations.

A row's annotations say everything the layers around it need: the store derives columns, checks and foreign keys from
them, the API its schemas. So a field is described once.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, TypeAlias

import msgspec
from msgspec import Meta

Gone: TypeAlias = Literal["restrict", "cascade", "clear"]


class Row(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Base of all configuration rows. ``repr`` leaves secrets out: rows end up in logs and tracebacks.

    ``version`` counts the writes to the row: whoever changes it must have seen the latest (optimistic locking).
    """

    id: int
    version: int = 1

    def __repr__(self) -> str:
        shown = (f"{name}={getattr(self, name)!r}" for name in self.__struct_fields__ if name not in _UNSHOWN)
        return f"{type(self).__name__}({', '.join(shown)})"


_UNSHOWN = frozenset({"secret", "version", "pin", "organiser_pin"})


class Value(msgspec.Struct, frozen=True, gc=False):
    """Base of the values inside rows."""


def refers(table: str, gone: Gone = "restrict", **meta: Any) -> Meta:
    """An id in another table of the same company.

    ``gone`` says what happens to this row when that one is deleted: "restrict" refuses it, naming this row as its user;
    "cascade" deletes this row too; "clear" makes the reference None.
    """
    return Meta(extra={"refers": table, "gone": gone}, **meta)


ADDED: Final = Meta(extra={"added": True})
"""A field that came with a later layout of the database: its column has the row's default, for the rows there were."""

CompanyId: TypeAlias = Annotated[int, Meta(extra={"refers": "companies", "gone": "cascade"})]
LocationId: TypeAlias = Annotated[int, refers("locations")]
DepartmentId: TypeAlias = Annotated[int, refers("departments")]
UserId: TypeAlias = Annotated[int, refers("users")]
OwnerId: TypeAlias = Annotated[int, refers("users", "cascade")]
"""The user a row belongs to: it goes when the user goes."""

Name: TypeAlias = Annotated[str, Meta(min_length=1, max_length=80)]
Label: TypeAlias = Annotated[str, Meta(max_length=80)]
Text: TypeAlias = Annotated[str, Meta(max_length=255)]
Email: TypeAlias = Annotated[str, Meta(max_length=254, pattern=r"^([^@\s<>\"]+@[^@\s<>\"]+\.[^@\s<>\"]+)?$")]
Language: TypeAlias = Annotated[str, Meta(max_length=8, pattern="^([a-z]{2}(-[A-Z]{2})?)?$", examples=["nl"])]
Country: TypeAlias = Annotated[str, Meta(max_length=2, pattern="^([A-Z]{2})?$", examples=["NL"])]
AreaCode: TypeAlias = Annotated[str, Meta(max_length=8, pattern="^[0-9]*$", examples=["020"])]

E164: TypeAlias = Annotated[
    str, Meta(max_length=16, pattern=r"^(\+[1-9][0-9]{3,14})?$", extra={"e164": True}, examples=["+31201234567"])
]
"""An international number with plus sign, or "" for none."""

OwnExtension: TypeAlias = Annotated[
    str, Meta(max_length=15, pattern="^[0-9]*$", extra={"extension": "own"}, examples=["204"])
]
"""The internal number under which this row itself is called: unique among everything of the company that has one."""

Extension: TypeAlias = Annotated[
    str, Meta(max_length=15, pattern="^[0-9]*$", extra={"extension": "restrict"}, examples=["204"])
]
"""Somebody's internal number, of whatever type, or "" for none. It follows when that extension is renumbered."""

MemberExtension: TypeAlias = Annotated[
    str, Meta(max_length=15, pattern="^[0-9]+$", extra={"extension": "cascade"}, examples=["204"])
]
"""The internal number a row is about: the row goes when that extension is deleted."""

NumberPattern: TypeAlias = Annotated[
    str, Meta(max_length=32, pattern=r"^\+?[0-9?]*\*?$", extra={"pattern": True}, examples=["+3120555*", "+31?0*"])
]
"""A number in which ? stands for one digit and * at the end for the rest (V 6.5)."""

CallerPattern: TypeAlias = Annotated[
    str,
    Meta(
        max_length=32,
        pattern=r"^([*#][0-9*#]+|\+?[0-9?]*\*?)$",
        extra={"pattern": True, "short_ways": True},
        examples=["+3120555*", "#01"],
    ),
]
"""The same, or a short way to a number: the person's speed dial, a short number, a number behind a code (V 6.5)."""

MinuteOfDay: TypeAlias = Annotated[int, Meta(ge=0, le=1440)]
LocalMinute: TypeAlias = Annotated[
    str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}$", max_length=16, examples=["2026-12-24T17:00"])
]
"""A minute on the location's clock."""


FurtherNumbers: TypeAlias = Annotated[
    tuple[Annotated[str, Meta(min_length=1, max_length=40)], ...], Meta(max_length=9, examples=["+31612345678"])
]
"""More numbers, as somebody of the company would dial them, that ring beside a destination."""


class Destination(Value, frozen=True):
    """Where a call is sent.

    ``kind`` "extension": ``target`` is one of the company's internal numbers (checked, and followed when renumbered);
    "number": a number as a user dials it, one of the user's speed dials, a short number, or the code of a voicemail
    with its extension (``company.short_ways``); "voicemail": the box of the extension ``target``, "" = the forwarding
    user's own; "mobile", "external": the forwarding user's own mobile or other outside number, whatever it is then
    (U 4.1.4); "busy": the caller hears busy; "none": not set.
    """

    kind: Literal["none", "extension", "number", "voicemail", "busy", "mobile", "external"] = "none"
    target: Annotated[str, Meta(max_length=40)] = ""

    def __bool__(self) -> bool:
        return self.kind != "none"


NOWHERE = Destination()


class WeekBlock(Value, frozen=True, array_like=True, order=True):
    """A stretch of the week: ``day`` 0 = Monday, minutes from that day's midnight.

    ``end`` may exceed 1440: the block goes on past midnight (up to a whole week).
    """

    day: Annotated[int, Meta(ge=0, le=6)]
    start: Annotated[int, Meta(ge=0, le=1439)]
    end: Annotated[int, Meta(ge=1, le=1440 * 8)]
