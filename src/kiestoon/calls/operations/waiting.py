"""Telling somebody in conversation that a call waits for him (V 7.5): a short tone that only he hears."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiestoon.calls import aside
from kiestoon.calls.operations.listening import calls_of

if TYPE_CHECKING:
    from kiestoon.calls.exchange import Exchange


def call_waits(x: Exchange, company_id: int, extension: str, now: float) -> None:
    """Let everybody who speaks on this extension hear the tone once."""
    for call, leg in calls_of(x, company_id, extension):
        aside.converse(x, call, leg, "call_waits", None, now)
