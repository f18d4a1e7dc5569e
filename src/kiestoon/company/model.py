"""A company as plain, immutable data: people, devices, lines and numbers.

Nothing here does I/O. The store loads these rows; ``directory`` indexes them for the call path.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

DtmfMethod: TypeAlias = Literal["rfc4733", "info", "inband"]
Encryption: TypeAlias = Literal["off", "optional", "required"]
DeviceEncryption: TypeAlias = Literal["company", "off", "optional", "required"]
TrunkKind: TypeAlias = Literal["register", "peer"]
TrunkTransport: TypeAlias = Literal["udp", "tcp", "tls"]


class Row(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Base of all configuration rows. ``repr`` leaves secrets out: rows end up in logs and tracebacks."""

    id: int

    def __repr__(self) -> str:
        shown = (f"{name}={getattr(self, name)!r}" for name in self.__struct_fields__ if name != "secret")
        return f"{type(self).__name__}({', '.join(shown)})"


class Company(Row, frozen=True):
    """One tenant. ``domain`` is its SIP domain: the only host part under which its devices register.

    ``access_code`` is dialled before an outside number ("0"; "" = none needed). ``emergency_number`` is the account's
    mandatory fallback caller ID for emergency calls (E 6.10.1), E.164 with plus sign. ``encryption`` is for all devices
    that do not say otherwise (E 6.9).
    """

    name: str
    domain: str
    country: str = "NL"
    language: str = "nl"
    area_code: str = ""
    access_code: str = "0"
    extension_digits: int = 3
    emergency_number: str = ""
    encryption: Encryption = "optional"
    music_path: str = ""
    max_calls: int = 0
    active: bool = True


class Location(Row, frozen=True):
    """A site of a company. ``area_code`` completes local numbers and selects the emergency centre."""

    company_id: int
    name: str
    area_code: str = ""
    timezone: str = "Europe/Amsterdam"


class Department(Row, frozen=True):
    """A department, possibly inside another one."""

    company_id: int
    name: str
    location_id: int | None = None
    parent_id: int | None = None


class User(Row, frozen=True):
    """A person with an extension.

    ``caller_number`` is shown to the outside (E.164, "" = the company's first number); ``hide_number`` withholds it
    (RFC 3323); ``emergency_number`` is the user's fallback for emergency calls (E 6.10.2). ``ring_s`` ends ringing.
    """

    company_id: int
    extension: str
    name: str
    email: str = ""
    location_id: int | None = None
    department_id: int | None = None
    caller_number: str = ""
    hide_number: bool = False
    emergency_number: str = ""
    call_waiting: bool = True
    ring_s: int = 60
    language: str = ""


class Device(Row, frozen=True):
    """A VoIP channel (E 11.2): one phone's login. ``secret`` is the clear text, in memory only.

    ``call_limit`` is 1-5 simultaneous calls (E 11.2.2). ``encryption`` "required" refuses calls without TLS and
    SRTP; "company" (in rows only, the directory resolves it) follows the company.
    ``emergency_number`` is the channel's fallback (E 6.10.3). ``user_id`` None: nobody is logged in.
    """

    company_id: int
    username: str
    secret: str
    name: str = ""
    user_id: int | None = None
    encryption: DeviceEncryption = "company"
    dtmf: DtmfMethod = "rfc4733"
    area_code: str = ""
    call_limit: int = 2
    language: str = ""
    country: str = ""
    emergency_number: str = ""
    active: bool = True


def resolved_encryption(device: Device) -> Encryption:
    """The device's encryption as the directory has resolved it; the strictest reading of a row it has not seen."""
    return "required" if device.encryption == "company" else device.encryption


class Trunk(Row, frozen=True):
    """An outside line (RTE-20). ``company_id`` None: shared by every company of the installation.

    ``kind`` "register" logs in at the provider with ``username``/``secret``; "peer" is recognised by ``sources``
    (addresses or CIDR ranges). ``priority``: lower is tried first. ``trusted``: P-Asserted-Identity is sent to it and
    believed from it (RFC 3325). ``number_format``: how it wants numbers. ``max_calls`` 0 = no limit.
    """

    name: str
    kind: TrunkKind
    host: str
    company_id: int | None = None
    port: int = 0
    transport: TrunkTransport = "udp"
    username: str = ""
    secret: str = ""
    domain: str = ""
    sources: tuple[str, ...] = ()
    priority: int = 10
    max_calls: int = 0
    trusted: bool = True
    srtp: Encryption = "off"
    number_format: Literal["e164", "plus", "national"] = "plus"
    expires_s: int = 600
    active: bool = True


class Number(Row, frozen=True):
    """An outside number (E.164 with plus) and what it reaches: an extension of the company."""

    company_id: int
    e164: str
    extension: str
    location_id: int | None = None


class Menu(Row, frozen=True):
    """A menu number: a spoken welcome, then the caller keys in an extension (RTE-17's base).

    Callers who key nothing for ``timeout_s`` go to ``fallback_extension``.
    """

    company_id: int
    extension: str
    name: str
    greeting: str = ""
    timeout_s: int = 6
    fallback_extension: str = ""


class CompanyRows(msgspec.Struct, frozen=True, kw_only=True):
    """Everything of one company, as loaded."""

    company: Company
    locations: tuple[Location, ...] = ()
    departments: tuple[Department, ...] = ()
    users: tuple[User, ...] = ()
    devices: tuple[Device, ...] = ()
    numbers: tuple[Number, ...] = ()
    menus: tuple[Menu, ...] = ()
    trunks: tuple[Trunk, ...] = ()
