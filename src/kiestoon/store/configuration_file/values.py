"""Values of rows as plain values of the file, and back."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, TypeAlias

import msgspec
from msgspec import inspect

from kiestoon.company.model import NOWHERE, Destination, HolidayDay, WeekBlock, meta_of
from kiestoon.store.columns import Field

Plain: TypeAlias = Any
"""None, text, number, truth, or a list or dictionary of them."""

_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_BLOCK: Final = re.compile(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun) ([0-9]{1,2}):([0-9]{2})-([0-9]{1,3}):([0-9]{2})\Z")
_TO_TARGET: Final = ("extension", "number", "voicemail")
BLOCK_EXAMPLE: Final = "Mon 09:00-17:30"
DESTINATION_EXAMPLE: Final = "{extension: '204'}, {number: '+31201234567'}, {voicemail: '204'}, voicemail, busy, none"


def element_type(field: Field) -> Any:
    """The class or literal inside a list."""
    kind = field.kind
    if isinstance(kind, inspect.VarTupleType):
        item = kind.item_type
        while isinstance(item, inspect.Metadata):
            item = item.type
        return item
    return None


def element_meta(field: Field) -> dict[str, Any]:
    """What is said of the type of the parts inside a list."""
    return meta_of(field.kind.item_type) if isinstance(field.kind, inspect.VarTupleType) else {}


def is_of(field: Field, cls: type) -> bool:
    """Whether a field is a list of this class."""
    item = element_type(field)
    return isinstance(item, inspect.StructType) and item.cls is cls


def to_plain(value: Any, field: Field, label: Callable[[int], str]) -> Plain:
    """A row's value as the file has it; ``label`` names the row a reference points to."""
    if value is None:
        return None
    if field.meta.get("refers"):
        return label(value)
    if isinstance(value, Destination):
        return _destination(value)
    if isinstance(value, tuple):
        return [_element(part) for part in value]
    return value


def _destination(value: Destination) -> Plain:
    if value.kind in _TO_TARGET and value.target:
        return {value.kind: value.target}
    return value.kind


def _element(value: Any) -> Plain:
    if isinstance(value, WeekBlock):
        return f"{_DAYS[value.day]} {_clock(value.start)}-{_clock(value.end)}"
    if isinstance(value, HolidayDay):
        defaults = {field.name: field.default for field in msgspec.structs.fields(HolidayDay)}
        return {name: part for name, part in msgspec.structs.asdict(value).items() if part != defaults[name]}
    return value


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def parse_block(text: str) -> WeekBlock | None:
    """ "Mon 09:00-17:30"; hours beyond 24 go on into the next days. None for anything else."""
    found = _BLOCK.match(text)
    if found is None:
        return None
    day, *numbers = found.groups()
    start_hour, start_minute, end_hour, end_minute = map(int, numbers)
    start, end = start_hour * 60 + start_minute, end_hour * 60 + end_minute
    if start_minute > 59 or end_minute > 59 or start > 1439 or not start < end <= 1440 * 8:
        return None
    return WeekBlock(_DAYS.index(day), start, end)


def from_plain(value: Plain, field: Field) -> Any:
    """A plain value that ``reading`` has checked, as the row has it. References stay labels."""
    if field.shape == "destination":
        return _to_destination(value)
    if is_of(field, WeekBlock):
        return tuple(block for text in value if (block := parse_block(text)) is not None)
    if is_of(field, HolidayDay):
        return tuple(HolidayDay(**part) for part in value)
    return tuple(value) if isinstance(value, list) else value


def _to_destination(value: Plain) -> Destination | None:
    if value is None:
        return None
    if isinstance(value, dict):
        kind, target = next(iter(value.items()))
        return Destination(kind, target)
    return NOWHERE if value == "none" else Destination(value)


def extension_in(value: Plain, field: Field) -> str:
    """The internal number a value refers to, "" for none."""
    if field.shape == "destination":
        return str(value.get("extension") or value.get("voicemail") or "") if isinstance(value, dict) else ""
    return str(value or "") if field.meta.get("extension") in {"restrict", "cascade"} else ""
