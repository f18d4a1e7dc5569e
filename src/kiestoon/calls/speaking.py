"""Which language a caller is spoken to in (VM-8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kiestoon.calls.call import Call
    from kiestoon.calls.exchange import Exchange


def language_of(x: Exchange, call: Call) -> str:
    """The caller's phone's language, else the person's, else the company's; "" when that is gone."""
    index = x.directory.company(call.company_id)
    if index is None:
        return ""
    caller = call.legs[call.caller]
    device = x.directory.device_by_id(caller.device_id) if caller.device_id else None
    user = index.user_of(device) if device is not None else None
    own = (device.language if device is not None else "") or (user.language if user is not None else "")
    return own or index.company.language
