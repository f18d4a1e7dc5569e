"""Reads the torture messages from their text files into the exact bytes of the wire."""

from __future__ import annotations

import re
from pathlib import Path

_HERE = Path(__file__).parent
_repeat = re.compile(rb"<repeat count=(\d+)>(.*?)</repeat>", re.DOTALL)
_hex = re.compile(rb"<hex>([0-9A-Fa-f]+)</hex>")
_one_line = re.compile(rb"<allOneLine>\r\n(.*?)\r\n</allOneLine>", re.DOTALL)


def load(file: str) -> dict[str, bytes]:
    """name → message, in the order of the document."""
    messages: dict[str, bytes] = {}
    data = (_HERE / file).read_bytes().replace(b"\n", b"\r\n")
    for part in re.split(rb"(?m)^@@ ", data)[1:]:
        title, _, text = part.partition(b"\r\n")
        messages[title.split()[1].decode()] = _expand(text)
    return messages


def _expand(text: bytes) -> bytes:
    text = _repeat.sub(lambda m: m[2] * int(m[1]), text)
    text = _one_line.sub(lambda m: m[1].replace(b"\r\n", b""), text)
    return _hex.sub(lambda m: bytes.fromhex(m[1].decode()), text)


RFC4475 = load("rfc4475.txt")
RFC5118 = load("rfc5118.txt")
