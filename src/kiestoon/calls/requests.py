"""What services ask the back office for (``Conversation.ask``): plain data; the answers are plain data too.

Whoever adds a request says here what it is and what comes back; what it does stands in ``store/phone_requests`` and
runs in a thread, so that no call waits for it. In simulations a function of the test takes its place.
"""

from __future__ import annotations

from typing import Literal

import msgspec


class Request(msgspec.Struct, frozen=True):
    """Base of all requests. ``company_id``: whose rows it concerns; nothing outside them is touched."""

    company_id: int


class Failed(msgspec.Struct, frozen=True):
    """The answer when it could not be done: ``reason`` for people, ``code`` for programs ("", "conflict", "gone")."""

    reason: str
    code: str = ""


class CheckPin(Request, frozen=True):
    """Whether somebody has keyed in the right PIN of a person. ``extension``: the one that asks, "" for outsiders.

    Reply: ``PinChecked`` or ``Failed``.
    """

    user_id: int
    pin: str
    extension: str = ""

    def __repr__(self) -> str:
        return f"CheckPin(company_id={self.company_id}, user_id={self.user_id})"


class PinChecked(msgspec.Struct, frozen=True):
    """ "must_change": right, but another one must be chosen first. ``wait_s``: until the next attempt is looked at."""

    verdict: Literal["right", "must_change", "wrong", "wait", "no_pin"]
    wait_s: int = 0
