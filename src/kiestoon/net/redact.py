"""Taking secrets out of SIP messages before they are kept or shown."""

from __future__ import annotations

import re

_AUTHORIZATION = re.compile(
    rb"^((?:Proxy-)?Authorization[ \t]*:)((?:[^\r\n]|\r\n[ \t])*)", re.IGNORECASE | re.MULTILINE
)
_RESPONSE = re.compile(rb'\b(response|password)([ \t]*=[ \t]*)(?:"[^"\r\n]*"|[^\s,"]+)', re.IGNORECASE)
_BASIC = re.compile(rb"^([ \t]*(?:Basic|Bearer)[ \t]+)[^\r\n]+", re.IGNORECASE)
_INLINE = re.compile(rb"(inline:)[A-Za-z0-9+/=]+", re.IGNORECASE)
HIDDEN = b"***"


def has_secrets(data: bytes) -> bool:
    """Whether one message, or many in a row, may hold anything for ``redact``."""
    lower = data.lower()  # a plain search in a copy is ten times as fast as a pattern that ignores case
    return b"authorization" in lower or b"inline:" in lower


def redact(data: bytes) -> bytes:
    """The message without digest responses, passwords, tokens and SRTP master keys (RFC 4568 ``inline:``)."""
    if not has_secrets(data):
        return data
    data = _AUTHORIZATION.sub(_hide_credentials, data)
    return _INLINE.sub(rb"\1" + HIDDEN, data)


def _hide_credentials(found: re.Match[bytes]) -> bytes:
    value = _RESPONSE.sub(rb'\1\2"' + HIDDEN + b'"', found.group(2))
    return found.group(1) + _BASIC.sub(rb"\1" + HIDDEN, value)
