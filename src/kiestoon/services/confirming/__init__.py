"""Answer confirmation: whoever answers a phone that may have a voicemail of its own is asked first (V 9.1.2)."""

from __future__ import annotations

from typing import Final

from kiestoon.calls import seeking
from kiestoon.calls.call import PLAIN
from kiestoon.calls.causes import ELSEWHERE
from kiestoon.calls.conversation import Conversation
from kiestoon.company.model import GroupExtension, HuntGroup, Queue, User
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
    call = party.call
    manner = call.seek.manner if call.seek is not None else PLAIN
    if call.anchor is None and manner.confirm and manner.shown is not None:  # a member of a group call
        return Phrase("confirm-call", {"from": manner.shown.name})
    if call.anchor is None:  # it is made for whoever answers
        return Phrase("confirm-dialling", {"to": call.target})
    caller = call.anchor.party
    who = "" if caller.withheld else caller.name or caller.number
    meant = _called(party)
    return Phrase("confirm-call-for", {"name": meant, "from": who}) if meant else Phrase("confirm-call", {"from": who})


def _called(party: Conversation) -> str:
    """Whom the call is for, where that is somebody else than who answers: a group, or a colleague."""
    index = party.index
    owner = index.arrangements.extensions.get(party.call.target) if index is not None else None
    if isinstance(owner, GroupExtension | HuntGroup | Queue):
        return owner.name
    return owner.name if isinstance(owner, User) and owner.id != party.leg.party.user_id else ""
