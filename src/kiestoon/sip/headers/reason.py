"""Why things happen and what comes next: Reason (RFC 3326), Retry-After, Warning, Alert-Info (RFC 3261 §20)."""

from __future__ import annotations

import re

import msgspec

from kiestoon.sip.headers.grammar import (
    QUOTED,
    TOKEN,
    BadHeader,
    encode_params,
    is_token,
    parse_number,
    parse_params,
    quote,
    readable,
    split_commas,
    split_params,
    unquote,
)

_retry = re.compile(r"[ \t]*([0-9]{1,10})(?:[ \t]*\([^()]*\))?[ \t]*(?=;|$)", re.ASCII)
_warning = re.compile(rf"[ \t]*([0-9]{{3}})[ \t]+([^ \t]+)[ \t]+({QUOTED})[ \t]*", re.DOTALL)
_alert = re.compile(r"[ \t]*<([^<>]*)>", re.ASCII)
_protocol_cause = re.compile(rf"{TOKEN}", re.ASCII)

ANSWERED_ELSEWHERE = 'SIP;cause=200;text="Call completed elsewhere"'
"""The Reason of a CANCEL that must not leave a missed call behind (RFC 3326 §3.1)."""


class Reason(msgspec.Struct, frozen=True, gc=False):
    """``protocol`` in upper case ("SIP", "Q.850"); ``cause`` a status or Q.850 cause, None when absent."""

    protocol: str
    cause: int | None = None
    text: str = ""

    def __str__(self) -> str:
        cause = "" if self.cause is None else f";cause={self.cause}"
        return f"{self.protocol}{cause}{f';text={quote(self.text)}' if self.text else ''}"


class RetryAfter(msgspec.Struct, frozen=True, gc=False):
    """``duration_s``: for how long the callee will then be reachable, None when not said."""

    delay_s: int
    duration_s: int | None = None

    def __str__(self) -> str:
        return f"{self.delay_s}" if self.duration_s is None else f"{self.delay_s};duration={self.duration_s}"


class SipWarning(msgspec.Struct, frozen=True, gc=False):
    """``code`` 3xx (RFC 3261 §20.43), ``agent`` who warns, ``text`` for people."""

    code: int
    agent: str
    text: str

    def __str__(self) -> str:
        return f"{self.code:03d} {self.agent} {quote(self.text)}"


class AlertInfo(msgspec.Struct, frozen=True, gc=False):
    """A ring tone: a URI or a URN (RFC 7462) as text, with parameters such as ``info`` or ``appearance``."""

    uri: str
    params: dict[str, str | None] = {}

    def __str__(self) -> str:
        return f"<{self.uri}>{encode_params(self.params)}"


def parse_reason(text: str) -> Reason:
    """Reads one Reason value. Raises ``BadHeader``."""
    protocol, params = split_params(text)
    if _protocol_cause.fullmatch(protocol) is None:
        raise BadHeader("Reason without protocol")
    cause = params.get("cause")
    return Reason(
        protocol.upper(),
        None if cause is None else parse_number(cause, "cause"),
        readable(params.get("text") or ""),
    )


def parse_reasons(text: str) -> list[Reason]:
    """Reads a comma-separated list. Raises ``BadHeader``."""
    return [parse_reason(part) for part in split_commas(text)]


def parse_retry_after(text: str) -> RetryAfter:
    """Raises ``BadHeader``. The comment is skipped."""
    found = _retry.match(text)
    if found is None:
        raise BadHeader("bad Retry-After")
    duration = parse_params(text[found.end() :]).get("duration")
    return RetryAfter(
        parse_number(found[1], "Retry-After"), None if duration is None else parse_number(duration, "duration")
    )


def parse_warning(text: str) -> SipWarning:
    """Reads one Warning value. Raises ``BadHeader``."""
    found = _warning.fullmatch(text)
    if found is None:
        raise BadHeader("bad Warning")
    return SipWarning(int(found[1]), found[2], readable(unquote(found[3])))


def parse_alert_info(text: str) -> AlertInfo:
    """Reads one Alert-Info value. Raises ``BadHeader``."""
    found = _alert.match(text)
    if found is None:
        raise BadHeader("bad Alert-Info")
    return AlertInfo(found[1], parse_params(text[found.end() :]))


def parse_tokens_strict(text: str) -> list[str]:
    """A list in which every element must be a token (Require). Raises ``BadHeader``."""
    parts = split_commas(text)
    if not all(map(is_token, parts)):
        raise BadHeader("not a list of tokens")
    return parts
