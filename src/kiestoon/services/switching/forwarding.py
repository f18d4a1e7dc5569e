"""Forwarding by code: always, busy, no answer, unreachable, to a number or to voicemail (REACH-1, V 7.1)."""

from __future__ import annotations

from typing import Final, Literal

from kiestoon.calls.conversation import Conversation
from kiestoon.calls.requests import SwitchForward
from kiestoon.company.model import NOWHERE, Destination, Forward, ForwardCase, User
from kiestoon.routing import UseCode
from kiestoon.routing.context import meant
from kiestoon.routing.forwardable import IndexBook, NotThere, Why, read_target
from kiestoon.services.switching.writing import write

How = Literal["on", "off", "voicemail"]
FORWARDS: Final[dict[str, tuple[ForwardCase, How]]] = {
    "forward_always_on": ("always", "on"),
    "forward_always_off": ("always", "off"),
    "forward_always_voicemail": ("always", "voicemail"),
    "forward_busy_on": ("busy", "on"),
    "forward_busy_off": ("busy", "off"),
    "forward_no_answer_on": ("no_answer", "on"),
    "forward_no_answer_off": ("no_answer", "off"),
    "forward_unreachable_on": ("unreachable", "on"),
    "forward_unreachable_off": ("unreachable", "off"),
}
VOICEMAIL: Final = Destination("voicemail")
TRIES: Final = 3
_LONGEST: Final = 32
_WRONG: Final[dict[Why, str]] = {
    "no_number": "invalid-number",
    "own": "forward-wrong-number",
    "emergency": "forward-wrong-number",
    "blocked": "destination-blocked",
}


async def forward(caller: Conversation, code: UseCode) -> None:
    """Do what the code says, and tell how it stands then."""
    await caller.answer()
    user = caller.user
    if user is None:
        return
    case, how = FORWARDS[code.feature]
    if not code.query:
        to = await _wanted(caller, user, how, code.argument)
        if to is None or not await write(caller, SwitchForward(caller.call.company_id, user.id, case, to)):
            return
    await tell_forward(caller, user, case)


async def _wanted(caller: Conversation, user: User, how: How, keyed: str) -> Destination | None:
    if how == "on":
        return await ask_target(caller, user, keyed)
    return VOICEMAIL if how == "voicemail" else NOWHERE


async def ask_target(caller: Conversation, user: User, keyed: str = "") -> Destination | None:
    """Where to, asked for unless it was dialled with the code; None after three answers that are no number."""
    for _ in range(TRIES):
        keyed = keyed or await caller.ask_for("forward-ask-number", most=_LONGEST)
        index = caller.index
        if index is None:
            return None
        found = read_target(IndexBook(caller.exchange.directory, index), user, keyed)
        if isinstance(found, Destination):
            return found
        await _tell_wrong(caller, found, keyed)
        keyed = ""
    await caller.say("goodbye")
    return None


async def _tell_wrong(caller: Conversation, found: NotThere, keyed: str) -> None:
    if not keyed:
        await caller.say("nothing-keyed")
    elif found.why == "unknown_extension":
        await caller.say("unknown-extension", extension=found.number)
    else:
        await caller.say(_WRONG[found.why])


async def tell_forward(caller: Conversation, user: User, case: ForwardCase) -> None:
    """How forwarding stands in a case."""
    row = _in_force(caller, user, case)
    key = f"forward-{case.replace('_', '-')}"
    if row is None:
        await caller.say(f"{key}-off")
        return
    to = meant(user, row.to)
    if to.kind in ("extension", "number"):
        await caller.say(f"{key}-to", to=to.target)
    else:
        await caller.say(f"{key}-voicemail")
    if case == "no_answer":
        await caller.say("forward-after-rings", rings=row.rings)


def _in_force(caller: Conversation, user: User, case: ForwardCase) -> Forward | None:
    """The forwarding of all calls in this case, else that of one of the person's numbers."""
    index = caller.index
    rows = index.arrangements.forwards.get(user.extension, ()) if index is not None else ()
    fitting = [row for row in rows if row.case == case and (meant(user, row.to) or row.voicemail)]
    return next((row for row in fitting if not row.own_number), fitting[0] if fitting else None)
