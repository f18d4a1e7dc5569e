"""PINs keyed in on telephones."""

from __future__ import annotations

import time

from kiestoon.calls.requests import CheckPin, PinChecked
from kiestoon.store.phone_requests.office import Office
from kiestoon.store.pin_check import check_pin


def check(office: Office, request: CheckPin) -> PinChecked:
    """Guessing is slowed down (``store.pin_check``)."""
    return check_pin(
        office.database, office.vault, request.company_id, request.user_id, request.pin,
        extension=request.extension, now_ms=int(time.time() * 1000),
    )  # fmt: skip
