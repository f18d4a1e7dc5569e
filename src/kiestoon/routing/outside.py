"""Outside lines: which trunks in which order, which caller ID, which area."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from kiestoon.company.desks import can_leave
from kiestoon.company.directory import CompanyIndex, Directory
from kiestoon.company.model import Device, User
from kiestoon.company.numbers import OutsideNumber, area_context
from kiestoon.routing.codes import NO_WISHES, Wishes
from kiestoon.routing.decision import Decision, DialOutside, Refuse
from kiestoon.routing.matching import see_outsider
from kiestoon.routing.outward import area_of_location, name_shown, own_number
from kiestoon.routing.reach import class_of, profile_of
from kiestoon.routing.reasons import Reason, because
from kiestoon.routing.trunks import ordered_trunks


class Caller(msgspec.Struct, frozen=True):
    """Somebody inside who calls: a user, a device, mostly both. ``known``: see ``FromDevice``."""

    directory: Directory
    index: CompanyIndex
    user: User | None
    device: Device | None
    known: bool = True

    @property
    def country(self) -> str:
        """Where the caller is: a device abroad says so itself."""
        device = self.device
        return (device.country if device is not None and device.country else self.index.company.country).upper()

    @property
    def area_code(self) -> str:
        """What completes local numbers: the user's own area code, else the device's, the location's, the company's."""
        return self._own_area or self._place_area or self._wider_area

    @property
    def whereabouts(self) -> str:
        """The area code that selects the emergency centre: where the device stands, whoever uses it, counts first."""
        return self._place_area or self._own_area or self._wider_area

    @property
    def _own_area(self) -> str:
        return self.user.area_code if self.user is not None else ""

    @property
    def _place_area(self) -> str:
        return self.device.area_code if self.device is not None else ""

    @property
    def _wider_area(self) -> str:
        return area_of_location(self.index, self.index.location_of(self.user) if self.user is not None else None)


def dial_outside(
    caller: Caller,
    user: User,
    number: OutsideNumber,
    reasons: list[Reason],
    wishes: Wishes = NO_WISHES,
    now_ms: int = 0,
) -> Decision:
    """An ordinary outside call of a user."""
    index = caller.index
    company = index.company
    trunks = ordered_trunks(caller.directory, company.id)
    if not trunks:
        reasons.append(because("no_trunk"))
        return Decision(Refuse(503, 34, "No Outside Line"), tuple(reasons), company.id, 0, number.number)
    reasons.append(because("trunks", names=", ".join(trunk.name for trunk in trunks)))
    shown, source = caller_number(caller, user, number, wishes, now_ms)
    hidden = wishes.hide or (user.hide_number and not wishes.shown)
    if shown:
        reasons.append(because("caller_id", number=shown, source=source))
    else:
        reasons.append(because("caller_id_missing"))
    if hidden:
        reasons.append(because("caller_hidden", name=user.name))
    step = DialOutside(
        trunks=tuple(trunk.id for trunk in trunks),
        number=number.number,
        kind=number.kind,
        country=caller.country,
        caller_number=shown,
        caller_name="" if hidden else name_shown(user, index.location_of(user)),
        hide_caller=hidden,
        area=area_context(caller.area_code, caller.country),
    )
    return Decision(step, tuple(reasons), company.id, 0, number.number)


def dial_emergency(
    caller: Caller, number: str, reasons: list[Reason], wishes: Wishes = NO_WISHES, now_ms: int = 0
) -> Decision:
    """An emergency call: over any line there is, the number always shown (RTE-23)."""
    index, user = caller.index, caller.user
    company = index.company
    reasons.append(because("emergency", number=number))
    trunks = ordered_trunks(caller.directory, company.id)
    if not trunks:
        reasons.append(because("no_trunk"))
        return Decision(Refuse(503, 34, "No Outside Line"), tuple(reasons), company.id, 0, number)
    shown, source = next(_emergency_numbers(caller, number, now_ms), ("", ""))
    if shown:
        reasons.append(because("caller_id", number=shown, source=source))
    else:
        reasons.append(because("caller_id_missing"))
    if wishes.hide or (user is not None and user.hide_number):
        reasons.append(because("caller_not_hidden"))
    area = area_context(caller.whereabouts, caller.country)
    if area:
        reasons.append(because("area", area=area))
    step = DialOutside(
        trunks=tuple(trunk.id for trunk in trunks),
        number=number,
        kind="emergency",
        country=caller.country,
        caller_number=shown,
        emergency=True,
        area=area,
    )
    return Decision(step, tuple(reasons), company.id, 0, number)


def caller_number(caller: Caller, user: User, number: OutsideNumber, wishes: Wishes, now_ms: int) -> tuple[str, str]:
    """What the outside sees, and whose number it is; ("", "") for none.

    Chosen for this call (E 10.6), else by the class of whom is called (E 10.3) or the profile in force (E 10.2), the
    person's, the location's, the company's.
    """
    index = caller.index
    if wishes.shown and wishes.shown <= len(user.dynamic_numbers) and user.dynamic_numbers[wishes.shown - 1]:
        return user.dynamic_numbers[wishes.shown - 1], "chosen"
    by_reach = _number_by_reach(caller, user, number.number, now_ms)
    if by_reach[0]:
        return by_reach
    location = index.location_of(user)
    shown = own_number(index, user, location)
    if not shown:
        return "", ""
    own = user.caller_number == shown or any(
        personal.e164 == shown for personal in index.numbers_by_extension.get(user.extension, ())
    )
    if own:
        return shown, "user"
    return shown, "location" if location is not None and location.caller_number == shown else "company"


def _number_by_reach(caller: Caller, user: User, number: str, now_ms: int) -> tuple[str, str]:
    """The number set for the class of whom is called, else that of the profile in force for him (E 10.2, E 10.3)."""
    index = caller.index
    matrix = index.arrangements.reaches.get(user.id)
    if matrix is None:
        return "", ""
    called = see_outsider(number, withheld=False, country=caller.country)
    group = class_of(matrix, called)
    if group is not None and group.caller_number:
        return group.caller_number, "call class"
    profile = profile_of(index, user, called, now_ms)
    return (profile.caller_number, "profile") if profile is not None and profile.caller_number else ("", "")


def _emergency_numbers(caller: Caller, number: str, now_ms: int) -> Iterator[tuple[str, str]]:
    """The centre must be able to call back: the person first, then ever wider fallbacks (E 6.10).

    Help goes to where the number is: at a desk where the person is a guest the desk's own comes first.
    """
    index, user, device = caller.index, caller.user, caller.device
    if device is not None and can_leave(device) and device.emergency_number:
        yield device.emergency_number, "desk"
    if user is not None:
        if user.caller_number:
            yield user.caller_number, "user"
        for own in index.numbers_by_extension.get(user.extension, ()):
            yield own.e164, "user"
        by_reach = _number_by_reach(caller, user, number, now_ms)
        if by_reach[0]:
            yield by_reach
        if user.emergency_number:
            yield user.emergency_number, "user's fallback"
    if device is not None and device.emergency_number:
        yield device.emergency_number, "device's fallback"
    if index.company.emergency_number:
        yield index.company.emergency_number, "company's fallback"
    for any_number in index.numbers:
        yield any_number.e164, "company"
