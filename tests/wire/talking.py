"""Two real phones in a call, each hearing the other's tone."""

from __future__ import annotations

from typing import Any

from bench.peers.baresip import Baresip

CALLER_HZ, CALLED_HZ = 440, 800
SPEECH_S = 30.0
"""For the first words of a text that must be rendered, on a busy machine."""


def talk(
    phone: Any,
    caller_options: dict[str, Any],
    called_options: dict[str, Any],
    extensions: tuple[str, str] = ("101", "102"),
) -> tuple[Baresip, Baresip]:
    """Start both, let the first call the second, and wait until each hears the other."""
    answering = phone(extensions[1], tone_hz=CALLED_HZ, **called_options)
    calling = phone(extensions[0], tone_hz=CALLER_HZ, **caller_options)
    connect(calling, answering)
    return calling, answering


def connect(calling: Baresip, answering: Baresip) -> None:
    """Let one phone call the other, and wait until each hears the other."""
    calling.dial(answering.account.user)
    answering.accept()
    calling.wait_for("CALL_ESTABLISHED")
    answering.wait_for_tone(calling.tone_hz)
    calling.wait_for_tone(answering.tone_hz)


def end(calling: Baresip, answering: Baresip) -> None:
    """Hang up and see the other side closed."""
    calling.hang_up()
    answering.wait_for("CALL_CLOSED")
