"""Asking for something that is named by digits, until it is found."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from kiestoon.calls.conversation import Conversation

TRIES: Final = 3
FoundT = TypeVar("FoundT")


async def ask_until_found(
    caller: Conversation, question: str, wrong: str, most: int, find: Callable[[str], FoundT | None]
) -> FoundT | None:
    """What the answer to the text ``question`` stands for, at the third try at the latest; None when there is none.
    The text ``wrong`` is said when digits stand for nothing."""
    for _ in range(TRIES):
        keyed = await caller.ask_for(question, most=most)
        found = find(keyed)
        if found:
            return found
        await caller.say(wrong if keyed else "nothing-keyed")
    await caller.say("goodbye")
    return None
