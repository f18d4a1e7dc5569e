"""A spoken word to a caller who is turned away: heard before the refusal, without being answered (RFC 3960).

So the caller is told in words, pays nothing, and the caller's exchange still learns the right cause.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from kiestoon.calls.call import Failure
from kiestoon.calls.conversation import Conversation
from kiestoon.company.model import Company


def announcement_service(folder_for: Callable[[str], str]) -> Callable[[Conversation, Any], Coroutine[Any, Any, None]]:
    """The service function; ``folder_for`` finds the prompts of a language."""

    async def enter(caller: Conversation, argument: tuple[str, Company, Failure]) -> None:
        prompt, company, failure = argument
        await caller.speak_before_answer(f"{folder_for(company.language)}/{prompt}.ogg")
        await caller.refuse(failure)

    return enter
