"""Session descriptions (RFC 4566/8866): bytes to lines and back, nothing lost.

A back-to-back user agent must keep what it does not understand, so a description is its lines in their order; only
``m=`` lines are taken apart. Everything else is read on demand by ``kiestoon.sdp.audio``.
"""

from __future__ import annotations

from typing import Final

import msgspec

MAX_BYTES: Final = 65_535
MAX_LINES: Final = 1_000
MAX_LINE_LENGTH: Final = 4_096
MAX_MEDIA: Final = 32
MAX_FORMATS: Final = 128


class BadSdp(ValueError):
    """The peer's description cannot be read; the text says why and goes into the Warning header of a 400."""


class Origin(msgspec.Struct, frozen=True, gc=False):
    """The ``o=`` line (RFC 4566 §5.2). Id and version stay text: peers send any size, sometimes words."""

    username: str
    session_id: str
    version: str
    network_type: str
    address_type: str
    address: str

    def __str__(self) -> str:
        parts = (self.username, self.session_id, self.version, self.network_type, self.address_type, self.address)
        return " ".join(parts)


class MediaDescription(msgspec.Struct):
    """One ``m=`` section. ``lines`` are those after the ``m=`` line, whole ("a=sendrecv"), in the order they came."""

    kind: str
    port: int
    protocol: str
    formats: list[str]
    lines: list[str] = msgspec.field(default_factory=list)
    port_count: int = 1

    def attributes(self, name: str) -> list[str]:
        """Every value of the attribute; "" for a property attribute (``a=sendrecv``)."""
        return _attributes(self.lines, name)

    def attribute(self, name: str) -> str | None:
        """The attribute's first value, None when absent."""
        values = _attributes(self.lines, name)
        return values[0] if values else None

    @property
    def head(self) -> str:
        """The ``m=`` line itself."""
        port = f"{self.port}/{self.port_count}" if self.port_count != 1 else str(self.port)
        return f"m={self.kind} {port} {self.protocol} {' '.join(self.formats)}"


class SessionDescription(msgspec.Struct):
    """A whole description. ``findings`` tell what was wrong with it and put up with, one short text each."""

    lines: list[str]
    media: list[MediaDescription] = msgspec.field(default_factory=list)
    findings: list[str] = msgspec.field(default_factory=list)

    @property
    def origin(self) -> Origin | None:
        """The ``o=`` line taken apart, None when absent or not of six fields."""
        for line in self.lines:
            if line.startswith("o="):
                fields = line[2:].split()
                return Origin(*fields) if len(fields) == 6 else None
        return None

    def attributes(self, name: str) -> list[str]:
        """Every value of a session-level attribute; "" for property attributes."""
        return _attributes(self.lines, name)

    def encode(self) -> bytes:
        """The description as bytes, every line ended by CRLF. Lines that cannot stand alone raise ``ValueError``."""
        rows = list(self.lines)
        for media in self.media:
            rows.append(media.head)
            rows.extend(media.lines)
        text = "\r\n".join(rows)
        if text.count("\n") != len(rows) - 1 or text.count("\r") != len(rows) - 1:
            raise ValueError("line break inside a session description line")
        return f"{text}\r\n".encode("utf-8", "surrogateescape")


def _attributes(lines: list[str], name: str) -> list[str]:
    bare = f"a={name}"
    prefix = f"{bare}:"
    found = []
    for line in lines:
        if line.startswith(prefix):
            found.append(line[len(prefix) :])
        elif line == bare:
            found.append("")
    return found


def parse_sdp(data: bytes) -> SessionDescription:
    """Read untrusted bytes. Raises ``BadSdp``; small sins are tolerated and listed in ``findings``."""
    session = SessionDescription([])
    rows = _rows(data, session.findings)
    lines = session.lines
    for row in rows:
        kind = row[:1]
        if row[1:2] != "=" or not kind.isalpha():
            if row.strip():
                session.findings.append("line without type dropped")
            continue
        if len(row) > MAX_LINE_LENGTH:
            raise BadSdp("line too long")
        if kind == "m":
            if len(session.media) == MAX_MEDIA:
                raise BadSdp("too many media descriptions")
            media = _parse_media(row)
            session.media.append(media)
            lines = media.lines
        else:
            lines.append(row)
    _check_session(session)
    return session


def _rows(data: bytes, findings: list[str]) -> list[str]:
    if len(data) > MAX_BYTES:
        raise BadSdp("session description too large")
    if b"\0" in data:
        raise BadSdp("NUL in session description")
    # surrogateescape: bytes that are not UTF-8 (a=charset may say so) leave exactly as they came.
    text = data.decode("utf-8", "surrogateescape")
    rows = text.split("\r\n")
    if text.count("\n") + 1 != len(rows) or text.count("\r") + 1 != len(rows):
        findings.append("lines not ended by CRLF")  # RFC 4566 §5: parsers should accept a single LF
        rows = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if len(rows) > MAX_LINES:
        raise BadSdp("too many lines")
    if rows and not rows[-1]:
        rows.pop()
    else:
        findings.append("last line not ended")
    return rows


def _parse_media(row: str) -> MediaDescription:
    fields = row[2:].split()
    if len(fields) < 3:
        raise BadSdp("incomplete m= line")
    if len(fields) > MAX_FORMATS + 3:
        raise BadSdp("too many formats")
    port, slash, count = fields[1].partition("/")
    port_number = _small_number(port)
    count_number = _small_number(count) if slash else 1
    if port_number is None or count_number is None:
        raise BadSdp("bad port in m= line")
    return MediaDescription(fields[0], port_number, fields[2], fields[3:], port_count=count_number)


def _small_number(text: str) -> int | None:
    """A port-sized number; int() alone would take " 5", "+5", "٥" and a megabyte of digits."""
    if len(text) > 5 or not (text.isascii() and text.isdigit()):
        return None
    number = int(text)
    return number if number < 65_536 else None


def _check_session(session: SessionDescription) -> None:
    lines = session.lines
    if not lines or lines[0] != "v=0":
        version = next((line for line in lines if line.startswith("v=")), None)
        if version is None:
            raise BadSdp("no v= line")
        if version.strip() != "v=0":
            raise BadSdp("unknown SDP version")
        if lines[0] is not version:
            session.findings.append("v= is not the first line")
    kinds = {line[0] for line in lines}
    for kind in "ost":
        if kind not in kinds:
            session.findings.append(f"no {kind}= line")
