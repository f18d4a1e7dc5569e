"""Whether a caller fits a rule: number patterns and kinds of number (V 6.4-6.5)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from kiestoon.company.model import NumberKind, Rule
from kiestoon.company.numbers import read_outside_number
from kiestoon.routing.situation import CallerSeen

_CACHE = 16_384
_E164 = re.compile(r"\+[1-9][0-9]{7,14}\Z")


def fits_caller(rule: Rule, caller: CallerSeen) -> bool:
    """Anybody fits a rule that names nobody; else one of its patterns or kinds must fit."""
    if not rule.patterns and not rule.kinds:
        return True
    return caller.kind in rule.kinds or fits_any(rule.patterns, caller)


def fits_any(patterns: Iterable[str], caller: CallerSeen) -> bool:
    """Whether one of the patterns fits the caller's number, however it is written."""
    return any(fits(pattern, form) for pattern in patterns for form in caller.forms)


@lru_cache(_CACHE)
def fits(pattern: str, number: str) -> bool:
    """? stands for any one digit, * at the end for one or more."""
    open_ended = pattern.endswith("*")
    head = pattern[:-1] if open_ended else pattern
    if open_ended:
        if len(number) <= len(head):
            return False
    elif len(number) != len(head):
        return False
    return all(
        wanted == digit or (wanted == "?" and digit.isdigit()) for wanted, digit in zip(head, number, strict=False)
    )


def see_colleague(extension: str, user_id: int, own_numbers: tuple[str, ...], name: str = "") -> CallerSeen:
    """Somebody of the same company. A colleague who hides the number is a colleague all the same (V 7.3)."""
    return CallerSeen("internal", extension, (extension, *own_numbers), user_id, name=name)


def see_outsider(number: str, *, withheld: bool, country: str) -> CallerSeen:
    """A caller on an outside line: withheld, unavailable and malformed numbers are told apart.

    What is no telephone number (letters, a SIP name, too long) counts as unavailable: it must neither pass for a number
    nor for somebody who hides.
    """
    if withheld:
        return CallerSeen("private")
    if _E164.match(number):  # as lines mostly send it: nothing to work out
        return CallerSeen("external", number, country=country)
    return _see(number, country)


@lru_cache(_CACHE)
def _see(number: str, country: str) -> CallerSeen:
    read = read_outside_number(number, country) if number else None
    if read is None:
        return CallerSeen("unavailable")
    return CallerSeen("external", read.number, country=country)


NUMBER_KINDS: tuple[NumberKind, ...] = ("internal", "external", "private", "unavailable")
