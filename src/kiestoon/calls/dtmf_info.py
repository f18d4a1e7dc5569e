"""DTMF in SIP INFO bodies: ``application/dtmf-relay`` (lines ``Signal=5``, ``Duration=160``) and ``application/dtmf``
(the digit alone). Neither has an RFC; this follows what Cisco introduced and every phone maker copied. Pure text.
"""

from __future__ import annotations

import msgspec

DIGITS = "0123456789*#ABCD"
DEFAULT_DURATION_MS = 160
#: A longer press is reported as this long; RFC 4733's durations end at 8 s as well.
MAX_DURATION_MS = 8000

DTMF_RELAY = "application/dtmf-relay"
DTMF = "application/dtmf"

_MAX_BODY = 512
# Some phones send the event code of RFC 4733 §3.2 in place of the sign.
_BY_CODE = {"10": "*", "11": "#", "12": "A", "13": "B", "14": "C", "15": "D"}
_BY_NAME = {"star": "*", "pound": "#", "hash": "#"}


class InfoPress(msgspec.Struct, frozen=True, gc=False):
    """One key press carried by an INFO request."""

    digit: str
    duration_ms: int = DEFAULT_DURATION_MS


def parse_dtmf_info(content_type: str, body: bytes) -> InfoPress | None:
    """The press an INFO body tells of, or None where it tells of none that we know."""
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type not in (DTMF_RELAY, DTMF) or len(body) > _MAX_BODY:
        return None
    text = body.decode("ascii", "replace")
    fields: dict[str, str] = {}
    for line in text.splitlines():
        name, equals, value = line.partition("=")
        if equals:
            fields.setdefault(name.strip().lower(), value.strip())
    digit = _digit(fields.get("signal", "") if "signal" in fields else text.strip())
    return InfoPress(digit, _duration(fields.get("duration", ""))) if digit else None


def encode_dtmf_relay(digit: str, duration_ms: int = DEFAULT_DURATION_MS) -> bytes:
    """A body for ``application/dtmf-relay``. Raises ValueError for what is no digit."""
    return f"Signal={_checked(digit)}\r\nDuration={min(max(1, duration_ms), MAX_DURATION_MS)}\r\n".encode()


def encode_dtmf(digit: str) -> bytes:
    """A body for ``application/dtmf``. Raises ValueError for what is no digit."""
    return _checked(digit).encode()


def _checked(digit: str) -> str:
    if len(digit) != 1 or digit.upper() not in DIGITS:
        raise ValueError(f"no DTMF digit: {digit!r}")
    return digit.upper()


def _digit(signal: str) -> str:
    if len(signal) == 1 and signal.upper() in DIGITS:
        return signal.upper()
    return _BY_CODE.get(signal) or _BY_NAME.get(signal.lower(), "")


def _duration(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 9):
        return DEFAULT_DURATION_MS
    return min(max(1, int(text)), MAX_DURATION_MS)
