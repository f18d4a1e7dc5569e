"""Via (RFC 3261 §20.42, rport of RFC 3581)."""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec

from kiestoon.sip.headers.grammar import TOKEN, BadHeader, encode_params, parse_params

_via = re.compile(
    rf"[ \t]*SIP[ \t]*/[ \t]*2\.0[ \t]*/[ \t]*({TOKEN})[ \t]+"
    r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?:[ \t]*:[ \t]*([0-9]{1,5}))?[ \t]*(?=;|$)",
    re.ASCII | re.IGNORECASE,
)
_plain = re.compile(r"SIP/2\.0/(UDP|TCP|TLS|WSS?) ([A-Za-z0-9.-]+)(?::([0-9]{1,5}))?(?=;|$)", re.ASCII)
_branch = re.compile(rf"(rport;)?branch=({TOKEN})(;rport)?", re.ASCII)
"""The parameters nearly every Via has."""
_KEPT_LENGTH = 120
MAGIC_COOKIE = "z9hG4bK"


class Via(msgspec.Struct, frozen=True, gc=False):
    """One hop. ``transport`` in upper case ("UDP", "TCP", "TLS", "WS", "WSS", or unknown ones); ``host`` in lower case,
    IPv6 without brackets; ``port`` None when absent; ``params`` names in lower case, None for a flag."""

    transport: str
    host: str
    port: int | None = None
    params: dict[str, str | None] = {}

    @property
    def branch(self) -> str:
        """The branch parameter, "" when absent (RFC 2543)."""
        return self.params.get("branch") or ""

    @property
    def is_rfc3261(self) -> bool:
        """Whether the branch identifies the transaction (RFC 3261 §8.1.1.7): the cookie and something after it."""
        branch = self.params.get("branch") or ""
        return len(branch) > 7 and branch[:7].lower() == "z9hg4bk"

    @property
    def received(self) -> str:
        """The received parameter without brackets (RFC 5118 §4.5), "" when absent."""
        return (self.params.get("received") or "").strip("[]")

    @property
    def rport(self) -> int | None:
        """The value of rport (RFC 3581); None when absent, empty or not a port."""
        text = self.params.get("rport") or ""
        if not (text.isascii() and text.isdigit() and len(text) <= 5):
            return None
        port = int(text)
        return port if 0 < port <= 65535 else None

    def with_params(self, **params: str | None) -> Via:
        return msgspec.structs.replace(self, params={**self.params, **params})

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port is None else f":{self.port}"
        return f"SIP/2.0/{self.transport} {host}{port}{encode_params(self.params)}"


def parse_via(text: str) -> Via:
    """Reads one Via value. Raises ``BadHeader``."""
    hop, mark, rest = text.partition(";")
    if mark and len(hop) <= _KEPT_LENGTH and (found := _branch.fullmatch(rest)):
        transport, host, port = _known_hop(hop)
        first, branch, last = found.groups()
        params: dict[str, str | None] = {"branch": branch, "rport": None} if first or last else {"branch": branch}
        return Via(transport, host, port, params)
    return Via(*_parse_hop(text))


def _parse_hop(text: str) -> tuple[str, str, int | None, dict[str, str | None]]:
    host6: str | None = None
    found = _plain.match(text)
    if found is not None:
        transport, host, port_text = found.groups()
    else:
        found = _via.match(text)
        if found is None:
            raise BadHeader(f"bad Via: {text[:60]!r}")
        transport, host6, host, port_text = found.groups()
    port = None
    if port_text is not None:
        port = int(port_text)
        if port > 65535:
            raise BadHeader("Via port above 65535")
    end = found.end()
    params = parse_params(text[end:]) if end < len(text) else {}
    return transport.upper(), (host6 or host).lower(), port, params


@lru_cache(1024)
def _known_hop(text: str) -> tuple[str, str, int | None]:
    """Transport, host and port: the same in all messages of a peer."""
    return _parse_hop(text)[:3]
