"""Payload formats in session descriptions: static numbers, equality of formats, and lists without double numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

from kiestoon.media.protocol import Codec

STATIC: Final[dict[int, Codec]] = {
    codec.payload_type: codec
    for codec in (
        Codec("PCMU", 0),
        Codec("GSM", 3),
        Codec("G723", 4),
        Codec("DVI4", 5),
        Codec("DVI4", 6, 16_000),
        Codec("LPC", 7),
        Codec("PCMA", 8),
        Codec("G722", 9),
        Codec("L16", 10, 44_100, 2),
        Codec("L16", 11, 44_100),
        Codec("QCELP", 12),
        Codec("CN", 13),
        Codec("MPA", 14, 90_000),
        Codec("G728", 15),
        Codec("DVI4", 16, 11_025),
        Codec("DVI4", 17, 22_050),
        Codec("G729", 18),
    )
}
"""RFC 3551 §6 table 4: audio payload types that need no ``a=rtpmap``."""

EVENTS: Final = "TELEPHONE-EVENT"
NOT_SPEECH: Final = frozenset({EVENTS, "CN", "RED", "TONE"})

_DECISIVE: Final[dict[str, tuple[str, str]]] = {
    "AMR": ("octet-align", "0"),
    "AMR-WB": ("octet-align", "0"),
    "ILBC": ("mode", "30"),
    "G7221": ("bitrate", ""),
}
"""Format parameters (name, default) that change the bits on the wire: formats differing in them are not the same."""


def same_format(left: Codec, right: Codec) -> bool:
    """Whether packets of one can be relayed as the other; payload type numbers play no part (RFC 3264 §6.1)."""
    if left.name != right.name or left.clock_hz != right.clock_hz or left.channels != right.channels:
        return False
    decisive = _DECISIVE.get(left.name)
    if decisive is None:
        return True
    name, default = decisive
    return format_parameter(left.fmtp, name, default) == format_parameter(right.fmtp, name, default)


def format_parameter(fmtp: str, name: str, default: str = "") -> str:
    """One parameter out of ``a=fmtp`` text ("mode=20; x=1")."""
    for part in fmtp.split(";"):
        key, equals, value = part.partition("=")
        if equals and key.strip().lower() == name:
            return value.strip()
    return default


def find_format(codec: Codec, among: Iterable[Codec]) -> Codec | None:
    """The entry with the same format, or None."""
    for candidate in among:
        if same_format(codec, candidate):
            return candidate
    return None


def merge_codecs(first: Sequence[Codec], then: Sequence[Codec]) -> list[Codec]:
    """``first`` in its order and with its payload types, then what ``then`` adds, renumbered where numbers collide."""
    return list(_merged(tuple(first), tuple(then)))


@lru_cache(128)
def _merged(first: tuple[Codec, ...], then: tuple[Codec, ...]) -> tuple[Codec, ...]:
    merged = list(first)
    for codec in then:
        if find_format(codec, merged) is None:
            merged.append(codec)
    return tuple(numbered(merged))


def numbered(codecs: Sequence[Codec], reserved: Iterable[int] = ()) -> list[Codec]:
    """The same list with every payload type valid and used once; earlier entries keep theirs."""
    used = set(reserved)
    result = []
    for codec in codecs:
        number = codec.payload_type
        static = STATIC.get(number)
        usable = 96 <= number <= 127 or (static is not None and same_format(static, codec))
        if number in used or not usable:
            number = free_number(used | {other.payload_type for other in codecs})
            if number < 0:
                continue  # more formats than dynamic numbers: the last ones are not offered
        used.add(number)
        result.append(renumbered(codec, number))
    return result


def renumbered(codec: Codec, payload_type: int) -> Codec:
    """The same format under another payload type."""
    if codec.payload_type == payload_type:
        return codec
    return Codec(codec.name, payload_type, codec.clock_hz, codec.channels, codec.fmtp)


def free_number(used: set[int], wish: int = 96) -> int:
    """A dynamic payload type (RFC 3551 §3: 96-127) not in ``used``, ``wish`` if free; -1 when all are taken."""
    if wish not in used:
        return wish
    return next((number for number in range(96, 128) if number not in used), -1)


@lru_cache(512)
def format_lines(codec: Codec) -> tuple[str, ...]:
    """The ``a=rtpmap`` and ``a=fmtp`` lines. Static types get an rtpmap too: some phones match by name only."""
    name = codec.name.lower() if codec.name in {"OPUS", EVENTS} else codec.name
    channels = f"/{codec.channels}" if codec.channels > 1 else ""
    line = f"a=rtpmap:{codec.payload_type} {name}/{codec.clock_hz}{channels}"
    return (line, f"a=fmtp:{codec.payload_type} {codec.fmtp}") if codec.fmtp else (line,)
