"""Recording by telephone what is to be heard in place of the exchange's own texts: 905 (E App. A).

Who has spoken hears it, speaks anew or keeps it; a kept one has a number, by which an administrator puts it in its
place. Who hangs up before that has recorded nothing.
"""

from __future__ import annotations

from typing import Final

from kiestoon.calls.conversation import Conversation
from kiestoon.calls.requests import KeepRecording, Kept
from kiestoon.calls.voicemail_requests import PrepareMessage, Ready
from kiestoon.routing import UseCode

LONGEST_S: Final = 600.0
SHORTEST_S: Final = 0.5
TRIES: Final = 10
"""To speak it once more."""
LISTEN, KEEP, AGAIN = "1", "2", "3"


async def record_prompt(caller: Conversation, _code: UseCode) -> None:
    """Record until the speaker is content with it, and say its number."""
    await caller.answer()
    me, folder = caller.user, caller.exchange.settings.recordings_folder
    if me is None or not folder:
        await caller.say("not-allowed" if me is None else "not-possible-now")
        return
    incoming = f"{folder}/incoming"
    if not isinstance(await caller.ask(PrepareMessage(me.company_id, incoming)), Ready):
        await caller.say("not-possible-now")
        return
    for attempt in range(TRIES):
        path = f"{incoming}/{caller.call.id}-{attempt}.wav"
        await caller.say("record-speak")
        await caller.tone("beep", 0.4)
        seconds, _ = await caller.record(path, max_s=LONGEST_S)
        if seconds < SHORTEST_S:
            await caller.say("record-too-short")
            continue
        wish = await _review(caller, path)
        if wish == KEEP:
            request = KeepRecording(me.company_id, me.id, path, folder, caller.exchange.wall_ms())
            await _tell(caller, await caller.ask(request))
            return
        if wish != AGAIN:
            break
    await caller.say("record-discarded")


async def _review(caller: Conversation, path: str) -> str:
    """What to do with it; listening to it is asked about again."""
    key = LISTEN
    for _ in range(TRIES):
        key = await caller.ask_for("record-review", most=1)
        if key != LISTEN:
            break
        await caller.play(path)
    return key


async def _tell(caller: Conversation, reply: object) -> None:
    if isinstance(reply, Kept):
        await caller.say("record-saved-as", number=reply.number)
    else:
        await caller.say("record-too-short" if getattr(reply, "code", "") == "short" else "not-possible-now")
