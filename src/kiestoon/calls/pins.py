"""Who is it? Extension and PIN keyed in on a phone, and another PIN where one must be chosen (DEV-3, ORG-17, VM-2).

Every service that asks for a person's PIN does so here: whoever has a PIN that must be changed chooses another one,
twice, by the rules for all PINs, hears why one is refused, and goes on with what he came for.
"""

from __future__ import annotations

from typing import Final

from kiestoon.calls.conversation import Conversation
from kiestoon.calls.desk_requests import ChoosePin
from kiestoon.calls.requests import CheckPin, Failed, PinChecked
from kiestoon.company.model import User
from kiestoon.company.passwords import LONGEST_RUN, MAX_PIN, MIN_PIN
from kiestoon.speech import Phrase

TRIES: Final = 3
LONGEST_PIN: Final = 16
"""Longer than any PIN: one digit too many is a wrong PIN, and none is left for the next question."""
_NEXT_KEY_S: Final = 5.0
_REFUSALS: Final = {
    "pin_digits": Phrase("pin-digits-only"),
    "pin_length": Phrase("pin-length", {"least": MIN_PIN, "most": MAX_PIN}),
    "pin_repeated": Phrase("pin-all-alike"),
    "pin_run": Phrase("pin-in-sequence", {"most": LONGEST_RUN}),
    "recently_used": Phrase("pin-used-lately"),
}
"""Why a PIN is refused, by the rule it breaks."""


async def somebody(caller: Conversation, question: str) -> User | None:
    """Whoever keys in an extension, asked for by the text ``question``, and its PIN; None after a word about why not.
    An extension that is nobody's is asked for its PIN as well."""
    index = caller.index
    most = (index.company.extension_digits if index is not None else 0) + 1  # and the hash, which may be left out
    for _ in range(TRIES):
        extension = await caller.ask_for(question, most=most, timeout_s=_NEXT_KEY_S)
        if not extension:
            await caller.say("nothing-keyed")
            return None
        pin = await caller.ask_for("desk-ask-pin", most=LONGEST_PIN)
        index = caller.index
        user = index.users_by_extension.get(extension) if index is not None else None
        verdict = await _checked(caller, user, pin)
        if verdict != "wrong":
            return user if user is not None and await _may_go_on(caller, user, verdict) else None
        await caller.say("desk-wrong")
    return None


async def known(caller: Conversation, user: User, question: str, *, changing: bool = False) -> bool:
    """Whether it is the person indeed, who is asked for the PIN. ``changing``: another one is chosen next anyway."""
    for _ in range(TRIES):
        verdict = await _checked(caller, user, await caller.ask_for(question, most=LONGEST_PIN))
        if verdict != "wrong":
            return (changing and verdict == "must_change") or await _may_go_on(caller, user, verdict)
        await caller.say("pin-wrong")
    return False


async def choose_pin(caller: Conversation, user: User) -> bool:
    """Let the person choose another PIN; whether that is in force."""
    for _ in range(TRIES):
        pin = await caller.ask_for("pin-ask-new", most=LONGEST_PIN)
        if not pin:
            return False
        if pin != await caller.ask_for("pin-repeat", most=LONGEST_PIN):
            await caller.say("pin-differs")
            continue
        reply = await caller.ask(ChoosePin(user.company_id, user.id, pin))
        if not isinstance(reply, Failed):
            await caller.say("pin-changed")
            return True
        refusal = _REFUSALS.get(reply.code)
        await caller.say(refusal or "not-possible-now")
        if refusal is None:
            return False
    return False


async def _may_go_on(caller: Conversation, user: User, verdict: str) -> bool:
    """What follows from a PIN that was not wrong."""
    if verdict == "must_change":
        await caller.say("pin-must-change")
        return await choose_pin(caller, user)
    if verdict != "right":
        await caller.say({"wait": "desk-locked", "no_pin": "pin-none"}.get(verdict, "not-possible-now"))
    return verdict == "right"


async def _checked(caller: Conversation, user: User | None, pin: str) -> str:
    """ "right", "wrong", "must_change", "wait", "no_pin", or "failed": it could not be looked at."""
    if user is None or not pin:
        return "wrong"
    reply = await caller.ask(CheckPin(user.company_id, user.id, pin, _source(caller, user)))
    return reply.verdict if isinstance(reply, PinChecked) else "failed"


def _source(caller: Conversation, user: User) -> str:
    """Where the PIN is keyed in: guessing at one phone locks that phone only, a caller's number proves nothing."""
    asking = caller.user
    if asking is not None and asking.id == user.id:
        return user.extension
    return f"phone {caller.leg.device_id}" if caller.device is not None else ""
