"""A word to one party of a conversation, on the side: what was asked for cannot be."""

from __future__ import annotations

from typing import Final

from kiestoon.calls.call import Failure
from kiestoon.calls.conversation import Conversation

_KEYS: Final = {"busy": "number-busy", "not_found": "invalid-number", "unreachable": "unreachable"}


async def call_waits(party: Conversation, pattern: int) -> None:
    """A tone on the side: a call waits (V 7.5). Its pattern is that of the number called (V 9.4.3), 0 = the usual."""
    await party.tone(f"waiting{pattern}" if pattern > 1 else "waiting", 1.0)


async def notice(party: Conversation, failure: Failure) -> None:
    """Say why, in a few words; the conversation goes on."""
    await party.say(failure.spoken or _KEYS.get(failure.outcome, "not-possible-now"))
