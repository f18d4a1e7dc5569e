"""What a lamp shows: plain values, compared to find out whether anybody has to be told."""

from __future__ import annotations

from typing import Literal, Protocol, TypeAlias

import msgspec

from kiestoon.company.directory import CompanyIndex
from kiestoon.company.model import Device, PresenceStatus
from kiestoon.sip.subscription.feature_events import Forwarding
from kiestoon.sip.subscription.presence import Activity

LINES = "lines"
"""The kind of source whose states are lists of others' (``State.lines``)."""
Phase: TypeAlias = Literal["trying", "early", "confirmed"]
Direction: TypeAlias = Literal["initiator", "recipient"]


class Seen(msgspec.Struct, frozen=True, gc=False):
    """A party as watchers may see it; both empty: unknown or withheld."""

    number: str = ""
    name: str = ""


class Appearance(msgspec.Struct, frozen=True, gc=False):
    """One call at what is watched. ``direction`` is seen from there: "recipient" was called.

    ``line`` is what was called, or who calls; ``party`` the other side. ``held``: put on hold from here. ``dialog``
    names the SIP dialog of the phone here for Replaces (RFC 3891): Call-ID, the phone's tag, our tag; () for none.
    """

    id: str
    phase: Phase
    direction: Direction
    line: Seen = Seen()
    party: Seen = Seen()
    held: bool = False
    dialog: tuple[str, str, str] | tuple[()] = ()

    @property
    def rings(self) -> bool:
        """Whether somebody else could take the call."""
        return self.phase == "early" and self.direction == "recipient"


class Published(msgspec.Struct, frozen=True, gc=False):
    """What a phone says of its user: reachable or not, doing what, with which words."""

    open: bool
    activity: Activity = ""
    note: str = ""


class State(msgspec.Struct, frozen=True, gc=False):
    """All there is to show. What does not apply keeps its default.

    ``lit``: the lamp is on without a call, with these words in English and Dutch (a night mode that is on).
    ``do_not_disturb``, ``forwarded`` are services the person has switched on; ``status``, ``note`` and ``back`` (a
    time, on the person's clock) what the person has set about being there, ``status_forwarded``: and calls go elsewhere
    meanwhile. ``reachable``: a phone is registered. ``published``: what a phone says.
    ``counts`` are a mailbox's (new, old, urgent new, urgent old), ``forwardings`` what keys of the own phone show,
    ``lines`` those of a list. ``until_ms``: when, on the wall clock, it will change
    by itself; 0 = not foreseeable.
    """

    appearances: tuple[Appearance, ...] = ()
    lit: tuple[str, str] | tuple[()] = ()
    do_not_disturb: bool = False
    forwarded: bool = False
    status: PresenceStatus = "office"
    status_forwarded: bool = False
    note: str = ""
    back: str = ""
    published: Published | None = None
    reachable: bool = True
    counts: tuple[int, int, int, int] | tuple[()] = ()
    forwardings: tuple[Forwarding, ...] = ()
    lines: tuple[Line, ...] = ()
    until_ms: int = 0


class View(msgspec.Struct, frozen=True, gc=False):
    """What one watcher may see of it, and in which language; nothing by default: an idle lamp.

    ``calls``: that there are calls; ``names``: with whom; ``pick_up``: enough to take one that rings; ``own``: they are
    the watcher's own; ``status``: presence.
    """

    calls: bool = False
    names: bool = False
    pick_up: bool = False
    own: bool = False
    status: bool = False
    dutch: bool = False

    @property
    def hidden(self) -> bool:
        """Whether nothing at all may be seen."""
        return not self.calls and not self.status


class Line(msgspec.Struct, frozen=True, gc=False):
    """One line of a list: its extension and what that is called, where its state comes from (``Source.kind`` and key),
    and what the list's owner may see of it."""

    extension: str
    name: str
    kind: str
    key: str
    state: State
    view: View


class Source(Protocol):
    """A kind of thing that has a lamp: people, groups, park lots, queues, night modes.

    ``kind`` names it in listings. Whoever changes a state calls ``Lamps.touch(kind, company_id, key)``, and sees to it
    that the engine is flushed if that happens outside of it.
    """

    kind: str

    def find(self, index: CompanyIndex, device: Device, name: str) -> str:
        """The key of what a phone means by ``name`` (the user part of the Request-URI); "" when it is none of mine."""

    def state(self, index: CompanyIndex, key: str, now_ms: int) -> State | None:
        """What it shows now (wall clock); None when it does not exist any more."""

    def view(self, index: CompanyIndex, viewer: int | None, key: str) -> View:
        """What the person logged in on a phone (None: nobody is) may see of it."""


def language_is_dutch(index: CompanyIndex, device: Device) -> bool:
    """Whether the words beside a lamp are to be Dutch: the phone's language, else its user's, else the company's."""
    user = index.user_of(device)
    language = device.language or (user.language if user is not None else "") or index.company.language
    return language.lower().startswith("nl")
