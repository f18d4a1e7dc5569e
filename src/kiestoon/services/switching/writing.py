"""Having something written, and saying so when it was not."""

from __future__ import annotations

from typing import Final

from kiestoon.calls.conversation import Conversation
from kiestoon.calls.requests import Failed, OwnRequest

_SAID: Final = {
    "not_assigned": "service-not-available",
    "not_permitted": "not-permitted",
}


async def write(caller: Conversation, request: OwnRequest) -> bool:
    """Whether it is written and in force; the caller hears why not."""
    reply = await caller.ask(request)
    if not isinstance(reply, Failed):
        return True
    await caller.say(_SAID.get(reply.code, "not-possible-now"))
    return False
