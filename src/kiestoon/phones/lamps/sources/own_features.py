"""What the person on a phone has switched on for the own calls, as that phone's keys show it (REACH-1, V 7)."""

from __future__ import annotations

from typing import Final

from kiestoon.company.directory import CompanyIndex
from kiestoon.company.model import Device, Forward, ForwardCase, User
from kiestoon.phones.lamps.sources.mailboxes import NOBODYS
from kiestoon.phones.lamps.state import State, View
from kiestoon.routing.at_rest import next_change_ms, wants_no_calls
from kiestoon.routing.context import meant
from kiestoon.sip.subscription.feature_events import Forwarding, ForwardingType

FEATURES = "features"
CASES: Final[dict[ForwardingType, ForwardCase]] = {
    "forwardImmediate": "always",
    "forwardBusy": "busy",
    "forwardNoAns": "no_answer",
}
VOICEMAIL: Final = "voicemail"
"""Told as the number where the company has no code for one's own voicemail."""


class OwnFeatures:
    """Keys are user ids: what a phone shows is its person's, and the next one's as soon as somebody else is on it."""

    kind = FEATURES

    def find(self, index: CompanyIndex, device: Device, name: str) -> str:
        """By the phone's login or the person's extension; nobody else's."""
        user = index.user_of(device)
        if name and name != device.username and (user is None or name != user.extension):
            return ""
        return str(user.id) if user is not None else NOBODYS

    def view(self, index: CompanyIndex, viewer: int | None, key: str) -> View:
        """One's own, and those of a phone with nobody on it: none."""
        return View(calls=key == NOBODYS or key == str(viewer))

    def state(self, index: CompanyIndex, key: str, now_ms: int) -> State | None:
        """As calls find it now."""
        if key == NOBODYS:
            return State(forwardings=tuple(map(Forwarding, CASES)))
        user = index.users.get(int(key))
        if user is None:
            return None
        return State(
            do_not_disturb=wants_no_calls(index, user, now_ms),
            forwardings=tuple(_forwarding(index, user, kind) for kind in CASES),
            until_ms=next_change_ms(index, user, now_ms) or 0,
        )


def _forwarding(index: CompanyIndex, user: User, kind: ForwardingType) -> Forwarding:
    """That of all calls, whichever number of the person's was called."""
    rows = index.arrangements.forwards.get(user.extension, ())
    row = next((row for row in rows if row.case == CASES[kind] and not row.own_number), None)
    to = _number(index, user, row) if row is not None else ""
    return Forwarding(kind, to, row.rings if row is not None and to and row.case == "no_answer" else 0)


def _number(index: CompanyIndex, user: User, row: Forward) -> str:
    """Where to, as the person would dial it."""
    to = meant(user, row.to)
    if to and to.kind != "voicemail":
        return to.target or to.kind
    if not to and not row.voicemail:
        return ""
    box = to.target or user.extension
    straight = index.arrangements.code_of("voicemail_box")
    if straight:
        return straight + box
    return index.arrangements.code_of("voicemail") or VOICEMAIL if box == user.extension else box


def is_own_voicemail(index: CompanyIndex, user: User, number: str) -> bool:
    """Whether a number a phone forwards to is how ``_number`` tells the person's own voicemail."""
    straight = index.arrangements.code_of("voicemail_box")
    own = {VOICEMAIL, index.arrangements.code_of("voicemail"), straight and straight + user.extension}
    return bool(number) and number in own
