"""Where a person may have calls sent: what was keyed in at a telephone, read and checked before it is kept."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import msgspec

from kiestoon.company.directory import CompanyIndex, Directory
from kiestoon.company.model import AlternateNumber, Destination, User
from kiestoon.company.numbers import OutsideNumber, clean_dialled
from kiestoon.routing.outward import area_of_location, blocked_by, is_emergency, read_dialled

Why: TypeAlias = Literal["no_number", "unknown_extension", "own", "emergency", "blocked"]


class NotThere(msgspec.Struct, frozen=True):
    """Why calls cannot be sent to what was keyed in (``number``, as far as it is a number)."""

    why: Why
    number: str = ""


_NO_NUMBER: Final = NotThere("no_number")


def read_target(directory: Directory, index: CompanyIndex, user: User, keyed: str) -> Destination | NotThere:
    """An extension, or an outside number as E.164 (with the access code or without), that the person may call."""
    number = clean_dialled(keyed)
    short = index.arrangements.short_numbers.get(number)
    if short is not None:
        number = clean_dialled(short.number)
    if not number.removeprefix("+").isdecimal():
        return _NO_NUMBER
    owner = index.arrangements.extensions.get(number)
    if owner is not None:
        mine = owner is user or (isinstance(owner, AlternateNumber) and owner.user_id == user.id)
        return NotThere("own", number) if mine else Destination("extension", number)
    area = user.area_code or area_of_location(index, index.location_of(user))
    read = read_dialled(index, number, area)
    if is_emergency(index, number, read):
        return NotThere("emergency", number)
    if _looks_internal(index, number, read):
        return NotThere("unknown_extension", number)
    if read is None:
        return _NO_NUMBER
    if _is_own(directory, index, user, read):
        return NotThere("own", read.number)
    if blocked_by(index, user, read):
        return NotThere("blocked", read.number)
    return Destination("number", read.number)


def _looks_internal(index: CompanyIndex, number: str, read: OutsideNumber | None) -> bool:
    """Whether nobody can have meant an outside number: it is as long as an extension, without access code."""
    company = index.company
    if number.startswith("+") or len(number) != company.extension_digits:
        return False
    if company.access_code:
        return not number.startswith(company.access_code)
    return read is None or not read.valid


def _is_own(directory: Directory, index: CompanyIndex, user: User, read: OutsideNumber) -> bool:
    """Whether the number leads to the person, so that calls would come back."""
    number = directory.number(read.number)
    if number is None or number.company_id != index.company.id:
        return False
    alternate = index.arrangements.alternates_by_number.get(number.id)
    return number.extension == user.extension or (alternate is not None and alternate.user_id == user.id)
