"""Presence bodies (RFC 3856): PIDF (RFC 3863) with RPID activities (RFC 4480)."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias, get_args

import msgspec

from kiestoon.sip.subscription.xml import attribute, document, text

CONTENT_TYPE = "application/pidf+xml"
PACKAGE = "presence"

Activity: TypeAlias = Literal["", "on-the-phone", "busy", "away", "meeting", "vacation", "holiday", "lunch"]
ACTIVITIES: Final[tuple[Activity, ...]] = get_args(Activity)[1:]


class Presence(msgspec.Struct, frozen=True, gc=False):
    """What a watcher sees of a presentity: reachable or not, doing what, with which words."""

    open: bool
    activity: Activity = ""
    note: str = ""
    contact: str = ""

    def encode(self, entity: str) -> bytes:
        """The body. ``entity`` is the presentity's URI."""
        return wrap_presence(entity, 0, self.encode_state())

    def encode_state(self) -> str:
        """The part of a body that is the same for every watcher with the same rights, for ``wrap_presence``."""
        basic = "open" if self.open else "closed"
        contact = f"<contact>{text(self.contact)}</contact>" if self.contact else ""
        note = f"<note>{text(self.note)}</note>" if self.note else ""
        state = f'<tuple id="main"><status><basic>{basic}</basic></status>{contact}</tuple>{note}'
        if self.activity:
            activities = f"<rpid:activities><rpid:{self.activity}/></rpid:activities>"
            state += f'<dm:person id="who">{activities}</dm:person>'
        return state


def wrap_presence(entity: str, _version: int, state: str) -> bytes:
    """The body around what ``Presence.encode_state`` made; PIDF has no version."""
    opening = (
        '<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:dm="urn:ietf:params:xml:ns:pidf:data-model"'
        f' xmlns:rpid="urn:ietf:params:xml:ns:pidf:rpid"{attribute("entity", entity)}>'
    )
    return document(opening, (state,), "</presence>")
