"""Who somebody is, and who may know: Privacy (RFC 3323), P-Asserted-Identity and P-Preferred-Identity (RFC 3325)."""

from __future__ import annotations

from kiestoon.sip.headers.address import NameAddr, parse_name_addr
from kiestoon.sip.headers.grammar import BadHeader, is_token
from kiestoon.sip.message import Message
from kiestoon.sip.uri import Uri

ANONYMOUS = NameAddr("Anonymous", Uri("sip", "anonymous", host="anonymous.invalid"))
"""The From of a caller who withholds the number (RFC 3323 §4.1.1.3)."""
HIDE_IDENTITY = "id"
"""The Privacy value that keeps P-Asserted-Identity from whoever is not trusted (RFC 3325 §9.3)."""


def parse_privacy(text: str) -> frozenset[str]:
    """The priv-values in lower case ("header", "session", "user", "none", "critical", "id", "history", unknown ones).

    RFC 3323 separates them with ";"; commas are seen in practice and taken as well. Raises ``BadHeader``.
    """
    values = [part.strip(" \t").lower() for part in text.replace(",", ";").split(";")]
    if not all(map(is_token, values)):
        raise BadHeader("bad Privacy")
    return frozenset(values)


def privacy_of(message: Message) -> frozenset[str]:
    """What a message asks for. A Privacy header that cannot be read hides everything it could have named: the mistake
    must not reveal anybody."""
    asked: set[str] = set()
    for value in message.all("Privacy"):
        try:
            asked |= parse_privacy(value)
        except BadHeader:
            return frozenset({"id", "user", "header", "history"})
    return frozenset(asked)


def is_private(message: Message) -> bool:
    """Whether the identity must be kept from untrusted parties (RFC 3325 §7)."""
    asked = privacy_of(message)
    return "none" not in asked and not asked.isdisjoint({"id", "user", "header"})


def asserted_identities(message: Message) -> list[NameAddr]:
    """The P-Asserted-Identity values: at most one SIP or SIPS and one tel URI (RFC 3325 §9.1); others are ignored.
    Only of interest from a trusted peer, who is the caller's to judge."""
    return _identities(message, "P-Asserted-Identity")


def preferred_identities(message: Message) -> list[NameAddr]:
    """The P-Preferred-Identity values (RFC 3325 §9.2), limited in the same way."""
    return _identities(message, "P-Preferred-Identity")


def _identities(message: Message, name: str) -> list[NameAddr]:
    found: dict[str, NameAddr] = {}
    for value in message.all(name):
        try:
            address = parse_name_addr(value)
        except BadHeader:
            continue
        kind = "sip" if address.uri.is_sip else address.uri.scheme
        if kind in {"sip", "tel"}:
            found.setdefault(kind, address)
    return list(found.values())
