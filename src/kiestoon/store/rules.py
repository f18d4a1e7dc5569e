"""What rows must look like before they are written. Messages say which field is wrong and how to put it right."""

from __future__ import annotations

import re
from ipaddress import ip_network
from typing import Any
from zoneinfo import available_timezones

import msgspec
from sqlalchemy import Connection, select

from kiestoon.company.model import Company, Department, Device, Location, Menu, Number, Row, Trunk, User
from kiestoon.company.numbers import emergency_number
from kiestoon.store import tables
from kiestoon.store.errors import InvalidRowError

_DOMAIN = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*\Z")
_USERNAME = re.compile(r"[A-Za-z0-9._-]{1,64}\Z")
_EXTENSION = re.compile(r"[0-9]{1,15}\Z")
_E164 = re.compile(r"\+[1-9][0-9]{3,14}\Z")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_MIN_SECRET = 16  # digest with MD5 over UDP stands or falls with the password's randomness
_LINKS = {
    "location_id": tables.locations,
    "department_id": tables.departments,
    "parent_id": tables.departments,
    "user_id": tables.users,
}


def check_row(connection: Connection, row: Row) -> None:
    """Raise ``InvalidRowError`` when the row breaks a rule of its own or points into another company."""
    cells = msgspec.structs.asdict(row)
    try:
        msgspec.convert(cells, type(row))
    except msgspec.ValidationError as error:
        raise _invalid(row, str(error), "Correct that field") from None
    for field, value in cells.items():
        if isinstance(value, str) and _CONTROL.search(value):
            raise _invalid(row, f"{field} holds control characters", "Leave them out")
    if isinstance(row, Company):
        _check_company(row)
    elif isinstance(row, User | Menu):
        _check_extension(connection, row)
    elif isinstance(row, Device):
        _check_device(row)
    elif isinstance(row, Trunk):
        _check_trunk(row)
    elif isinstance(row, Number):
        _check_number(row)
    elif isinstance(row, Location):
        _check_location(row)
    _check_links(connection, row, cells)


def _check_company(row: Company) -> None:
    if not _DOMAIN.match(row.domain):
        raise _invalid(row, f"{row.domain!r} is not a domain", "Use a name such as phones.example.org, in lower case")
    if row.access_code and not row.access_code.isdecimal():
        raise _invalid(row, f"the access code {row.access_code!r} is not a number", "Use digits, usually 0")
    _check_e164(row, "emergency_number", row.emergency_number)


def _check_extension(connection: Connection, row: User | Menu) -> None:
    if not _EXTENSION.match(row.extension):
        raise _invalid(row, f"the extension {row.extension!r} is not a number", "Use 1 to 15 digits")
    country = connection.execute(select(tables.companies.c.country).where(tables.companies.c.id == row.company_id))
    if emergency_number(row.extension, country.scalar() or ""):
        raise _invalid(row, f"{row.extension} is an emergency number", "Choose another extension")
    other = tables.menus if isinstance(row, User) else tables.users
    query = select(other.c.name).where(other.c.company_id == row.company_id, other.c.extension == row.extension)
    taken = connection.execute(query).scalar()
    if taken is not None:
        raise _invalid(row, f"extension {row.extension} belongs to {taken!r} already", "Choose another extension")
    if isinstance(row, User):
        _check_e164(row, "caller_number", row.caller_number)
        _check_e164(row, "emergency_number", row.emergency_number)


def _check_device(row: Device) -> None:
    if not _USERNAME.match(row.username):
        raise _invalid(row, f"{row.username!r} is not a user name", "Use letters, digits, dot, dash and underscore")
    if len(row.secret) < _MIN_SECRET:
        raise _invalid(row, "the password is too short", f"Use {_MIN_SECRET} random characters or more")
    if not 1 <= row.call_limit <= 5:
        raise _invalid(row, f"a call limit of {row.call_limit} is out of range", "Use 1 to 5 simultaneous calls")
    _check_e164(row, "emergency_number", row.emergency_number)


def _check_trunk(row: Trunk) -> None:
    if not row.host:
        raise _invalid(row, "the host is missing", "Give the provider's host name or address")
    if not 0 <= row.port <= 65535:
        raise _invalid(row, f"port {row.port} is out of range", "Use 1 to 65535, or 0 for the transport's own")
    if row.kind == "register" and not (row.username and row.secret):
        raise _invalid(row, "user name or password is missing", "Give both: this line logs in at its provider")
    if row.srtp != "off" and row.transport != "tls":
        # The keys travel in the signalling (RFC 4568 §8).
        raise _invalid(row, "SRTP needs encrypted signalling", "Use TLS as its transport, or no SRTP")
    if row.kind == "peer" and not row.sources:
        raise _invalid(row, "no source address is given", "Give the addresses the provider sends from")
    for source in row.sources:
        try:
            ip_network(source, strict=False)
        except ValueError:
            raise _invalid(row, f"{source!r} is not an address or range", "Use 192.0.2.1 or 192.0.2.0/24") from None


def _check_number(row: Number) -> None:
    _check_e164(row, "e164", row.e164 or "missing")
    if not _EXTENSION.match(row.extension):
        raise _invalid(row, f"the extension {row.extension!r} is not a number", "Use 1 to 15 digits")


def _check_location(row: Location) -> None:
    if row.area_code and not row.area_code.isdecimal():
        raise _invalid(row, f"the area code {row.area_code!r} is not a number", "Write it as 020")
    known = available_timezones()
    if known and row.timezone not in known:
        raise _invalid(row, f"there is no time zone {row.timezone!r}", "Write it as Europe/Amsterdam")


def _check_e164(row: Row, field: str, value: str) -> None:
    if value and not _E164.match(value):
        raise _invalid(row, f"{field} {value!r} is not an international number", "Write it as +31101234567")


def _check_links(connection: Connection, row: Row, cells: dict[str, Any]) -> None:
    """Rows may only point to rows of their own company."""
    for field, table in _LINKS.items():
        linked = cells.get(field)
        if linked is None:
            continue
        owner = connection.execute(select(table.c.company_id).where(table.c.id == linked)).scalar()
        if owner != cells["company_id"]:
            raise _invalid(row, f"{field} {linked} does not exist in this company", "Use one of the company's own")


def describe(row: Row) -> str:
    """The row as one would name it in a message."""
    if isinstance(row, Device):
        name = row.username
    elif isinstance(row, Number):
        name = row.e164
    elif isinstance(row, Company | Location | Department | User | Menu | Trunk):
        name = row.name
    else:
        name = str(row.id)
    return f"{type(row).__name__.lower()} {name!r}"


def _invalid(row: Row, what: str, do: str) -> InvalidRowError:
    return InvalidRowError(f"The {describe(row)} was not written: {what}", do)
