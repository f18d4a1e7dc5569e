"""Where a call was before: Diversion (RFC 5806) and History-Info (RFC 7044)."""

from __future__ import annotations

import re

import msgspec

from kiestoon.sip.headers.address import NameAddr, encode_display, parse_name_addr
from kiestoon.sip.headers.grammar import BadHeader, encode_params, parse_number, split_commas

_index = re.compile(r"[0-9]+(?:\.[0-9]+)*", re.ASCII)
_MAX_DEPTH = 70  # no call is retargeted more often than Max-Forwards allows

CAUSES: dict[str, int] = {
    "user-busy": 486,
    "no-answer": 408,
    "unconditional": 302,
    "deflection": 480,
    "unavailable": 503,
    "unknown": 404,
}
"""Diversion reason → cause in the history's target URI (RFC 4458 §2, mapping of RFC 7544 §3.4)."""


class Diversion(msgspec.Struct, frozen=True, gc=False):
    """One diversion: ``address`` is who diverted. ``reason`` as in RFC 5806 §4, ``counter`` how many it stands for."""

    address: NameAddr
    reason: str = "unknown"
    counter: int = 1
    privacy: str = ""
    screen: str = ""
    limit: int | None = None

    def __str__(self) -> str:
        text = encode_display(self.address.display, self.address.uri) + encode_params({"reason": self.reason})
        if self.counter != 1:
            text += f";counter={self.counter}"
        if self.limit is not None:
            text += f";limit={self.limit}"
        if self.privacy:
            text += f";privacy={self.privacy}"
        return f"{text};screen={self.screen}" if self.screen else text


class HistoryEntry(msgspec.Struct, frozen=True, gc=False):
    """One target a call was sent to. ``index`` like (1, 2, 1); ``kind`` "rc", "mp", "np" or "" with ``origin`` the
    index it names. ``cause`` is of the target URI (RFC 4458), ``reason`` the escaped Reason header's text."""

    address: NameAddr
    index: tuple[int, ...]
    kind: str = ""
    origin: tuple[int, ...] = ()

    @property
    def cause(self) -> int | None:
        """Why the call came here: 302 unconditional, 486 busy, 408 no answer (RFC 4458); None when not said."""
        text = self.address.uri.params.get("cause") or ""
        return int(text) if text.isascii() and text.isdigit() and len(text) == 3 else None

    @property
    def reason(self) -> str:
        return self.address.uri.headers.get("Reason", "")

    @property
    def private(self) -> bool:
        """Whether this entry is not for untrusted parties (RFC 7044 §10.1.2)."""
        return "history" in self.address.uri.headers.get("Privacy", "").lower()

    def __str__(self) -> str:
        kind = f";{self.kind}={_dotted(self.origin)}" if self.kind else ""
        return f"{encode_display(self.address.display, self.address.uri)};index={_dotted(self.index)}{kind}"


def parse_diversion(text: str) -> Diversion:
    """Reads one Diversion value. Raises ``BadHeader``."""
    address = parse_name_addr(text)
    params = address.params
    counter, limit = params.get("counter"), params.get("limit")
    return Diversion(
        msgspec.structs.replace(address, params={}),
        (params.get("reason") or "unknown").lower(),
        1 if counter is None else parse_number(counter, "counter", maximum=99),
        (params.get("privacy") or "").lower(),
        (params.get("screen") or "").lower(),
        None if limit is None else parse_number(limit, "limit", maximum=99),
    )


def parse_history_entry(text: str) -> HistoryEntry:
    """Reads one History-Info value. Raises ``BadHeader``, also without index (RFC 7044 §5)."""
    address = parse_name_addr(text)
    params = address.params
    index = _parse_index(params.get("index"))
    kind = next((name for name in ("rc", "mp", "np") if name in params), "")
    origin = _parse_index(params[kind]) if kind else ()
    return HistoryEntry(msgspec.structs.replace(address, params={}), index, kind, origin)


def parse_history(text: str) -> list[HistoryEntry]:
    """Reads a comma-separated list. Raises ``BadHeader``."""
    return [parse_history_entry(part) for part in split_commas(text)]


def _parse_index(text: str | None) -> tuple[int, ...]:
    if text is None or _index.fullmatch(text) is None:
        raise BadHeader("bad History-Info index")
    parts = text.split(".")
    if len(parts) > _MAX_DEPTH:
        raise BadHeader("History-Info index is too deep")
    return tuple(parse_number(part, "index") for part in parts)


def _dotted(index: tuple[int, ...]) -> str:
    return ".".join(map(str, index))
