"""What the exchange and the simulated outside world agree on: addresses, and who can be called there."""

from __future__ import annotations

from pathlib import Path

from kiestoon.app.config import Settings

OUTSIDE_HOST = "127.0.0.2"
"""An address of its own on the loopback network: phones on this machine come from 127.0.0.1 and must not be mistaken
for the outside line, which is recognised by its address."""
TRUNK_NAME = "buitenwereld"

SPEAKS = "+31205550101"
ECHOES = "+31205550102"
BUSY = "+31205550103"
RINGS_OUT = "+31205550104"
REJECTS = "+31205550105"
LISTENS = "+31205550106"

OUTSIDE_NUMBERS: dict[str, str] = {
    SPEAKS: "answers and speaks",
    ECHOES: "answers and echoes what you say",
    BUSY: "is busy",
    RINGS_OUT: "rings and is never answered",
    REJECTS: "rejects the call",
    LISTENS: "answers and stays silent",
}
"""Everybody out there, by number, with what happens when one calls them. Other numbers do not exist (404)."""


def outside_socket(settings: Settings) -> Path:
    """The outside world's admin socket: the command "call_in" (to, caller) makes it call the exchange."""
    return settings.data / "run" / "outside.sock"
