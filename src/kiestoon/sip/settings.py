"""What an endpoint says of itself and how patient it is."""

from __future__ import annotations

import msgspec

from kiestoon.sip.transaction import TimerValues


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What an endpoint says of itself and how patient it is. Times are in seconds."""

    user_agent: str = "Kiestoon"
    methods: tuple[str, ...] = (
        "INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "PRACK", "UPDATE", "INFO", "REFER", "NOTIFY", "MESSAGE",
    )  # fmt: skip
    options: tuple[str, ...] = ("100rel", "timer", "replaces", "norefersub", "histinfo", "from-change")
    other_options: tuple[str, ...] = ("path", "outbound", "gruu", "eventlist")
    packages: tuple[str, ...] = ("message-summary", "dialog", "presence", "as-feature-event")
    session_expires_s: int = 1800
    min_se_s: int = 90
    progress_timeout_s: float = 180.0
    trying_after_s: float = 0.2
    udp_limit: int = 1300
    """Requests of more bytes go to servers by TCP where UDP would be used (RFC 3261 §18.1.1); 0: never."""
    timers: TimerValues = TimerValues()

    @property
    def allow(self) -> str:
        return ", ".join(self.methods)

    @property
    def supported(self) -> str:
        return ", ".join(self.options)
