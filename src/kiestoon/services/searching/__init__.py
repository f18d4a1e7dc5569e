"""Whoever waits while somebody is looked for at one phone after the other is told so, and may stop it (V 9.3)."""

from __future__ import annotations

from typing import Final

from kiestoon.calls.conversation import Conversation
from kiestoon.calls.service_data import Searching
from kiestoon.routing import Decision, Search, route_extension
from kiestoon.speech import Phrase

STOP: Final = "#"
PERIOD_S: Final = 20.0
"""Between two messages."""
_AFTER_MESSAGE_S: Final = 0.2


async def searching(caller: Conversation, argument: Decision | Searching) -> None:
    """Begin the search, comfort the caller meanwhile, and say so when nobody was found and nothing else follows.

    After a crash the search begins anew.
    """
    decision = argument if isinstance(argument, Decision) else _anew(caller, argument.extension)
    await caller.answer()
    caller.seek(decision)
    if await _comfort(caller, may_stop=isinstance(decision.step, Search) and decision.step.may_stop):
        caller.give_up()
    await caller.outcome()
    await caller.say("unreachable")


async def _comfort(caller: Conversation, *, may_stop: bool) -> bool:
    """Speak now and then until somebody else is rung, or nobody is found; True: the caller wants no more of it."""
    message = "comfort-searching"
    while caller.entertains:
        phrases = [Phrase(message), Phrase("comfort-stop")] if may_stop else [Phrase(message)]
        key = await caller.collect(most=1, timeout_s=_AFTER_MESSAGE_S, prompt=phrases, end="")
        if not key and caller.entertains:
            caller.ring()
            key = await caller.collect(most=1, timeout_s=PERIOD_S, end="")
        if key == STOP and may_stop:
            return True
        message = "comfort-still-searching"
    return False


def _anew(caller: Conversation, extension: str) -> Decision:
    x, call = caller.exchange, caller.call
    return route_extension(x.directory, call.company_id, extension, live=x.present, situation=call.situation)
