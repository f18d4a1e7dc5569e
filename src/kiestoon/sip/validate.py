"""What a user agent checks in a request before it acts on it (RFC 3261 §8.2): pure functions for every core.

``parse_message`` has already refused what cannot be read; here are the refusals that depend on what we support.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet

import msgspec

from kiestoon.sip.headers.grammar import BadHeader, split_params
from kiestoon.sip.headers.timers import parse_max_breadth
from kiestoon.sip.message import Request, Response

KNOWN_METHODS = frozenset(
    {
        "INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "REGISTER", "PRACK", "UPDATE", "INFO", "SUBSCRIBE", "NOTIFY",
        "REFER", "MESSAGE", "PUBLISH",
    }
)  # fmt: skip
"""Methods of RFC 3261 and its extensions."""
_NEEDS_CONTACT = frozenset({"INVITE", "SUBSCRIBE", "REFER", "UPDATE"})


class Supports(msgspec.Struct, frozen=True, gc=False):
    """What an element understands. ``options``: option tags in lower case; ``body_types``: media types in lower case,
    empty = any; ``answer_types``: what our answers to an INVITE consist of; ``schemes`` of the Request-URI."""

    methods: frozenset[str]
    options: frozenset[str] = frozenset()
    schemes: frozenset[str] = frozenset({"sip", "sips", "tel"})
    body_types: frozenset[str] = frozenset()
    answer_types: frozenset[str] = frozenset({"application/sdp"})


def check_request(request: Request, supports: Supports, *, forwarding: bool = False) -> Response | None:
    """The response that refuses ``request``, None when it may be processed. Nothing refuses an ACK.

    ``forwarding``: the request would be passed on, so Max-Forwards, Max-Breadth and Proxy-Require count. In RFC 3261's
    order: method, Request-URI, limits, extensions, content.
    """
    if request.method == "ACK":
        return None
    if request.method not in supports.methods:
        # 501 is for methods nobody knows, 405 for those we know but do not take (§21.4.6, §21.5.2).
        refusal = Response.answer(request, 405 if request.method in KNOWN_METHODS else 501)
        refusal.set("Allow", ", ".join(sorted(supports.methods)))
        return refusal
    return (
        _check_target(request, supports)
        or (_check_limits(request) if forwarding else None)
        or _check_options(request, supports.options, forwarding)
        or _check_contact(request)
        or _check_content(request, supports)
    )


def check_response(response: Response) -> bool:
    """Whether a response is for us: exactly one Via is left by the time it is back (§8.1.3.3; RFC 4475 §3.3.10)."""
    return len(response.all("Via")) == 1


def _check_target(request: Request, supports: Supports) -> Response | None:
    target = request.target
    if target.scheme not in supports.schemes:
        return Response.answer(request, 416)
    if target.headers or "method" in target.params:
        # Neither may stand in a Request-URI (§19.1.1 table 1); they could smuggle a Route (RFC 4475 §3.1.2.11).
        return Response.answer(request, 400, "Request-URI with headers or method")
    return None


def _check_limits(request: Request) -> Response | None:
    if request.max_forwards == 0:
        return Response.answer(request, 483)
    breadth = request.get("Max-Breadth")
    if breadth is None:
        return None
    try:
        if parse_max_breadth(breadth) > 0:
            return None
    except BadHeader:
        return Response.answer(request, 400, "Bad Max-Breadth")
    return Response.answer(request, 440)  # RFC 5393 §5.3.3


def _check_options(request: Request, options: AbstractSet[str], forwarding: bool) -> Response | None:
    if request.method == "CANCEL":
        return None  # §8.2.2.3: Require is ignored there
    names = ("Require", "Proxy-Require") if forwarding else ("Require",)
    wanted = [tag for name in names if request.has(name) for tag in request.all(name) if tag]
    unsupported = [tag for tag in wanted if tag.lower() not in options]
    if not unsupported:
        return None
    refusal = Response.answer(request, 420)
    for tag in dict.fromkeys(unsupported):
        refusal.add("Unsupported", tag)
    return refusal


def _check_contact(request: Request) -> Response | None:
    contacts = request.contacts
    if request.method == "REGISTER":
        if any(contact.star for contact in contacts):
            alone = len(contacts) == 1 and request.get("Expires") == "0"
            return None if alone else Response.answer(request, 400, "Contact * needs to be alone with Expires 0")
        wrong = any(contact.uri.scheme not in {"sip", "sips", "tel", "mailto"} for contact in contacts)
        return Response.answer(request, 400, "Contact with unknown scheme") if wrong else None
    if any(contact.star for contact in contacts):
        return Response.answer(request, 400, "Contact * outside REGISTER")
    if request.method in _NEEDS_CONTACT and len(contacts) > 1:
        return Response.answer(request, 400, "More than one Contact")
    return None


def _check_content(request: Request, supports: Supports) -> Response | None:
    if request.body and supports.body_types:
        encoding = (request.get("Content-Encoding") or "identity").lower()
        if encoding != "identity":
            refusal = Response.answer(request, 415)
            refusal.set("Accept-Encoding", "identity")
            return refusal
        if request.content_type not in supports.body_types and not _is_optional(request):
            refusal = Response.answer(request, 415)
            refusal.set("Accept", ", ".join(sorted(supports.body_types)))
            return refusal
    if request.method == "INVITE" and request.has("Accept") and not _accepts(request, supports.answer_types):
        return Response.answer(request, 406)
    return None


def _is_optional(request: Request) -> bool:
    """Whether the body may be ignored (Content-Disposition with handling=optional, §20.11)."""
    value = request.get("Content-Disposition")
    if value is None:
        return False
    try:
        return (split_params(value)[1].get("handling") or "").lower() == "optional"
    except BadHeader:
        return False


def _accepts(request: Request, types: AbstractSet[str]) -> bool:
    """Whether Accept names one of ``types``, also by a wildcard. An empty Accept accepts nothing (§20.1)."""
    for value in request.all("Accept"):
        kind = value.partition(";")[0].strip(" \t").lower()
        if kind in types or kind == "*/*" or (kind.endswith("/*") and any(t.startswith(kind[:-1]) for t in types)):
            return True
    return False
