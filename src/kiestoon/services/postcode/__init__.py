"""Routing by postcode: the caller keys in four digits (E 4.8)."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Final

from kiestoon.calls.conversation import Conversation
from kiestoon.company.model import Company, LocationRouting

DIGITS: Final = 4
TIMEOUT_S: Final = 6.0


def postcode_service(folder_for: Callable[[str], str]) -> Callable[[Conversation, Any], Coroutine[Any, Any, None]]:
    """The service function; ``folder_for`` finds the prompts of a language."""

    async def enter(caller: Conversation, argument: tuple[LocationRouting, Company]) -> None:
        row, company = argument
        folder = folder_for(company.language)
        await caller.answer()
        prompt = row.prompt or f"{folder}/postcode.ogg"
        digits = await caller.collect(most=DIGITS, timeout_s=TIMEOUT_S, prompt=prompt)
        if len(digits) < DIGITS:  # a slip of the finger gets a second try
            digits = await caller.collect(most=DIGITS, timeout_s=TIMEOUT_S, prompt=prompt)
        await caller.route(digits)
        await caller.play(f"{folder}/goodbye.ogg")

    return enter
