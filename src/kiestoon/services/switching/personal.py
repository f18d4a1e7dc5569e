"""Services that are on or off: do not disturb (V 7.2), callers who withhold their number (V 7.3), a second call
(CALL-21), one's own number withheld from everybody (V 11.2)."""

from __future__ import annotations

from typing import Final

from kiestoon.calls.conversation import Conversation
from kiestoon.calls.requests import SwitchedService, SwitchService
from kiestoon.routing import UseCode
from kiestoon.services.switching.writing import write

PERSONAL: Final[dict[str, tuple[SwitchedService, bool]]] = {
    "do_not_disturb_on": ("do_not_disturb", True),
    "do_not_disturb_off": ("do_not_disturb", False),
    "anonymous_rejection_on": ("reject_anonymous", True),
    "anonymous_rejection_off": ("reject_anonymous", False),
    "call_waiting_on": ("call_waiting", True),
    "call_waiting_off": ("call_waiting", False),
    "caller_id_hide_on": ("hide_number", True),
    "caller_id_hide_off": ("hide_number", False),
}
_TOLD: Final[dict[SwitchedService, dict[bool, str]]] = {
    "do_not_disturb": {True: "dnd-on", False: "dnd-off"},
    "reject_anonymous": {True: "anonymous-rejection-on", False: "anonymous-rejection-off"},
    "call_waiting": {True: "call-waiting-on", False: "call-waiting-off"},
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
