"""Hot desks: who uses a phone, and where somebody is logged in (DEV-3, E 6.11).

A phone is *bound* to the person an administrator gave it to: no code logs anybody in or out there. Any other phone is a
*hot desk*: people log in and out by code. The directory resolves ``user_id`` to whoever uses the phone now, so
everything else (ringing, rights, lamps, caller ID) follows by itself; what is asked here holds of both readings.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from kiestoon.company.model import Device, User

MOST_PHONES: Final = 1
MOST_TWINS: Final = 2
"""Desk phones somebody can be logged in on at once: usually, and with twinning (E 6.4)."""


def holder_of(device: Device) -> int | None:
    """Who uses the phone; None: nobody."""
    return device.user_id if device.logged_in_user_id is None else device.logged_in_user_id


def is_bound(device: Device) -> bool:
    """Whether an administrator has given the phone to somebody for good."""
    return device.user_id is not None and device.logged_in_user_id is None and not device.hot_desk


def most_phones(user: User) -> int:
    """On how many desk phones the person can be at once."""
    return MOST_TWINS if user.twinning else MOST_PHONES


def other_phones(devices: Iterable[Device], user: User, here: int) -> tuple[Device, ...]:
    """The desk phones the person is on besides the device with the id ``here``. Programs and mobiles do not count."""
    return tuple(
        device
        for device in devices
        if device.active and device.kind == "fixed" and device.id != here and holder_of(device) == user.id
    )


def can_leave(device: Device) -> bool:
    """Whether whoever uses the phone has come by code and can go."""
    return device.logged_in_user_id is not None
