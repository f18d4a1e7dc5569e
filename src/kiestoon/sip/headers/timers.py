"""Times: Session-Expires and Min-SE (RFC 4028), Expires, Date (RFC 3261 §20.17), Max-Breadth (RFC 5393)."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Literal

import msgspec

from kiestoon.sip.headers.grammar import BadHeader, parse_number, split_params

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_date = re.compile(
    rf"[ \t]*(?:{'|'.join(_DAYS)}),[ \t]*([0-9]{{1,2}}) ({'|'.join(_MONTHS)}) ([0-9]{{4}}) "
    r"([0-9]{2}):([0-9]{2}):([0-9]{2}) GMT[ \t]*",
    re.ASCII | re.IGNORECASE,
)


class SessionExpires(msgspec.Struct, frozen=True, gc=False):
    """The session interval and who refreshes it: "uac", "uas" or "" when not said."""

    interval_s: int
    refresher: Literal["", "uac", "uas"] = ""

    def __str__(self) -> str:
        return f"{self.interval_s};refresher={self.refresher}" if self.refresher else f"{self.interval_s}"


def parse_session_expires(text: str) -> SessionExpires:
    """Raises ``BadHeader``."""
    value, params = split_params(text)
    refresher = (params.get("refresher") or "").lower()
    if refresher not in {"", "uac", "uas"}:
        raise BadHeader("unknown refresher")
    return SessionExpires(parse_number(value, "Session-Expires"), "uac" if refresher == "uac" else refresher and "uas")


def parse_min_se(text: str) -> int:
    """Seconds. Raises ``BadHeader``. Parameters are ignored."""
    return parse_number(split_params(text)[0], "Min-SE")


def parse_expires(text: str) -> int:
    """Seconds of Expires or Min-Expires. Raises ``BadHeader``, also above 2**32-1 (RFC 4475 §3.1.2.4 allows either)."""
    return parse_number(text, "Expires")


def parse_max_breadth(text: str) -> int:
    """Raises ``BadHeader``."""
    return parse_number(text, "Max-Breadth")


def parse_date(text: str) -> datetime:
    """An aware UTC time. Only "GMT" is a valid zone (§20.17). Raises ``BadHeader``."""
    found = _date.fullmatch(text)
    if found is None:
        raise BadHeader("bad Date")
    day, month, year, hour, minute, second = found.groups()
    try:
        return datetime(
            int(year), _MONTHS.index(month.title()) + 1, int(day), int(hour), int(minute), int(second), tzinfo=UTC
        )
    except ValueError:
        raise BadHeader("no such date") from None


def encode_date(time: datetime) -> str:
    """``time`` (aware) as a Date value, in English whatever the locale."""
    at = time.astimezone(UTC)
    return (
        f"{_DAYS[at.weekday()]}, {at.day:02d} {_MONTHS[at.month - 1]} {at.year:04d} "
        f"{at.hour:02d}:{at.minute:02d}:{at.second:02d} GMT"
    )
