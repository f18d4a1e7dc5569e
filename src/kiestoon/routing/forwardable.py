"""Where somebody may have calls sent: what was keyed in at a telephone or written over the API, checked before it is
kept (REACH-1).

Both go by the same rules; where they find the company's rows, in the snapshot or the database, is the ``Book``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, Protocol, TypeAlias

import msgspec

from kiestoon.company.directory import CompanyIndex, Directory
from kiestoon.company.model import (
    AlternateNumber,
    Company,
    Destination,
    FeatureCode,
    Location,
    Number,
    Row,
    ShortNumber,
    SpeedDial,
    User,
)
from kiestoon.company.numbers import OutsideNumber, clean_dialled
from kiestoon.company.short_ways import Ways, stands_for
from kiestoon.routing.outward import BlockedBy, blocked_by, is_emergency, read_dialled

Why: TypeAlias = Literal["no_number", "unknown_extension", "own", "emergency", "blocked"]


class NotThere(msgspec.Struct, frozen=True):
    """Why calls cannot be sent to what was given (``number``, as far as it is a number).

    For "blocked": the ``kind`` of destination that is blocked, and by whom.
    """

    why: Why
    number: str = ""
    kind: str = ""
    by: BlockedBy = ""


class Book(Ways, Protocol):
    """A company's rows, as far as they say what a number leads to."""

    @property
    def company(self) -> Company:
        """Whose they are."""

    def owner(self, extension: str) -> Row | None:
        """What an internal number belongs to."""

    def own_number(self, e164: str) -> Number | None:
        """One of the company's outside numbers."""

    def alternate(self, number: Number) -> AlternateNumber | None:
        """Whose alternate number it is."""

    def location_of(self, row: Row) -> Location | None:
        """Where somebody is."""


_NO_NUMBER: Final = NotThere("no_number")


def read_target(book: Book, forwarder: Row | None, written: str) -> Destination | NotThere:
    """An extension, or an outside number as E.164 (written with the access code or without), that may be forwarded to.

    Also somebody's voicemail, by its code. ``forwarder`` pays: what a person may not call, nobody is sent to for that
    person; all others are bound by the company alone (E 9.1). Numbers of the company itself cost nothing.
    """
    user_id = forwarder.id if isinstance(forwarder, User) else 0
    to = stands_for(book, book.company.extension_digits, user_id, written)
    if to is not None and to.kind == "voicemail":
        return to if book.owner(to.target) is not None else NotThere("unknown_extension", to.target)
    number = clean_dialled(written) if to is None else to.target
    if not number.removeprefix("+").isdecimal():
        return _NO_NUMBER
    owner = book.owner(number)
    if owner is not None:
        return NotThere("own", number) if comes_back(owner, forwarder) else Destination("extension", number)
    return _outside(book, forwarder, number)


def _outside(book: Book, forwarder: Row | None, number: str) -> Destination | NotThere:
    company = book.company
    read = read_dialled(company, number, _area_of(book, forwarder))
    if is_emergency(company, number, read):
        return NotThere("emergency", number)
    if _looks_internal(company, number, read):
        return NotThere("unknown_extension", number)
    if read is None:
        return _NO_NUMBER
    own = book.own_number(read.number)
    if own is not None and _leads_back(book, own, forwarder):
        return NotThere("own", read.number)
    payer = forwarder if isinstance(forwarder, User) else None
    blocked = blocked_by(company, payer, read) if own is None else None
    if blocked is None:
        return Destination("number", read.number)
    return NotThere("blocked", read.number, blocked.kind, blocked.by)


def _area_of(book: Book, forwarder: Row | None) -> str:
    if isinstance(forwarder, User) and forwarder.area_code:
        return forwarder.area_code
    place = forwarder if isinstance(forwarder, Location) or forwarder is None else book.location_of(forwarder)
    return (place.area_code if isinstance(place, Location) else "") or book.company.area_code


def _looks_internal(company: Company, number: str, read: OutsideNumber | None) -> bool:
    """Whether nobody can have meant an outside number: it is as long as an extension, without access code."""
    if number.startswith("+") or len(number) != company.extension_digits:
        return False
    if company.access_code and number.startswith(company.access_code):
        return False
    return bool(company.access_code) or read is None or not read.valid


def comes_back(owner: Row, forwarder: Row | None) -> bool:
    """Whether calls to an extension of ``owner`` would come back to whoever sends them there."""
    if isinstance(owner, AlternateNumber):
        return isinstance(forwarder, User) and owner.user_id == forwarder.id
    return type(owner) is type(forwarder) and owner.id == forwarder.id


def _leads_back(book: Book, number: Number, forwarder: Row | None) -> bool:
    if number.extension:
        return number.extension == getattr(forwarder, "extension", "")
    alternate = book.alternate(number)
    return alternate is not None and isinstance(forwarder, User) and alternate.user_id == forwarder.id


class IndexBook:
    """``Book`` over the snapshot that calls go by."""

    def __init__(self, directory: Directory, index: CompanyIndex) -> None:
        self._directory = directory
        self._index = index
        self.company: Company = index.company
        self.codes: Mapping[str, FeatureCode] = index.arrangements.codes

    def speed_dial(self, user_id: int, digits: str) -> SpeedDial | None:
        """See ``Ways``."""
        return self._index.arrangements.speed_dials.get((user_id, digits))

    def short_number(self, code: str) -> ShortNumber | None:
        """See ``Ways``."""
        return self._index.arrangements.short_numbers.get(code)

    def owner(self, extension: str) -> Row | None:
        """See ``Book``."""
        return self._index.arrangements.extensions.get(extension)

    def own_number(self, e164: str) -> Number | None:
        """See ``Book``."""
        number = self._directory.number(e164)
        return number if number is not None and number.company_id == self.company.id else None

    def alternate(self, number: Number) -> AlternateNumber | None:
        """See ``Book``."""
        return self._index.arrangements.alternates_by_number.get(number.id)

    def location_of(self, row: Row) -> Location | None:
        """See ``Book``."""
        if isinstance(row, User):
            return self._index.location_of(row)
        return self._index.locations.get(getattr(row, "location_id", None) or 0)
