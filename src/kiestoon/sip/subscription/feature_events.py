"""Feature keys of phones (BroadWorks Device Feature Key Synchronization, event package "as-feature-event").

Whether calls are wanted, and where they are forwarded, is told to a phone and set by it.

The package is no RFC's; its documents are those of CSTA (ECMA-323), wherein the device is named and means nothing. A
phone sets something with the body of a SUBSCRIBE, and believes it once a NOTIFY says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal, TypeAlias, get_args

import msgspec

from kiestoon.sip.message import Request
from kiestoon.sip.subscription.xml import attribute, document, read, text

PACKAGE = "as-feature-event"
DOCUMENT_TYPE = "application/x-as-feature-event+xml"
CONTENT_TYPE = "multipart/mixed;boundary=feature"
"""Of a NOTIFY, which tells everything: one document for each feature."""
LONGEST_BODY: Final = 4096
MOST_RINGS: Final = 100

ForwardingType: TypeAlias = Literal["forwardImmediate", "forwardBusy", "forwardNoAns"]
FORWARDING_TYPES: Final[tuple[ForwardingType, ...]] = get_args(ForwardingType)
_BOUNDARY: Final = "--feature"
_NAMESPACE: Final = "http://www.ecma-international.org/standards/ecma-323/csta/ed3"
_LONGEST_NUMBER: Final = 64


class Forwarding(msgspec.Struct, frozen=True, gc=False):
    """Where calls go in a case: ``to`` as it would be dialled, "" for nowhere; ``rings`` before that, 0 = not said."""

    kind: ForwardingType
    to: str = ""
    rings: int = 0


class SetDoNotDisturb(msgspec.Struct, frozen=True, gc=False):
    """A phone's wish: no calls, or calls again."""

    on: bool


class SetForwarding(msgspec.Struct, frozen=True, gc=False):
    """A phone's wish: forward in a case, or no longer (``forwarding.to`` "")."""

    forwarding: Forwarding


Wish: TypeAlias = SetDoNotDisturb | SetForwarding


def encode_features(device: str, *, do_not_disturb: bool, forwardings: Iterable[Forwarding]) -> str:
    """The body of a NOTIFY."""
    documents = [_document("DoNotDisturbEvent", device, ("doNotDisturbOn", _flag(do_not_disturb)))]
    documents += [_forwarding_event(device, each) for each in forwardings]
    parts = [
        f"{_BOUNDARY}\r\nContent-Type: {DOCUMENT_TYPE}\r\nContent-Length: {len(each.encode())}\r\n\r\n{each}\r\n"
        for each in documents
    ]
    return "".join(parts) + f"{_BOUNDARY}--\r\n"


def parse_wish(request: Request) -> Wish | None:
    """What a SUBSCRIBE's body asks for; None for what cannot be read."""
    root = read(request.body, LONGEST_BODY) if request.content_type == DOCUMENT_TYPE else None
    if root is None:
        return None
    fields = {_local(each.tag): (each.text or "").strip() for each in root}
    if _local(root.tag) == "SetDoNotDisturb":
        on = _read_flag(fields.get("doNotDisturbOn"))
        return None if on is None else SetDoNotDisturb(on)
    return _read_forwarding(fields) if _local(root.tag) == "SetForwarding" else None


def _forwarding_event(device: str, told: Forwarding) -> str:
    fields = [("forwardingType", told.kind), ("forwardStatus", _flag(bool(told.to)))]
    if told.to:
        fields.append(("forwardTo", told.to))
    if told.rings:
        fields.append(("ringCount", str(told.rings)))
    return _document("ForwardingEvent", device, *fields)


def _document(name: str, device: str, *fields: tuple[str, str]) -> str:
    opening = f"<{name}{attribute('xmlns', _NAMESPACE)}>"
    parts = [f"<{field}>{text(value)}</{field}>" for field, value in (("device", device), *fields)]
    return document(opening, parts, f"</{name}>").decode()


def _flag(on: bool) -> str:
    return "true" if on else "false"


def _read_flag(value: str | None) -> bool | None:
    return {"true": True, "1": True, "false": False, "0": False}.get((value or "").lower())


def _read_forwarding(fields: dict[str, str]) -> SetForwarding | None:
    kind = next((known for known in FORWARDING_TYPES if known == fields.get("forwardingType")), None)
    on, to, rings = _read_flag(fields.get("activateForward")), fields.get("forwardDN", ""), fields.get("ringCount", "")
    if kind is None or on is None or len(to) > _LONGEST_NUMBER or (on and not to):
        return None
    number = int(rings) if rings.isascii() and rings.isdigit() and len(rings) <= len(str(MOST_RINGS)) else 0
    return SetForwarding(Forwarding(kind, to if on else "", min(number, MOST_RINGS)))


def _local(tag: str) -> str:
    """A tag without its namespace: phones write it in several ways."""
    return tag.rpartition("}")[2]
