"""Hold by keys in the call: who waits, and who meanwhile asks somebody else (CALL-8, E 5.1.3)."""

from __future__ import annotations

from typing import Final

from kiestoon.calls.conversation import Conversation
from kiestoon.calls.operations import consult
from kiestoon.calls.operations.targets import route_for
from kiestoon.calls.service_data import Consulting, Held

MOST_DIGITS = 24
PATIENCE_S = 30.0
_FAILED: Final = {"busy": "transfer-busy", "no_answer": "transfer-no-answer"}


async def held(caller: Conversation, data: Held) -> None:
    """Wait, with music, for whoever put the party here."""
    x, call_id = caller.exchange, caller.call_id
    x.held[data.leg] = call_id  # also when entered again after a crash
    caller.music("held")
    await caller.wait()


async def consulting(caller: Conversation, data: Consulting) -> None:
    """Reach the number keyed in, or ask for one; ``*#`` brings the party on hold back. Whoever keys in nothing for long
    is brought back to it as well."""
    number = data.number
    while True:
        if number:
            leg = caller.leg
            failure = await caller.reach(route_for(caller.exchange, caller.call, leg, leg, number))
            await caller.say(_FAILED.get(failure.outcome, "transfer-not-possible"))
        number = await caller.ask_for("consult-ask", most=MOST_DIGITS, timeout_s=PATIENCE_S)
        if number in ("", "*"):
            consult.retrieve(caller.exchange, caller.call, caller.leg, caller.now)
            return
