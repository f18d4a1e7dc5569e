"""PINs keyed in on telephones."""

from __future__ import annotations

import time

from kiestoon.calls.requests import CheckPin, CheckRoomPin, PinChecked, RoomPinChecked
from kiestoon.store.phone_requests.office import Office
from kiestoon.store.pin_check import check_pin
from kiestoon.store.room_pins import check_room_pin


def check(office: Office, request: CheckPin) -> PinChecked:
    """Guessing is slowed down (``store.pin_check``)."""
    return check_pin(
        office.database, office.vault, request.company_id, request.user_id, request.pin,
        extension=request.extension, now_ms=int(time.time() * 1000),
    )  # fmt: skip


def check_room(office: Office, request: CheckRoomPin) -> RoomPinChecked:
    """The same for a conference room."""
    return check_room_pin(
        office.database, request.company_id, request.room_id, request.pin,
        extension=request.extension, now_ms=int(time.time() * 1000),
    )  # fmt: skip
