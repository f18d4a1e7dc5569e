"""What every UAS checks before it looks at what a request wants (RFC 3261 §8.2.1-§8.2.3)."""

from __future__ import annotations

from typing import TypeAlias

from kiestoon.sip.message import Request
from kiestoon.sip.session.body import UnsupportedBody, session_description

Refusal: TypeAlias = tuple[int, list[tuple[str, str]]]
"""A status and the headers that go with it."""

IN_DIALOG_ONLY = frozenset({"BYE", "PRACK", "UPDATE", "INFO"})
ELSEWHERE = frozenset({"REGISTER", "SUBSCRIBE", "PUBLISH"})
"""Methods that are understood, though not listed for sessions."""
PASSED_ON = frozenset({"INVITE", "MESSAGE", "REFER", "SUBSCRIBE"})
"""What an exchange passes on to somebody else, so that a loop through it must come to an end (RFC 7332)."""
SCHEMES = frozenset({"sip", "sips", "tel"})


def refusal(
    request: Request, methods: frozenset[str], options: frozenset[str], elsewhere: frozenset[str]
) -> Refusal | None:
    """Why a request is refused whoever sent it, None when it is fine.

    ``methods`` and ``options`` are what sessions support; ``elsewhere`` are further option tags understood in
    requests other than INVITE (those of registration).
    """
    method = request.method
    if method not in methods and method not in ELSEWHERE:
        return 501, [("Allow", ", ".join(sorted(methods)))]
    if request.target.scheme not in SCHEMES:
        return 416, []
    if request.max_forwards == 0 and method in PASSED_ON and not request.to.tag:
        return 483, []
    if request.has("Require"):
        unknown = request.required - (options if method == "INVITE" else options | elsewhere)
        if unknown:
            return 420, [("Unsupported", ", ".join(sorted(unknown)))]
    if method == "INVITE":
        return _refuse_invite(request)
    return None


def _refuse_invite(request: Request) -> Refusal | None:
    if not request.contacts or request.contacts[0].star:
        return 400, []
    if (request.get("Content-Encoding") or "identity").strip().lower() != "identity":
        return 415, [("Accept-Encoding", "identity")]
    try:
        session_description(request)
    except UnsupportedBody:
        return 415, [("Accept", "application/sdp")]
    return None
