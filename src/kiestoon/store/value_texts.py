"""What msgspec and pydantic say of a value that does not fit, in Dutch. What is not known stays English."""

from __future__ import annotations

import re
from typing import Final

_KINDS: Final = {
    "int": "geheel getal", "float": "getal", "str": "tekst", "bool": "true of false", "array": "lijst",
    "object": "object", "null": "null", "bytes": "bytes",
}  # fmt: skip

# What it says, and the Dutch. {0} and so on are its parts; kinds of value among them are translated.
_TEXTS: Final[tuple[tuple[re.Pattern[str], str], ...]] = tuple(
    (re.compile(pattern), dutch)
    for pattern, dutch in (
        (r"Expected `(.+)`, got `(.+)`", "verwacht wordt {0}, gegeven is {1}"),
        (r"Expected `(?:int|float)` >= (\S+)", "de waarde moet minstens {0} zijn"),
        (r"Expected `(?:int|float)` <= (\S+)", "de waarde mag hoogstens {0} zijn"),
        (r"Expected `(?:int|float)` that's a multiple of (\S+)", "de waarde moet een veelvoud van {0} zijn"),
        (r"Expected `str` of length >= (\d+)", "de tekst moet minstens {0} tekens hebben"),
        (r"Expected `str` of length <= (\d+)", "de tekst mag hoogstens {0} tekens hebben"),
        (r"Expected `str` matching regex (.+)", "de tekst heeft niet de vorm {0}"),
        (r"Expected `array` of length >= (\d+)", "de lijst moet minstens {0} delen hebben"),
        (r"Expected `array` of length <= (\d+)", "de lijst mag hoogstens {0} delen hebben"),
        (r"Expected `array` of length (\d+), got (\d+)", "de lijst moet {0} delen hebben, niet {1}"),
        (r"Invalid enum value (.+)", "{0} is geen van de mogelijkheden"),
        (r"Object missing required field `(.+)`", "veld {0} ontbreekt"),
        (r"Object contains unknown field `(.+)`", "er is geen veld {0}"),
        (r"Input should be a valid (?:datetime|date)\b.*", "de waarde is geen geldige datum of tijd"),
        (r"Input should have timezone info", "bij de tijd ontbreekt de tijdzone"),
        (r"Input should be a valid (?:number|decimal)\b.*", "de waarde is geen getal"),
        (r"Input should be greater than (\S+)", "de waarde moet groter zijn dan {0}"),
        (r"Input should be less than (\S+)", "de waarde moet kleiner zijn dan {0}"),
        (r"List should have at least (\d+) items? .*", "de lijst moet minstens {0} delen hebben"),
        (r"List should have at most (\d+) items? .*", "de lijst mag hoogstens {0} delen hebben"),
        (r"Value error, (.+)", "{0}"),
    )
)
_PLACE: Final = re.compile(r" - at `\$\.?(.*)`\Z")


def in_dutch(detail: str) -> str:
    """The same in Dutch; the place inside the value goes in brackets after it."""
    place = _PLACE.search(detail)
    said = detail[: place.start()] if place else detail
    for pattern, dutch in _TEXTS:
        found = pattern.fullmatch(said)
        if found is not None:
            told = dutch.format(*(_kind(part) for part in found.groups()))
            return f"{told} ({place[1]})" if place and place[1] else told
    return detail


def _kind(part: str) -> str:
    kinds = part.split(" | ")
    return " of ".join(_KINDS[kind] for kind in kinds) if all(kind in _KINDS for kind in kinds) else part
