"""Logging in and out on phones by telephone (DEV-3, E 6.4, E 6.11), and choosing another PIN there."""

from __future__ import annotations

import time
from typing import Final

from msgspec.structs import replace

from kiestoon.calls.desk_requests import ChoosePin, LogIn, LogOut
from kiestoon.calls.requests import Failed
from kiestoon.company.desks import can_leave, holder_of, is_bound, other_phones
from kiestoon.company.model import Device, User
from kiestoon.store.phone_requests.acting import GONE, as_person, name_of
from kiestoon.store.phone_requests.office import Office
from kiestoon.store.pin_check import choose_pin
from kiestoon.store.rules.peek import Peek
from kiestoon.store.write import Changes

BOUND: Final = Failed("An administrator has given the phone to somebody", "bound")


@as_person
def log_in(changes: Changes, peek: Peek, user: User, request: LogIn) -> Failed | None:
    """Whoever was there is out. On a phone the person is on anyway only its address is new."""
    device = changes.whole(Device, request.company_id, request.device_id)
    if device is None or not device.active:
        return GONE
    here = holder_of(device) == user.id
    if is_bound(device) and not here:
        return BOUND
    if request.leave_others:
        _leave_others(changes, peek, user, device)
    own = device.user_id == user.id  # back at a phone where the person is logged in whenever nobody else is
    wanted = replace(
        device, logged_in_user_id=None if own else user.id, known_address=request.place or device.known_address
    )
    if wanted != device:
        changes.update(wanted)
    return None


@as_person
def log_out(changes: Changes, peek: Peek, user: User, request: LogOut) -> Failed | None:
    """A phone that is somebody's whenever nobody else is on it is that person's again."""
    device = changes.whole(Device, request.company_id, request.device_id)
    if device is None or holder_of(device) != user.id:
        return GONE
    if not can_leave(device):
        return BOUND
    changes.update(replace(device, logged_in_user_id=None))
    if request.everywhere:
        _leave_others(changes, peek, user, device)
    return None


def _leave_others(changes: Changes, peek: Peek, user: User, here: Device) -> None:
    for other in other_phones(peek.find(Device, logged_in_user_id=user.id), user, here.id):
        whole = changes.whole(Device, other.company_id, other.id)
        if whole is not None:
            changes.update(replace(whole, logged_in_user_id=None))


def choose(office: Office, request: ChoosePin) -> Failed | None:
    """By the rules for all PINs."""
    name = name_of(office, request)
    if name is None:
        return GONE
    found = choose_pin(
        office.database, office.vault, request.company_id, request.user_id, request.pin,
        acting_user=f"{name} (phone)", now_ms=int(time.time() * 1000),
    )  # fmt: skip
    return Failed(found[0].text(), found[0].code) if found else None
