"""Just enough XML to write event bodies: names come from the network and are escaped here, at the one place."""

from __future__ import annotations

import re
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
