"""Which language a caller is spoken to in (VM-8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kiestoon.calls.call import Call
    from kiestoon.calls.exchange import Exchange
    from kiestoon.calls.leg import Leg


def language_of(x: Exchange, call: Call, leg: Leg) -> str:
    """The party's phone's language, else the person's, else the company's; "" when that is gone."""
    index = x.directory.company(call.company_id)
    if index is None:
        return ""
    device = x.directory.device_by_id(leg.device_id) if leg.device_id else None
    user = index.user_of(device) if device is not None else None
    own = (device.language if device is not None else "") or (user.language if user is not None else "")
    return own or index.company.language
