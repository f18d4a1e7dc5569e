"""Leaving a message (VM-1): a greeting that fits, a tone, a recording that is stored before anybody says so.

Any key skips what is being said and leads to the tone. The message ends with #, silence, the longest time or the
caller's hanging up; what is shorter than two seconds is none.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from kiestoon.calls import messages
from kiestoon.calls.call import Failure
from kiestoon.calls.conversation import Conversation
from kiestoon.calls.requests import Failed
from kiestoon.calls.service_data import Voicemail
from kiestoon.calls.voicemail_requests import Dropped, PrepareMessage, Stored
from kiestoon.company.directory import CompanyIndex
from kiestoon.company.model import User, VoicemailBox
from kiestoon.company.voicemail import Greeting, box_of, greeting_of
from kiestoon.routing import Decision, EnterVoicemail, UseCode
from kiestoon.routing.at_rest import presence_told
from kiestoon.speech import Phrase, moment

BEEP_S: Final = 1.0
TRIES: Final = 3
"""Messages that are too short are asked for again."""
_GREETINGS: Final[dict[Greeting, str]] = {
    "busy": "voicemail-greeting-busy-of",
    "not_available": "voicemail-greeting-of",
    "group": "voicemail-greeting-group",
}
_TIME_UP_MS: Final = 300
_GONE: Final = Failure("no_answer", 480, 19, "There is no voicemail")


async def voicemail_box(caller: Conversation, data: Voicemail | UseCode) -> None:
    """Take a message for a box; ``UseCode``: straight to the box of the extension dialled (*7 ext)."""
    if isinstance(data, UseCode):
        await _straight(caller, data.argument)
        return
    box = _box(caller, data.extension)
    if box is None:
        await caller.refuse(_GONE)
        return
    caller.speak(box.language)
    await caller.answer()
    if data.message:
        await _go_on(caller, box, data)
        return
    skipped = await _greeted(caller, box, data)
    if not box.takes_messages:
        await caller.say("voicemail-no-message")
    elif _is_full(caller, box):
        await caller.say("voicemail-full")
    else:
        if not skipped and box.greeting != "none":
            await caller.ask_for("voicemail-after-tone", most=1, timeout_s=0.0, end="")
        await _take(caller, box, data)


async def _straight(caller: Conversation, extension: str) -> None:
    if _box(caller, extension) is None:
        await caller.answer()
        await caller.say("voicemail-none")
        return
    await caller.reach(Decision(EnterVoicemail(extension), (), caller.call.company_id, called=extension))


def _box(caller: Conversation, extension: str) -> VoicemailBox | None:
    index = caller.index
    return box_of(index, extension) if index is not None else None


def _is_full(caller: Conversation, box: VoicemailBox) -> bool:
    return sum(caller.exchange.mailboxes.counts(box.company_id, box.extension)) >= box.most_messages


async def _greeted(caller: Conversation, box: VoicemailBox, data: Voicemail) -> bool:
    """Say why the call is not answered; True when the caller has heard enough."""
    index = caller.index
    owner = index.arrangements.extensions.get(box.extension) if index is not None else None
    key = _GREETINGS.get(greeting_of(box, owner, busy=data.reason == "user-busy"))
    if key is None:
        return False
    name = getattr(owner, "name", "") or box.extension
    prompt = [Phrase(key, {"name": name})]
    if isinstance(owner, User) and index is not None:
        prompt += _where(caller, index, owner)
    return bool(await caller.collect(most=1, timeout_s=0.0, prompt=prompt, end=""))


def _where(caller: Conversation, index: CompanyIndex, owner: User) -> list[Phrase]:
    """The person's status and when he will be back, for those whom he lets know (U 4.1.3)."""
    now_ms = caller.exchange.wall_ms()
    shown = presence_told(index, owner, now_ms, inside=caller.leg.party.kind == "device")
    if shown is None:
        return []
    status = Phrase(f"status-{shown.status.replace('_', '-')}")
    if not shown.back_ms:
        return [Phrase("status-of-callee", {"status": status})]
    location = index.location_of(owner)
    zone = index.arrangements.times.zone(location.id if location is not None else None)
    until = moment(shown.back_ms, now_ms, zone.name)
    return [Phrase("status-of-callee-until", {"status": status, "until": until})]


async def _take(caller: Conversation, box: VoicemailBox, data: Voicemail) -> None:
    x = caller.exchange
    ready = await caller.ask(PrepareMessage(box.company_id, messages.folder_of(x, box.company_id)))
    if isinstance(ready, Failed):
        await caller.say("voicemail-not-saved")
        return
    for _ in range(TRIES):
        await caller.tone("beep", BEEP_S)
        reply = await caller.take_message(box, data.reason, lambda number: caller.keep(replace(data, message=number)))
        if await _told(caller, box, data, reply):
            return


async def _go_on(caller: Conversation, box: VoicemailBox, data: Voicemail) -> None:
    """The exchange was interrupted at a message: nothing of what the caller said has been missed."""
    if data.saved:
        await caller.say("voicemail-saved")
        return
    reply = await caller.message_left(data.message)
    if not await _told(caller, box, data, reply):
        await _take(caller, box, data)


async def _told(caller: Conversation, box: VoicemailBox, data: Voicemail, reply: object) -> bool:
    """Say what became of the message (None: that was being said); False: it was none, and may be tried again."""
    if isinstance(reply, Failed):
        await caller.say("voicemail-not-saved")
    elif isinstance(reply, Stored):
        caller.keep(replace(data, message=1, saved=True))
        if reply.duration_ms >= box.longest_s * 1000 - _TIME_UP_MS:
            await caller.say("voicemail-time-up")
        await caller.say("voicemail-saved")
    else:
        if isinstance(reply, Dropped):
            await caller.say("voicemail-too-short")
        return False
    return True
