"""What speed dials, short numbers and codes among somebody's settings stand for (V 6.5, V 15, U 4.2.1).

A rule or a forwarding may name them in place of a number. What they lead to is no short way again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Protocol

from kiestoon.company.codes import SPEED_DIAL, read_code, without_dial_key
from kiestoon.company.model import Destination, FeatureCode, ShortNumber, SpeedDial
from kiestoon.company.numbers import clean_dialled

VOICEMAIL_BOX: Final = "voicemail_box"
_DIGITS: Final = 2
_MOST_CODES: Final = 4


class Ways(Protocol):
    """Where short ways are looked up: the snapshot's rows, or the database's."""

    @property
    def codes(self) -> Mapping[str, FeatureCode]:
        """The company's feature codes, by what is dialled."""

    def speed_dial(self, user_id: int, digits: str) -> SpeedDial | None:
        """A person's own."""

    def short_number(self, code: str) -> ShortNumber | None:
        """The company's."""


def split_speed_dial(speed_dial_codes: Iterable[str], bare: str) -> str:
    """The two digits behind the company's speed-dial code; "" for what is no speed dial."""
    return next((bare[-_DIGITS:] for code in speed_dial_codes if _is_behind(code, bare)), "")


def _is_behind(code: str, bare: str) -> bool:
    return bare.startswith(code) and len(bare) == len(code) + _DIGITS and bare[-_DIGITS:].isdecimal()


def stands_for(ways: Ways, extension_digits: int, user_id: int, written: str) -> Destination | None:
    """Where calls go that are sent to a short way of this person's (0: nobody's) or to a code; None: it is neither.

    Of all codes only the one that leads to somebody's voicemail is a place for calls. What is none comes back as a
    number that cannot be dialled.
    """
    number = _leads_to(ways, user_id, clean_dialled(written))
    if not number:
        return None
    code = read_code(ways.codes, number, extension_digits) if number[0] in "*#" else None
    if code is not None and code.feature.name == VOICEMAIL_BOX:
        return Destination("voicemail", code.argument)
    return Destination("number", number)


def caller_meant(ways: Ways, extension_digits: int, user_id: int, written: str) -> str:
    """Whose number a short way or a code before a number stands for, as a criterion of a rule; "" for nobody's."""
    number = _leads_to(ways, user_id, clean_dialled(written))
    for _ in range(_MOST_CODES):
        if number[:1] not in ("*", "#"):
            break
        code = read_code(ways.codes, number, extension_digits)
        if code is None or not code.feature.per_call:
            return ""
        number = code.argument
    return number if number.removeprefix("+").isdecimal() else ""


def _leads_to(ways: Ways, user_id: int, cleaned: str) -> str:
    """What a speed dial or short number leads to, a code as it is; "" for an ordinary number."""
    bare = without_dial_key(ways.codes, cleaned) if cleaned.endswith("#") else cleaned
    if not bare:
        return ""
    codes = [code.code for code in ways.codes.values() if code.feature == SPEED_DIAL] if bare[0] in "*#" else []
    digits = split_speed_dial(codes, bare)
    own = ways.speed_dial(user_id, digits) if digits and user_id else None
    short = own or ways.short_number(bare)
    if short is not None:
        return clean_dialled(short.number)
    return bare if bare[0] in "*#" else ""
