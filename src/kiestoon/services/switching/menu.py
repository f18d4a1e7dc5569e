"""The forwarding menu (910): every case heard and set by keys."""

from __future__ import annotations

from typing import Final

from kiestoon.calls.conversation import Conversation
from kiestoon.calls.requests import StopForwarding, SwitchForward
from kiestoon.company.model import NOWHERE, Destination, ForwardCase, User
from kiestoon.routing import UseCode
from kiestoon.services.switching.forwarding import VOICEMAIL, ask_target, tell_forward
from kiestoon.services.switching.writing import write

CASES: Final[dict[str, ForwardCase]] = {"1": "always", "2": "busy", "3": "no_answer", "4": "unreachable"}
_NONE: Final = "0"
_BACK: Final = "*"
_MOST_ROUNDS: Final = 30
_MOST_SILENT: Final = 3


async def forward_menu(caller: Conversation, code: UseCode) -> None:
    """Until the caller hangs up, or has not pressed anything three times."""
    await caller.answer()
    user = caller.user
    silent = 0
    for _ in range(_MOST_ROUNDS):
        if user is None or silent == _MOST_SILENT:
            break
        key = await caller.ask_for("forward-menu", most=1)
        silent = 0 if key else silent + 1
        if key in CASES:
            await _change(caller, user, CASES[key])
        elif key == _NONE:
            if await write(caller, StopForwarding(caller.call.company_id, user.id)):
                await caller.say("forward-all-off")
        elif key:
            await caller.say("invalid-choice")
    await caller.say("goodbye")


async def _change(caller: Conversation, user: User, case: ForwardCase) -> None:
    """Tell how one case stands, then change it or go back."""
    await tell_forward(caller, user, case)
    key = await caller.ask_for("forward-menu-change", most=1)
    to: Destination | None
    if key == "1":
        to = await ask_target(caller, user)
    elif key in ("2", "3"):
        to = VOICEMAIL if key == "2" else NOWHERE
    else:
        if key not in ("", _BACK):
            await caller.say("invalid-choice")
        return
    if to is not None and await write(caller, SwitchForward(caller.call.company_id, user.id, case, to)):
        await tell_forward(caller, user, case)
