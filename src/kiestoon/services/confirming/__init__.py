"""Answer confirmation: whoever answers a phone that may have a voicemail of its own is asked first (V 9.1.2)."""

from __future__ import annotations

from typing import Final

from kiestoon.calls import seeking
from kiestoon.calls.causes import ELSEWHERE
from kiestoon.calls.conversation import Conversation
from kiestoon.speech import Phrase

KEY: Final = "1"
TRIES: Final = 2
PAUSE_S: Final = 5.0
"""To press the key after the announcement."""


async def confirming(party: Conversation, _: object) -> None:
    """Who calls for whom, twice; without the key the call goes past this phone."""
    announced = _announcement(party)
    for _ in range(TRIES):
        if await party.collect(most=1, timeout_s=PAUSE_S, prompt=announced, end="") == KEY:
            seeking.confirmed(party.exchange, party.call, party.leg, party.now)
            return
    seeking.not_confirmed(party.exchange, party.call, party.leg, party.now)


async def confirmed_elsewhere(party: Conversation, _: object) -> None:
    """Somebody else was quicker."""
    await party.say("confirm-gone")
    await party.refuse(ELSEWHERE)


def _announcement(party: Conversation) -> Phrase:
    call, index = party.call, party.index
    if call.anchor is None:  # it is made for whoever answers
        return Phrase("confirm-dialling", {"to": call.target})
    caller = call.anchor.party
    who = "" if caller.withheld else caller.name or caller.number
    person = index.users_by_extension.get(call.target) if index is not None else None
    if person is None or party.leg.party.user_id:
        return Phrase("confirm-call", {"from": who})
    return Phrase("confirm-call-for", {"name": person.name, "from": who})
