"""Numbered headers: CSeq (RFC 3261 §20.16), RSeq and RAck (RFC 3262 §7)."""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec

from kiestoon.sip.headers.grammar import TOKEN, BadHeader, parse_number

_cseq = re.compile(rf"[ \t]*0*([0-9]{{1,10}})[ \t]+({TOKEN})[ \t]*", re.ASCII)
_rack = re.compile(rf"[ \t]*0*([0-9]{{1,10}})[ \t]+0*([0-9]{{1,10}})[ \t]+({TOKEN})[ \t]*", re.ASCII)
_KEPT_LENGTH = 32
SEQUENCE_LIMIT = 2**31
"""CSeq and RSeq numbers are below this (RFC 3261 §8.1.1.5, RFC 3262 §7.1)."""


class CSeq(msgspec.Struct, frozen=True, gc=False):
    number: int
    method: str

    def __str__(self) -> str:
        return f"{self.number} {self.method}"


class RAck(msgspec.Struct, frozen=True, gc=False):
    """What a PRACK acknowledges: the RSeq and the CSeq of the reliable provisional response."""

    rseq: int
    cseq: int
    method: str

    def __str__(self) -> str:
        return f"{self.rseq} {self.cseq} {self.method}"


def parse_cseq(text: str) -> CSeq:
    """Raises ``BadHeader``."""
    return _known_cseq(text) if len(text) <= _KEPT_LENGTH else _parse_cseq(text)


def _parse_cseq(text: str) -> CSeq:
    found = _cseq.fullmatch(text)
    if found is None:
        raise BadHeader(f"bad CSeq: {text[:40]!r}")
    number = int(found.group(1))
    if number >= SEQUENCE_LIMIT:
        raise BadHeader("CSeq number is 2**31 or more")
    return CSeq(number, found.group(2))


_known_cseq = lru_cache(1024)(_parse_cseq)


def parse_rack(text: str) -> RAck:
    """Raises ``BadHeader``."""
    found = _rack.fullmatch(text)
    if found is None:
        raise BadHeader(f"bad RAck: {text[:40]!r}")
    return RAck(int(found.group(1)), int(found.group(2)), found.group(3))


def parse_rseq(text: str) -> int:
    """1 to 2**32-1 (RFC 3262 §7.1). Raises ``BadHeader``."""
    number = parse_number(text, "RSeq")
    if number == 0:
        raise BadHeader("RSeq is 0")
    return number
