"""Numbers that need not be keyed in once more: the last one dialled, the last caller, and codes completed by voice.

Redial (*66) and call return (*69, CALL-12) call as if the number were dialled; the caller is not answered before, so
that the phone shows what becomes of the call. A code for one call (#31#) or a speed dial (#) dialled alone asks.
"""

from __future__ import annotations

from typing import Final

from kiestoon.calls.call import Failure
from kiestoon.calls.conversation import Conversation
from kiestoon.calls.requests import Failed, FindLast, Last
from kiestoon.routing import UseCode

TRIES: Final = 3
_LONGEST: Final = 32
_SPEED_DIAL: Final = 2
_WHY: Final = {
    "busy": "number-busy",
    "no_answer": "no-answer",
    "unreachable": "unreachable",
    "rejected": "call-rejected",
    "not_found": "not-in-service",
    "refused": "not-allowed",
}


async def redial(caller: Conversation, code: UseCode) -> None:
    """The number the caller dialled last, on whichever phone of his."""
    await _call_last(caller, "dialled", "redial-none")


async def call_return(caller: Conversation, code: UseCode) -> None:
    """Whoever called last, answered or not."""
    await _call_last(caller, "caller", "return-none")


async def _call_last(caller: Conversation, which: Last, none: str) -> None:
    user = caller.user
    if user is None:
        return
    found = await caller.ask(FindLast(caller.call.company_id, user.id, which))
    if isinstance(found, Failed):
        key = "not-possible-now"
    elif found is None:
        key = none
    elif not found.number:
        key = "return-withheld"
    else:
        key = _why(await caller.dial(found.number))
    await caller.answer()
    await caller.say(key)


async def speed_dial(caller: Conversation, code: UseCode) -> None:
    """Two digits behind which nothing is stored; dialled without any, they are asked for."""
    await caller.answer()
    if code.argument:
        await caller.say("speed-dial-none", code=code.argument)
        return
    await _complete(caller, code, "speed-dial-ask", _SPEED_DIAL, _SPEED_DIAL)


async def for_one_call(caller: Conversation, code: UseCode) -> None:
    """A code that precedes a number, dialled alone: ask for the number, then call it so."""
    await caller.answer()
    await _complete(caller, code, "consult-ask", 1, _LONGEST)


async def _complete(caller: Conversation, code: UseCode, question: str, least: int, most: int) -> None:
    """Ask for what is missing behind the code, and dial the whole."""
    for _ in range(TRIES):
        keyed = await caller.ask_for(question, most=most)
        if len(keyed) >= least:
            await caller.say(_why(await caller.dial(code.dialled + keyed)))
            return
        await caller.say("invalid-number" if keyed else "nothing-keyed")
    await caller.say("goodbye")


def _why(failure: Failure) -> str:
    """What whoever dialled is told."""
    return _WHY.get(failure.outcome, "technical-problem")
