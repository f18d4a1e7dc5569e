"""Listening in by code: 906 and an extension; keys 1, 2 and 3 change what one does (CALL-17, E 5.5.2)."""

from __future__ import annotations

from kiestoon.calls.conversation import Conversation
from kiestoon.calls.operations import listening
from kiestoon.routing import UseCode

PATIENCE_S = 600.0
LOOK_S = 1.0


async def listen_in(caller: Conversation, code: UseCode) -> None:
    """Ask for the extension, wait for its next call if there is none, and listen."""
    await caller.answer()
    index = caller.index
    if index is None:
        return
    extension = code.argument or await caller.ask_for("listen-ask", most=index.company.extension_digits)
    x = caller.exchange
    if not listening.may_listen(x, caller.call.company_id, caller.leg, extension):
        await caller.say("not-permitted")
        return
    waited_s, told = 0.0, False
    while waited_s < PATIENCE_S:
        for call, agent in listening.calls_of(x, caller.call.company_id, extension):
            if listening.listen(x, call, agent, caller.call, caller.leg, caller.now) is None:
                return
        if not told:
            told = True
            await caller.say("listen-waiting", extension=extension)
            caller.music("held")
        await caller.pause(LOOK_S)
        waited_s += LOOK_S
    await caller.say("goodbye")


async def barge_in(caller: Conversation, code: UseCode) -> None:
    """Break into a colleague's conversation."""
    x = caller.exchange
    if not listening.may_listen(x, caller.call.company_id, caller.leg, code.argument):
        await caller.answer()
        await caller.say("not-permitted")
        return
    for call, agent in listening.calls_of(x, caller.call.company_id, code.argument):
        if listening.barge_in(x, call, agent, caller.call, caller.leg, caller.now) is None:
            return
    await caller.answer()
    await caller.say("barge-no-call", extension=code.argument)


async def listened_in(agent: Conversation, _: object) -> None:
    """The agent hears that somebody listens (E 5.5.1); the caller does not."""
    await agent.say("listen-announce-unnamed")
