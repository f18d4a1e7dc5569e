"""Routing by postcode: the caller keys in four digits (E 4.8)."""

from __future__ import annotations

from typing import Final

from kiestoon.calls.conversation import Conversation
from kiestoon.company.model import LocationRouting
from kiestoon.speech import Phrase

DIGITS: Final = 4
TIMEOUT_S: Final = 6.0


async def postcode(caller: Conversation, row: LocationRouting) -> None:
    """Ask, route by what was keyed in, and take leave when that leads nowhere."""
    await caller.answer()
    prompt = row.prompt or Phrase("postcode")
    digits = await caller.collect(most=DIGITS, timeout_s=TIMEOUT_S, prompt=prompt)
    if len(digits) < DIGITS:  # a slip of the finger gets a second try
        digits = await caller.collect(most=DIGITS, timeout_s=TIMEOUT_S, prompt=prompt)
    await caller.route(digits)
    await caller.say(Phrase("goodbye"))
