"""What a language must know to fill in texts: numbers, digits, times and dates in its own words."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import date, datetime, time
from typing import ClassVar, Literal, TypeAlias

from kiestoon.speech.phrase import Moment

Plural: TypeAlias = Literal["zero", "one", "other"]
"""The plural categories (CLDR) that whole numbers have in the languages we speak."""

_CHUNK = 3
_LONGEST_CHUNK = 4


class Language(ABC):
    """One language. Everything is text that a synthesiser of that language reads right.

    ``digits`` and ``signs`` are the names of 0 to 9 and of ``+*#``. ``withheld``: a caller who hides the number, in
    the case that "from" takes. ``weekdays`` begin with Monday.
    """

    code: ClassVar[str]
    digits: ClassVar[tuple[str, ...]]
    signs: ClassVar[dict[str, str]]
    withheld: ClassVar[str]
    weekdays: ClassVar[tuple[str, ...]]
    months: ClassVar[tuple[str, ...]]

    def plural(self, number: int) -> Plural:
        """The category of a whole number."""
        return "one" if number == 1 else "other"

    def count(self, number: int) -> str:
        """A number before what is counted."""
        return str(number)

    def spell(self, text: str) -> str:
        """Digits and signs one by one; pauses where the text has spaces, or every few digits."""
        groups = ([self._sign(sign) for sign in group] for group in text.replace("-", " ").split())
        chunks = (chunk for group in groups for chunk in _chunks([word for word in group if word]))
        return ", ".join(" ".join(chunk) for chunk in chunks if chunk)

    def _sign(self, sign: str) -> str:
        return self.digits[int(sign)] if sign.isascii() and sign.isdigit() else self.signs.get(sign, "")

    @abstractmethod
    def clock(self, at: time) -> str:
        """The time after "it is"."""

    @abstractmethod
    def day(self, day: date) -> str:
        """A day after "today is", with its weekday, without its year."""

    @abstractmethod
    def when(self, moment: Moment) -> str:
        """At which time something happened or will happen: "today at 2:30 pm"."""

    @abstractmethod
    def until(self, moment: Moment) -> str:
        """How long something lasts: "until tomorrow at 9 am"."""


def days_from(moment: Moment) -> int:
    """0 today, 1 tomorrow, -1 yesterday."""
    return (moment.at.date() - moment.now.date()).days


def hour_and_minute(at: time | datetime) -> tuple[int, int]:
    """Both numbers of a time."""
    return at.hour, at.minute


def _chunks(group: list[str]) -> list[list[str]]:
    """Long rows of digits in threes, with twos rather than a single one at the end."""
    if len(group) <= _LONGEST_CHUNK:
        return [group]
    pieces = [group[start : start + _CHUNK] for start in range(0, len(group), _CHUNK)]
    if len(pieces[-1]) == 1:
        rest = pieces.pop(-2) + pieces.pop()
        pieces += [rest[:2], rest[2:]]
    return pieces
