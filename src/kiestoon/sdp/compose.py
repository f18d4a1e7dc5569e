"""Writing our own descriptions: one audio section, other sections refused, the version kept honest."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from kiestoon.media.protocol import Codec, Direction
from kiestoon.sdp.agreement import LocalMedia
from kiestoon.sdp.codecs import format_lines
from kiestoon.sdp.crypto import CryptoLine
from kiestoon.sdp.description import MediaDescription
from kiestoon.sdp.webrtc import Setup, WebRtcLocal, session_rows, webrtc_rows


class AudioSection(msgspec.Struct):
    """What goes into our audio section."""

    profile: str
    codecs: Sequence[Codec]
    events: Sequence[Codec]
    direction: Direction
    crypto: Sequence[CryptoLine] = ()
    ptime_ms: int = 20
    rtcp_mux: bool = False
    webrtc: WebRtcLocal | None = None
    setup: Setup = "actpass"
    mid: str = ""
    bundled: bool = True

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
        if self.mid:
            rows.append(f"a=mid:{self.mid}")
        if self.webrtc is not None:
            rows.extend(webrtc_rows(self.webrtc, self.setup, local.host, local.rtp_port))
        return rows

    def session_rows(self) -> list[str]:
        """What the section needs said for the whole session."""
        return session_rows(self.mid, bundled=self.bundled) if self.webrtc is not None else []


def describe(
    local: LocalMedia,
    rows: Sequence[str],
    *,
    version: int,
    previous: bytes,
    timing: str = "t=0 0",
    session: Sequence[str] = (),
) -> bytes:
    """A whole description from media rows. ``session`` are attributes of the whole session.

    With ``previous`` (our last description in the dialog) the session id stays and the version rises by one exactly
    when something changed (RFC 3264 §8); ``version`` counts for the first description only.
    """
    session_id = str(local.session_id)
    rows = [*session, *rows]
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


def refused_rows(media: MediaDescription) -> list[str]:
    """A stream answered with port 0; its formats are echoed as RFC 3264 §6 wants, and its name (RFC 5888 §9)."""
    mid = media.attribute("mid")
    head = f"m={media.kind} 0 {media.protocol} {' '.join(media.formats) or '0'}"
    return [head, f"a=mid:{mid}"] if mid else [head]
