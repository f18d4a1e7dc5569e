"""A menu number: a welcome, then the caller keys in an extension (RTE-17).

Wrong numbers and colleagues who do not answer are said so and asked again, three times at most; who keys nothing goes
to the menu's fallback.
"""

from __future__ import annotations

from kiestoon.calls.conversation import Conversation, Prompt
from kiestoon.company.model import Company, Menu
from kiestoon.speech import Phrase

TRIES = 3
WELCOME = Phrase("menu-welcome")
NOT_AVAILABLE = Phrase("not-available")


async def menu(caller: Conversation, argument: tuple[Menu, Company]) -> None:
    """Converse with one caller until somebody answers or there is nothing left to try."""
    row, company = argument
    await caller.answer()
    prompt: Prompt = row.greeting or WELCOME
    for _ in range(TRIES):
        extension = await caller.collect(most=company.extension_digits, timeout_s=row.timeout_s, prompt=prompt)
        if not extension:
            break
        await caller.connect(extension)
        prompt = NOT_AVAILABLE
    if row.fallback_extension:
        await caller.connect(row.fallback_extension)
        await caller.say(NOT_AVAILABLE)
    await caller.say(Phrase("goodbye"))
