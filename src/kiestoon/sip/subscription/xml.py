"""Just enough XML for event bodies, written and read: what comes from the network is escaped, or distrusted, here."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable

# XML 1.0 §2.2: characters no escape can carry.
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def text(value: str) -> str:
    """``value`` as character data."""
    return _FORBIDDEN.sub("", value).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def attribute(name: str, value: str) -> str:
    """`` name="value"`` with the leading space."""
    escaped = text(value).replace('"', "&quot;").replace("\t", "&#9;").replace("\n", "&#10;").replace("\r", "&#13;")
    return f' {name}="{escaped}"'


def document(opening: str, parts: Iterable[str], closing: str) -> bytes:
    """A whole document in UTF-8."""
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{opening}{"".join(parts)}{closing}\n'.encode()


def read(body: bytes, longest: int) -> ET.Element | None:
    """The root of a document of at most ``longest`` bytes; None for what is none.

    A document type is refused before anything is parsed: without one there are no entities to expand.
    """
    if len(body) > longest:
        return None
    seen = body.decode("utf-8", "replace")
    if "<!DOCTYPE" in seen or "<!ENTITY" in seen or "\0" in seen:  # or both in UTF-16
        return None
    try:
        return ET.fromstring(body)  # noqa: S314 - see above; bytes, as a document says its encoding itself
    except (ET.ParseError, ValueError, LookupError):
        return None
