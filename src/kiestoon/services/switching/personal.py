"""Services that are on or off: do not disturb (V 7.2), the number withheld from everybody (V 11.2)."""

from __future__ import annotations

from typing import Final, Literal

from kiestoon.calls.conversation import Conversation
from kiestoon.calls.requests import SwitchService
from kiestoon.routing import UseCode
from kiestoon.services.switching.writing import write

Service = Literal["do_not_disturb", "hide_number"]
PERSONAL: Final[dict[str, tuple[Service, bool]]] = {
    "do_not_disturb_on": ("do_not_disturb", True),
    "do_not_disturb_off": ("do_not_disturb", False),
    "caller_id_hide_on": ("hide_number", True),
    "caller_id_hide_off": ("hide_number", False),
}
_TOLD: Final[dict[Service, dict[bool, str]]] = {
    "do_not_disturb": {True: "dnd-on", False: "dnd-off"},
    "hide_number": {True: "caller-id-hidden", False: "caller-id-shown"},
}


async def switch_personal(caller: Conversation, code: UseCode) -> None:
    """Do what the code says, and tell how it stands then."""
    await caller.answer()
    user = caller.user
    if user is None:
        return
    service, on = PERSONAL[code.feature]
    if not code.query and not await write(caller, SwitchService(caller.call.company_id, user.id, service, on)):
        return
    now = caller.user
    if now is not None:
        await caller.say(_TOLD[service][getattr(now, service)])
