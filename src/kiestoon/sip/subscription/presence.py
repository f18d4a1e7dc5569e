"""Presence bodies (RFC 3856): PIDF (RFC 3863) with RPID activities (RFC 4480)."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from kiestoon.sip.subscription.xml import attribute, document, text

CONTENT_TYPE = "application/pidf+xml"
PACKAGE = "presence"

Activity: TypeAlias = Literal["", "on-the-phone", "busy", "away", "meeting", "vacation", "holiday", "lunch"]


class Presence(msgspec.Struct, frozen=True, gc=False):
    """What a watcher sees of a presentity (its URI is ``entity``): reachable or not, doing what, with which words."""

    entity: str
    open: bool
    activity: Activity = ""
    note: str = ""
    contact: str = ""

    def encode(self) -> bytes:
        """The body."""
        opening = (
            '<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:dm="urn:ietf:params:xml:ns:pidf:data-model"'
            f' xmlns:rpid="urn:ietf:params:xml:ns:pidf:rpid"{attribute("entity", self.entity)}>'
        )
        basic = "open" if self.open else "closed"
        contact = f"<contact>{text(self.contact)}</contact>" if self.contact else ""
        note = f"<note>{text(self.note)}</note>" if self.note else ""
        parts = [f'<tuple id="main"><status><basic>{basic}</basic></status>{contact}</tuple>{note}']
        if self.activity:
            activities = f"<rpid:activities><rpid:{self.activity}/></rpid:activities>"
            parts.append(f'<dm:person id="who">{activities}</dm:person>')
        return document(opening, parts, "</presence>")
