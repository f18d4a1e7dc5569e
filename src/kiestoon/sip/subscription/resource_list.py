"""Lists of resources in one subscription (RFC 4662): the bodies of their NOTIFYs."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from kiestoon.sip.subscription.xml import attribute, document, text

OPTION = "eventlist"
CONTENT_TYPE = 'multipart/related;type="application/rlmi+xml";start="<list@kiestoon>";boundary=lines'
DOCUMENT_TYPE = "application/rlmi+xml"
_BOUNDARY = "--lines"


class Listed(msgspec.Struct, frozen=True, gc=False):
    """One resource: its URI, what it is called, and its state as a document of ``content_type``."""

    uri: str
    name: str
    content_type: str
    body: bytes


def encode_list(uri: str, version: int, listed: Iterable[Listed]) -> bytes:
    """The whole list with every resource's state."""
    resources, parts = [], []
    for number, each in enumerate(listed, 1):
        cid = f"{number}@kiestoon"
        instance = f'<instance id="{number}" state="active"{attribute("cid", cid)}/>'
        name = f"<name>{text(each.name)}</name>" if each.name else ""
        resources.append(f"<resource{attribute('uri', each.uri)}>{name}{instance}</resource>")
        parts.append(_part(cid, each.content_type, each.body))
    opening = (
        f'<list xmlns="urn:ietf:params:xml:ns:rlmi"{attribute("uri", uri)}{attribute("version", str(version))}'
        ' fullState="true">'
    )
    index = _part("list@kiestoon", DOCUMENT_TYPE, document(opening, resources, "</list>"))
    return b"".join((index, *parts, f"{_BOUNDARY}--\r\n".encode()))


def _part(cid: str, content_type: str, body: bytes) -> bytes:
    head = (
        f"{_BOUNDARY}\r\nContent-Transfer-Encoding: binary\r\nContent-ID: <{cid}>\r\n"
        f'Content-Type: {content_type};charset="UTF-8"\r\n\r\n'
    )
    return head.encode() + body + b"\r\n"
