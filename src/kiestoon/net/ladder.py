"""A call's messages as a ladder diagram in text: one column per party, one arrow per message, times in milliseconds."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence

from kiestoon.net.trace import TracedMessage

COLUMN = 32
TIME = 13
_MOST_PARTIES = 12
_CSEQ = re.compile(rb"^cseq[ \t]*:[ \t]*[0-9]+[ \t]+([^\s]+)", re.IGNORECASE | re.MULTILINE)
_SDP = re.compile(rb"^(?:content-type|c)[ \t]*:[ \t]*application/sdp", re.IGNORECASE | re.MULTILINE)


def render_ladder(messages: Sequence[TracedMessage]) -> str:
    """The ladder; the exchange is the first column, parties follow in order of appearance. "" for no messages."""
    if not messages:
        return ""
    parties = list(dict.fromkeys(_party(message) for message in messages))[:_MOST_PARTIES]
    start = messages[0].wall_time
    lines = [f"{_clock(start)}  {messages[0].call_id}", ""]
    lines.append(" " * TIME + "".join(name.center(COLUMN)[:COLUMN] for name in ["Kiestoon", *parties]).rstrip())
    rail = _rail(len(parties) + 1)
    for message in messages:
        party = _party(message)
        column = parties.index(party) + 1 if party in parties else len(parties)
        after = f"+{(message.wall_time - start) * 1000:.1f} ms"
        lines.append(after.rjust(TIME - 1) + " " + _arrow(rail, column, message.way == "out", describe(message.data)))
    return "\n".join(lines) + "\n"


def describe(data: bytes) -> str:
    """A message in a few words: method, or status with reason and the method it answers; "(SDP)" when it has one."""
    line = _printable(data.partition(b"\r\n")[0])
    head = data.partition(b"\r\n\r\n")[0]
    parts = line.split(" ", 2)
    if line.startswith("SIP/2.0 ") and len(parts) >= 2:
        cseq = _CSEQ.search(head)
        method = f" ({_printable(cseq.group(1))})" if cseq else ""
        text = " ".join(parts[1:]) + method
    else:
        text = parts[0]
    return text + (" SDP" if _SDP.search(head) else "")


def _party(message: TracedMessage) -> str:
    flow = message.flow
    host = f"[{flow.remote_host}]" if ":" in flow.remote_host else flow.remote_host
    return f"{flow.transport}:{host}:{flow.remote_port}"


def _clock(wall_time: float) -> str:
    return datetime.datetime.fromtimestamp(wall_time, datetime.UTC).isoformat(sep=" ", timespec="milliseconds")


def _rail(columns: int) -> list[str]:
    cells = list(" " * COLUMN * columns)
    for column in range(columns):
        cells[column * COLUMN + COLUMN // 2] = "|"
    return cells


def _arrow(rail: list[str], column: int, outward: bool, text: str) -> str:
    """The line from the exchange's rail to the party's, its text in the middle."""
    cells = list(rail)
    left, right = COLUMN // 2 + 1, column * COLUMN + COLUMN // 2
    width = right - left
    body = f" {text[: width - 6]} ".center(width - 1, "-")
    cells[left:right] = list(body + ">" if outward else "<" + body)
    return "".join(cells).rstrip()


def _printable(data: bytes) -> str:
    """What terminals can show safely: hostile bytes must not move the cursor."""
    text = data.decode("utf-8", "replace")
    return "".join(char if char.isprintable() else "?" for char in text)
