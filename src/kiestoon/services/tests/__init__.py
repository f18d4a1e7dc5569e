"""Tests of a phone: one's own voice back (9196), the time (9197), the own number (9198)."""

from __future__ import annotations

from typing import Final

from kiestoon.calls.conversation import Conversation
from kiestoon.company.time.clock import reading
from kiestoon.routing import UseCode

ECHO_S: Final = 120.0
"""A test that is forgotten ends by itself."""
_MOST_KEYS: Final = 100
_ROUNDS: Final = 3
_PAUSE_S: Final = 5.0
_MOST_NUMBERS: Final = 3


async def echo(caller: Conversation, code: UseCode) -> None:
    """The caller hears himself until he presses #, or no key for two minutes."""
    await caller.answer()
    await caller.say("echo-begin")
    caller.mirror()
    await caller.collect(most=_MOST_KEYS, timeout_s=ECHO_S)
    caller.isolate()
    await caller.say("echo-end")


async def clock(caller: Conversation, code: UseCode) -> None:
    """Day and time where the caller is, a few times."""
    await caller.answer()
    index, user = caller.index, caller.user
    if index is None:
        return
    location = index.location_of(user) if user is not None else None
    zone = index.arrangements.times.zone(location.id if location is not None else None)
    await caller.say("date", day=reading(zone, caller.exchange.wall_ms()).date())
    for _ in range(_ROUNDS):
        await caller.say("clock", time=reading(zone, caller.exchange.wall_ms()).time())
        await caller.pause(_PAUSE_S)


async def own_number(caller: Conversation, code: UseCode) -> None:
    """The extension, and the outside numbers that lead to it."""
    await caller.answer()
    index, user = caller.index, caller.user
    if index is None or user is None:
        await caller.say("own-nothing")
        return
    await caller.say("own-extension", extension=user.extension)
    for number in index.numbers_by_extension.get(user.extension, ())[:_MOST_NUMBERS]:
        await caller.say("own-number", number=number.e164)
