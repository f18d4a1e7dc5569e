"""Listening to messages by telephone (VM-2): one's own on one's own phone, with extension and PIN on any other.

New messages come first, oldest first. After each one a key decides (E 4.3): 5 hears it again, 7 deletes it, # or 6 goes
on; without a key the next one follows. A message counts as heard once it was played to its end, or left by a key.
"""

from __future__ import annotations

from typing import Final

from kiestoon.calls import messages
from kiestoon.calls.conversation import Conversation
from kiestoon.calls.pins import somebody
from kiestoon.calls.voicemail_requests import DeleteMessage, Listed, ListMessages, MarkMessage, MessageFile
from kiestoon.company.model import VoicemailBox
from kiestoon.company.voicemail import box_of
from kiestoon.routing import UseCode
from kiestoon.speech import Phrase
from kiestoon.speech.phrase import moment

NEXT_AFTER_S: Final = 4.0
AGAIN, DELETE, NEXT = "5", "7", ("#", "6")
_ALMOST_FULL: Final = 0.9


async def voicemail(caller: Conversation, code: UseCode) -> None:
    """Tell how many messages there are, and play them."""
    await caller.answer()
    owner = caller.user or await somebody(caller, "voicemail-ask-box")
    if owner is None:
        return
    index = caller.index
    box = box_of(index, owner.extension) if index is not None else None
    if box is None:
        await caller.say("voicemail-none")
        return
    folder = messages.folder_of(caller.exchange, box.company_id)
    listed = await caller.ask(ListMessages(box.company_id, box.extension, folder))
    found = listed.messages if isinstance(listed, Listed) else ()
    await _announce(caller, box, found)
    for number, message in enumerate(found):
        before = found[number - 1].state if number else ""
        await _hear(caller, box, message, first=message.state != before)
    if found:
        await caller.say("voicemail-end")


# --- what is heard ---------------------------------------------------------------------------------------------------


async def _announce(caller: Conversation, box: VoicemailBox, found: tuple[MessageFile, ...]) -> None:
    new = sum(1 for message in found if message.state == "new")
    old = len(found) - new
    if new and old:
        await caller.say("voicemail-new-and", messages=new)
        await caller.say("voicemail-and-old", messages=old)
    elif new or old:
        await caller.say("voicemail-new" if new else "voicemail-old", messages=new or old)
    else:
        await caller.say("voicemail-empty")
    if len(found) >= box.most_messages * _ALMOST_FULL:
        await caller.say("voicemail-almost-full")
    if found:
        await caller.ask_for("voicemail-keys-short", most=1, timeout_s=0.0, end="")


async def _hear(caller: Conversation, box: VoicemailBox, message: MessageFile, *, first: bool) -> None:
    """One message, as often as wanted."""
    heading = f"voicemail-{'first' if first else 'next'}-{message.state}"
    key = await caller.ask_for(heading, most=1, timeout_s=0.0, end="")
    while key not in (*NEXT, DELETE):
        key = await _from_whom(caller, message)
        if key in (*NEXT, DELETE):
            break
        key = await caller.collect(most=1, timeout_s=NEXT_AFTER_S, prompt=message.path, end="")
        if key != DELETE and message.state == "new":
            await caller.ask(MarkMessage(box.company_id, box.extension, message.id, "old"))
            caller.exchange.mailboxes.changed(box.company_id, box.extension)
        if key != AGAIN:
            break
    if key == DELETE:
        folder = messages.folder_of(caller.exchange, box.company_id)
        await caller.ask(DeleteMessage(box.company_id, box.extension, message.id, folder))
        caller.exchange.mailboxes.changed(box.company_id, box.extension)
        await caller.say("voicemail-deleted")


async def _from_whom(caller: Conversation, message: MessageFile) -> str:
    """Who left it and when; the key that cut this short, "" = none."""
    who = "" if message.withheld else message.name or message.number
    zone = caller.index.company.timezone if caller.index is not None else "UTC"
    when = moment(message.at_ms, caller.exchange.wall_ms(), zone)
    phrase = Phrase("voicemail-from", {"from": who, "at": when})
    return await caller.collect(most=1, timeout_s=0.0, prompt=phrase, end="")
