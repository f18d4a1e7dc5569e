"""What services ask the back office for (``Conversation.ask``): plain data; the answers are plain data too.

Whoever adds a request says here what it is and what comes back; what it does stands in ``store/phone_requests`` and
runs in a thread, so that no call waits for it. In simulations a function of the test takes its place.
"""

from __future__ import annotations

import msgspec


class Request(msgspec.Struct, frozen=True):
    """Base of all requests. ``company_id``: whose rows it concerns; nothing outside them is touched."""

    company_id: int


class Failed(msgspec.Struct, frozen=True):
    """The answer when it could not be done: ``reason`` for people, ``code`` for programs ("", "conflict", "gone")."""

    reason: str
    code: str = ""
