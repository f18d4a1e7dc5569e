"""What the journal keeps of a service, so that whoever was in it is let in again after a crash (plain data)."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from kiestoon.calls.party import Party
from kiestoon.calls.voicemail_requests import MessageReason


class Kept(msgspec.Struct, frozen=True, array_like=True, gc=False, tag=True):
    """Base of what is kept. The name of the service is that of the type in lower case."""

    @property
    def service(self) -> str:
        """The name the service is known by in ``Exchange.services``."""
        return type(self).__name__.lower()


class Transferred(Kept, frozen=True):
    """Somebody was transferred without being announced to ``target`` by ``by``, to whom the call comes back."""

    target: str
    by: Party
    inhibited: bool = False


class Parked(Kept, frozen=True):
    """Somebody waits on a lot: "lot 3" (one of ten), "27" (one of the numbered lines) or "@104" (at an extension).

    ``by`` is whoever parked; ``since_ms`` is wall time.
    """

    lot: str
    by: Party
    since_ms: int
    tried: int = 0


class ParkedOn(Kept, frozen=True):
    """Whoever has parked somebody hears where. ``by``: his phone is called for it; None: he is there."""

    lot: str
    by: Party | None = None


class Held(Kept, frozen=True):
    """Somebody waits while the party at ``leg`` (of another call) speaks with somebody else, by keys in the call."""

    leg: int
    by: Party


class Consulting(Kept, frozen=True):
    """Somebody holds a party by keys in the call and asks ``number``; "" = keys it in. ``gone``: it has hung up."""

    number: str
    gone: bool = False


class Dialling(Kept, frozen=True):
    """Somebody's phone rings, and when he takes it ``number`` is called for him (click-to-dial).

    ``device_id`` 0: at all his phones. ``automatic``: the phone answers by itself, if it can. ``repeat``: a busy number
    is called again every ten seconds until it is free or he hangs up. ``mobile``: his mobile rings instead (U 5.4.9).
    """

    by: Party
    number: str
    device_id: int = 0
    automatic: bool = True
    repeat: bool = False
    mobile: bool = False


class Joining(Kept, frozen=True):
    """Somebody is called who joins the conversation ``call``, for ``by``."""

    call: str
    number: str
    by: Party


class Invited(Kept, frozen=True):
    """Somebody is called for ``by`` to take part in a conference; ``room_id``: which room."""

    room_id: int
    number: str
    by: Party


class Summoned(Kept, frozen=True):
    """A member of a group call is rung for ``call``, by the rights of ``by``; the phone shows ``shown``.

    ``confirm``: outside, 1 must be pressed first.
    """

    call: str
    number: str
    by: Party
    shown: Party
    ring_s: float
    confirm: bool = False


FetchMode: TypeAlias = Literal["take", "listen", "barge"]


class Fetching(Kept, frozen=True):
    """Somebody's phone rings, and when he takes it he gets a call: one that rings or is parked elsewhere, or his own
    from another phone. ``call`` and ``leg`` name it."""

    by: Party
    call: str
    leg: int
    device_id: int = 0
    automatic: bool = True
    mode: FetchMode = "take"


class Callback(Kept, frozen=True):
    """``by`` is called back when the colleague at ``number`` is free, until ``until_ms`` (wall time)."""

    by: Party
    number: str
    until_ms: int


class Camped(Kept, frozen=True):
    """Somebody waits for a busy colleague to be free (V 7.5); comes back to ``by`` after ``until_ms`` (wall time)."""

    target: str
    by: Party
    until_ms: int
    inhibited: bool = False


class Returned(Kept, frozen=True):
    """A call that comes back to whoever handed it over: "recall: NAME"."""

    by: Party
    from_: str = ""


class Voicemail(Kept, frozen=True):
    """Somebody is at the voicemail box of ``extension``. ``message``: the number of the recording under way, or of the
    last one; 0 = none yet. ``saved``: it lies in the box."""

    extension: str
    reason: MessageReason
    message: int = 0
    saved: bool = False

    @property
    def service(self) -> str:
        """Not "voicemail": so the code is called by which messages are listened to."""
        return "voicemail_box"


class Searching(Kept, frozen=True):
    """Somebody hears that ``extension`` is looked for at one phone after the other."""

    extension: str


class Queued(Kept, frozen=True):
    """Somebody waits in a queue, since ``since_ms``. ``ready_ms``: since when he has heard the introduction, 0 = not
    yet; ``told``: how many messages of the infotainment he has heard. Wall time."""

    queue_id: int
    since_ms: int
    ready_ms: int = 0
    told: int = 0


ServiceData: TypeAlias = (
    Transferred
    | Parked
    | ParkedOn
    | Held
    | Consulting
    | Dialling
    | Joining
    | Invited
    | Summoned
    | Fetching
    | Callback
    | Camped
    | Returned
    | Voicemail
    | Searching
    | Queued
)
