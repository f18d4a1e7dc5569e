"""Writing our own descriptions: one audio section, other sections refused, the version kept honest."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from kiestoon.media.protocol import Codec, Direction
from kiestoon.sdp.agreement import LocalMedia
from kiestoon.sdp.codecs import format_lines
from kiestoon.sdp.crypto import CryptoLine


class AudioSection(msgspec.Struct):
    """What goes into our audio section."""

    profile: str
    codecs: Sequence[Codec]
    events: Sequence[Codec]
    direction: Direction
    crypto: Sequence[CryptoLine] = ()
    ptime_ms: int = 20
    rtcp_mux: bool = False

    def rows(self, local: LocalMedia) -> list[str]:
        """The section's lines, ``m=`` first."""
        formats = [*self.codecs, *self.events]
        numbers = " ".join(str(codec.payload_type) for codec in formats)
        rows = [f"m=audio {local.rtp_port} {self.profile} {numbers}"]
        for codec in formats:
            rows.extend(format_lines(codec))
        rows.append(f"a=ptime:{self.ptime_ms}")
        rows.extend(str(line) for line in self.crypto)
        rows.append(f"a={self.direction}")
        if self.rtcp_mux:
            rows.append("a=rtcp-mux")
        return rows


def describe(local: LocalMedia, rows: Sequence[str], *, version: int, previous: bytes, timing: str = "t=0 0") -> bytes:
    """A whole description from media rows.

    With ``previous`` (our last description in the dialog) the session id stays and the version rises by one exactly
    when something changed (RFC 3264 §8); ``version`` counts for the first description only.
    """
    session_id = str(local.session_id)
    if previous:
        session_id, version = _identity(previous)
        body = _render(local, session_id, version, rows, timing)
        if body == previous:
            return previous
        version += 1
    return _render(local, session_id, version, rows, timing)


def _render(local: LocalMedia, session_id: str, version: int, rows: Sequence[str], timing: str) -> bytes:
    family = "IP6" if ":" in local.host else "IP4"
    head = (
        f"v=0\r\no=- {session_id} {version} IN {family} {local.host}\r\n"
        f"s=-\r\nc=IN {family} {local.host}\r\n{timing}\r\n"
    )
    return (head + "\r\n".join(rows) + "\r\n").encode("utf-8", "surrogateescape")


def _identity(ours: bytes) -> tuple[str, int]:
    """Session id and version of a description this module wrote."""
    fields = ours.split(b"\r\n", 2)[1].decode().split()
    return fields[1], int(fields[2])


def refused_row(kind: str, protocol: str, formats: Sequence[str]) -> str:
    """A stream answered with port 0; its formats are echoed as RFC 3264 §6 wants."""
    return f"m={kind} 0 {protocol} {' '.join(formats) or '0'}"
