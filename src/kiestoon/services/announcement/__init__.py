"""A spoken word to a caller who is turned away: heard before the refusal, without being answered (RFC 3960).

So the caller is told in words, pays nothing, and the caller's exchange still learns the right cause.
"""

from __future__ import annotations

from kiestoon.calls.call import Failure
from kiestoon.calls.conversation import Conversation
from kiestoon.speech import Phrase


async def announcement(caller: Conversation, argument: tuple[Phrase, Failure]) -> None:
    """Say the phrase, then refuse."""
    phrase, failure = argument
    await caller.speak_before_answer(phrase)
    await caller.refuse(failure)
