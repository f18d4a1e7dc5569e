"""Hold by keys in the call: who waits, and who meanwhile asks somebody else (CALL-8, E 5.1.3)."""

from __future__ import annotations

from typing import Final

from kiestoon.calls.conversation import Conversation
from kiestoon.calls.keys import PAUSE_S
from kiestoon.calls.operations import consult
from kiestoon.calls.operations.targets import inhibits_attended, leads_to, route_for
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
    """Reach the number keyed in, or ask for one. ``*`` brings the party on hold back, and so does keying in nothing.
    When that one hangs up meanwhile there is nobody left to ask for."""
    number = data.number
    while not data.gone:
        if number:
            x, call, leg = caller.exchange, caller.call, caller.leg
            inhibited = inhibits_attended(x, call.company_id, leg.party.user_id)
            decision = route_for(x, call, leg, leg, number, inhibited=inhibited)
            own = leads_to(leg.party.user_id, decision)
            failure = await caller.reach(decision)
            if consult.held_by(x, caller.leg) is None:
                break
            await caller.say(_FAILED.get(failure.outcome, "transfer-own-number" if own else "transfer-not-possible"))
        number = await _number(caller)
        if number in ("", "*"):
            consult.retrieve(caller.exchange, caller.call, caller.leg, caller.now)
            return
    await caller.say("hold-gone")


async def _number(caller: Conversation) -> str:
    """What is keyed in, ended by a pause or #; "" = nothing (E 5.1.3)."""
    first = await caller.ask_for("consult-ask", most=1, timeout_s=PATIENCE_S)
    return first + await caller.collect(most=MOST_DIGITS, timeout_s=PAUSE_S) if first else ""
