"""A menu number: a welcome, then the caller keys in an extension (RTE-17).

Wrong numbers and colleagues who do not answer are said so and asked again, three times at most; who keys nothing goes
to the menu's fallback.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from kiestoon.calls.conversation import Conversation
from kiestoon.company.model import Company, Menu

TRIES = 3


class MenuPrompts:
    """Where the spoken texts of one language lie."""

    def __init__(self, folder: str) -> None:
        self.welcome = f"{folder}/menu-welcome.ogg"
        self.not_available = f"{folder}/not-available.ogg"
        self.goodbye = f"{folder}/goodbye.ogg"


def menu_service(prompts_for: Callable[[str], MenuPrompts]) -> Callable[[Conversation, Any], Coroutine[Any, Any, None]]:
    """The service function; ``prompts_for`` finds the prompts of a language."""

    async def enter(caller: Conversation, argument: tuple[Menu, Company]) -> None:
        row, company = argument
        await menu(caller, row, prompts_for(company.language), company.extension_digits)

    return enter


async def menu(caller: Conversation, row: Menu, prompts: MenuPrompts, extension_digits: int) -> None:
    """Converse with one caller until somebody answers or there is nothing left to try."""
    await caller.answer()
    prompt = row.greeting or prompts.welcome
    for _ in range(TRIES):
        extension = await caller.collect(most=extension_digits, timeout_s=row.timeout_s, prompt=prompt)
        if not extension:
            break
        await caller.connect(extension)
        prompt = prompts.not_available
    if row.fallback_extension:
        await caller.connect(row.fallback_extension)
        await caller.play(prompts.not_available)
    await caller.play(prompts.goodbye)
