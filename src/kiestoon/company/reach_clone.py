"""Giving one person's reachability to another (E 10.8.5): devices and personal numbers change, the rest is copied."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from kiestoon.company.model import Device, DeviceKind, Number, User
from kiestoon.company.numbers import read_outside_number


class Means(msgspec.Struct, frozen=True):
    """What a person can be reached by: kinds of device, personal fixed numbers and mobile ones, first choice first."""

    kinds: frozenset[DeviceKind]
    fixed: tuple[str, ...]
    mobile: tuple[str, ...]


def means_of(user: User, devices: Iterable[Device], numbers: Iterable[Number], country: str) -> Means:
    """From a person's rows: ``devices`` the person's phones, ``numbers`` those that belong to the person for good."""
    kinds: set[DeviceKind] = {device.kind for device in devices}
    mobile = [user.mobile_number] if user.mobile_number else []
    fixed: list[str] = []
    for number in numbers:
        read = read_outside_number(number.e164, country)
        (mobile if read is not None and read.kind == "mobile" else fixed).append(number.e164)
    if user.mobile_number:
        kinds.add("mobile")
    return Means(frozenset(kinds), tuple(fixed), tuple(dict.fromkeys(mobile)))


def number_for(number: str | None, source: Means, target: Means) -> str | None:
    """The number the target shows where the source shows ``number``.

    A personal one becomes the target's first of the same sort, else the first of the other sort, else none; the
    company's numbers stay.
    """
    if not number:
        return number
    if number in source.fixed:
        choice = (*target.fixed, *target.mobile)
    elif number in source.mobile:
        choice = (*target.mobile, *target.fixed)
    else:
        return number
    return choice[0] if choice else ""


def devices_for(kinds: tuple[DeviceKind, ...] | None, target: Means) -> tuple[DeviceKind, ...] | None:
    """The kinds of device that ring at the target: those the target has; all of them rather than none."""
    if kinds is None:
        return None
    kept = tuple(kind for kind in kinds if kind in target.kinds)
    return kept if kept or not kinds else None
