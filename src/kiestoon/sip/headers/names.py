"""Header names: one spelling per header, compact forms, and which headers are comma-separated lists."""

from __future__ import annotations

COMPACT: dict[str, str] = {
    "a": "Accept-Contact",
    "b": "Referred-By",
    "c": "Content-Type",
    "d": "Request-Disposition",
    "e": "Content-Encoding",
    "f": "From",
    "i": "Call-ID",
    "j": "Reject-Contact",
    "k": "Supported",
    "l": "Content-Length",
    "m": "Contact",
    "n": "Identity-Info",
    "o": "Event",
    "r": "Refer-To",
    "s": "Subject",
    "t": "To",
    "u": "Allow-Events",
    "v": "Via",
    "x": "Session-Expires",
    "y": "Identity",
}
"""The compact forms registered with IANA (RFC 3261 §7.3.3 and the extensions that define their own)."""

LISTS: frozenset[str] = frozenset(
    """
    Accept Accept-Contact Accept-Encoding Accept-Language Accept-Resource-Priority Alert-Info Allow Allow-Events
    Call-Info Contact Content-Encoding Content-Language Diversion Error-Info Geolocation History-Info In-Reply-To
    P-Asserted-Identity P-Associated-URI P-Early-Media P-Preferred-Identity Path Permission-Missing Proxy-Require Reason
    Record-Route Recv-Info Reject-Contact Request-Disposition Require Resource-Priority Route Security-Client
    Security-Server Security-Verify Service-Route Supported Trigger-Consent Unsupported Via Warning
    """.split()  # noqa: SIM905 - forty names read better as text
)
"""Headers whose values may be joined with commas (RFC 3261 §7.3.1). Credentials and challenges are not among them,
and a header we do not know is never split: its commas may mean anything (RFC 4475 §3.1.1.1)."""

_OTHERS = """
    Answer-Mode Authentication-Info Authorization CSeq Call-ID Content-Disposition Content-ID Content-Length
    Content-Type Date Event Expires Flow-Timer From Identity Identity-Info Info-Package Max-Breadth Max-Forwards
    MIME-Version Min-Expires Min-SE Organization P-Access-Network-Info P-Charging-Vector Priority Privacy
    Proxy-Authenticate
    Proxy-Authorization RAck RSeq Refer-Sub Refer-To Referred-By Remote-Party-ID Replaces Reply-To Retry-After SIP-ETag
    SIP-If-Match Server Session-Expires Session-ID Subject Subscription-State Target-Dialog Timestamp To User-Agent
    User-to-User WWW-Authenticate
""".split()  # noqa: SIM905 - as above

_BY_LOWER: dict[str, str] = {name.lower(): name for name in (*LISTS, *_OTHERS)} | COMPACT

KNOWN: dict[str, str] = dict(_BY_LOWER)
"""Spelling → canonical name, for the spellings seen in practice; ``canonical`` covers the rest."""
for _lower, _name in _BY_LOWER.items():
    for _spelling in (_name, _lower.upper(), "-".join(part.capitalize() for part in _lower.split("-"))):
        KNOWN[_spelling] = _name


def canonical(name: str) -> str | None:
    """The canonical long form of a known header name in any case or compact form; None for headers we do not know."""
    return KNOWN.get(name) or _BY_LOWER.get(name.lower())
