"""What routing answers with: one next step, and why."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from kiestoon.company.model import Device, Menu, User
from kiestoon.company.numbers import Kind
from kiestoon.routing.reasons import Reason


class RingUser(msgspec.Struct, frozen=True):
    """Ring these devices of the user (never the one the call comes from); () = nobody can be reached."""

    user: User
    devices: tuple[Device, ...]


class DialOutside(msgspec.Struct, frozen=True):
    """Call ``number`` (E.164, or a short number as dialled) over the first of these trunks that takes it.

    ``caller_number`` is E.164, "" when the company has none; ``hide_caller`` asks for privacy "id" (RFC 3323).
    ``country`` is where the caller is, for ``numbers.format_for_trunk``. ``area`` selects the emergency centre, as a
    phone-context ("+3120"). ``emergency``: no limit may stop the call.
    """

    trunks: tuple[int, ...]
    number: str
    kind: Kind
    country: str
    caller_number: str = ""
    hide_caller: bool = False
    emergency: bool = False
    area: str = ""


class EnterMenu(msgspec.Struct, frozen=True):
    """Let the caller into the menu."""

    menu: Menu


class Refuse(msgspec.Struct, frozen=True):
    """Answer with ``status``; ``q850`` is the cause (ITU-T Q.850), ``text`` the reason phrase."""

    status: int
    q850: int
    text: str


Step: TypeAlias = RingUser | DialOutside | EnterMenu | Refuse


class Decision(msgspec.Struct, frozen=True):
    """``company_id`` is whose call it is (0: unknown number from a trunk); ``trunk_id`` the trunk a call came in by.

    ``called`` is the number as understood: an extension, E.164 or a short number.
    """

    step: Step
    reasons: tuple[Reason, ...]
    company_id: int = 0
    trunk_id: int = 0
    called: str = ""
