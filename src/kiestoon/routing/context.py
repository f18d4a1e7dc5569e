"""What every part of routing works on: the company, the moment, the reasons gathered, where the call stands."""

from __future__ import annotations

from typing import Any

import msgspec

from kiestoon.company.directory import CompanyIndex, Directory
from kiestoon.company.model import NOWHERE, AlternateNumber, Destination, Device, Location, Row, User
from kiestoon.routing.decision import Decision, Refuse, Step
from kiestoon.routing.reasons import Reason, because
from kiestoon.routing.situation import DivertReason, Live, Situation

SHOWN = 60
"""Characters of hostile input kept in a reason."""
_ANNOUNCED = 80
"""Characters before a caller's name, as many as the longest single label has."""


class Divert(msgspec.Struct, frozen=True):
    """An extension sends the call elsewhere; ``also`` are more numbers to ring at the same time.

    ``firmly``: people and numbers outside ring until somebody answers, whatever is set there (E 7.5.20).
    """

    to: Destination
    reason: DivertReason
    also: tuple[str, ...] = ()
    firmly: bool = False


class Route:
    """One step of routing under way. ``device`` is what the call comes from, when it comes from inside."""

    __slots__ = ("device", "directory", "index", "live", "reasons", "remind", "situation")

    def __init__(
        self,
        directory: Directory,
        index: CompanyIndex,
        live: Live,
        situation: Situation,
        device: Device | None = None,
        reasons: list[Reason] | None = None,
    ) -> None:
        self.directory = directory
        self.index = index
        self.live = live
        self.situation = situation
        self.device = device
        self.reasons: list[Reason] = [] if reasons is None else reasons
        self.remind: tuple[Device, ...] = ()

    def because(self, code: str, **params: str) -> None:
        """Keep a reason."""
        self.reasons.append(because(code, **params))

    def now(self, **changes: Any) -> None:
        """The call stands elsewhere from here."""
        self.situation = msgspec.structs.replace(self.situation, **changes)

    def decide(self, step: Step, called: str = "") -> Decision:
        """The answer."""
        return Decision(
            step,
            tuple(self.reasons),
            self.index.company.id,
            0,
            called or self.situation.own_number or self.situation.dialled,
            self.situation,
            self.remind,
        )

    def splash(self, user: User) -> None:
        """Remind a person by a short ring on the desk phones that calls go elsewhere (V 7.1, V 7.2)."""
        self.remind += tuple(device for device in self.index.devices_of(user.id) if device.kind == "fixed")

    def ring_as(self, user: User, alternate: AlternateNumber) -> None:
        """An alternate number rings in its own way, unless the person wants all calls to ring alike (V 9.4.4)."""
        if user.distinctive_ringing:
            self.now(alert=alternate.ring_pattern)

    def announce(self, prefix: str) -> None:
        """Before the caller's name, behind what stands there: a plan's, then a group's (E 8.2.2, V 21.1.2)."""
        before = self.situation.prefix
        if prefix not in before.split(" - "):  # of two queues that send callers to each other, each once
            self.now(prefix=(f"{before} - {prefix}" if before else prefix)[:_ANNOUNCED])

    def person(self, extension: str) -> User | None:
        """The person an internal number rings: the extension's, or whose alternate number it is."""
        owner = self.owner(extension)
        if isinstance(owner, AlternateNumber):
            return self.index.users.get(owner.user_id)
        return owner if isinstance(owner, User) else None

    def owner(self, extension: str) -> Row | None:
        """What an internal number belongs to."""
        return self.index.arrangements.extensions.get(extension)

    def location_of(self, row: Row | None) -> Location | None:
        """Where a user or virtual user is."""
        if isinstance(row, User):
            return self.index.location_of(row)
        location_id = getattr(row, "location_id", None)
        return self.index.locations.get(location_id) if location_id is not None else None


def meant(user: User | None, to: Destination) -> Destination:
    """Where a setting of a person leads: the own mobile or other number by what it is now, nowhere without one."""
    if to.kind not in ("mobile", "external"):
        return to
    number = ""
    if user is not None:
        number = user.mobile_number if to.kind == "mobile" else user.external_number
    return Destination("number", number) if number else NOWHERE


def refuse(status: int, q850: int, text: str, announce: str = "") -> Refuse:
    """Short for ``Refuse``."""
    return Refuse(status, q850, text, announce)
