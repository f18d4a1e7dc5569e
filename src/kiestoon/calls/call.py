"""A call: the story from the first INVITE to the last hang-up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

import msgspec

from kiestoon.calls.record import CallDirection, EndedBy, Outcome, Segment
from kiestoon.routing import RingAll

if TYPE_CHECKING:
    from kiestoon.calls.leg import Leg
    from kiestoon.calls.party import Party
    from kiestoon.calls.service import Service
    from kiestoon.media.client import MediaLink
    from kiestoon.routing import Decision, DialOutside, Diversion, Later, Reason, Situation
    from kiestoon.sip.deadlines import Deadline

Holder: TypeAlias = Literal["nobody", "seek", "bridge", "service"]


class Failure(msgspec.Struct, frozen=True, gc=False):
    """Why a leg or a seek did not lead to an answer. ``q850`` is the cause value told to the caller (RFC 3326).

    ``text`` is shown by phones. ``quoted``: it is what the other side said, and goes into Reason only. ``spoken``: the
    text by which somebody in conversation is told; "" = one for the outcome.
    """

    outcome: Outcome
    status: int
    q850: int
    text: str = ""
    quoted: bool = False
    spoken: str = ""


OnlookerMode: TypeAlias = Literal["listen", "whisper", "barge"]
"""Who hears an onlooker: nobody, the one party listened in on, everybody."""


class Onlooker(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Somebody who hears a bridge without being of it. ``of``: the leg of the party whose call is listened in on."""

    mode: OnlookerMode
    of: int


class RoomState(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A conference room people are in. ``room_id``: its row; ``extension`` and ``name``: as they were at its opening.

    ``organisers``: legs of those who may steer it. ``begun``: members hear each other. ``locked``: nobody else is let
    in. ``silent``: whoever comes is muted. ``over``: the conference has ended, and everybody is told so.
    """

    room_id: int
    extension: str
    name: str
    organisers: tuple[int, ...] = ()
    begun: bool = True
    locked: bool = False
    silent: bool = False
    over: bool = False


class Manner(NamedTuple):
    """How somebody is sought.

    ``shown``: the caller as those who are rung see him, None = as he is. ``within_s``: the attempt is given up after so
    long, and nobody's forwarding for no answer applies then; 0 = as routing says. ``automatic``: phones that can are to
    answer by themselves, on their loudspeaker. ``confirm``: who answers outside presses a key first (``confirming``).
    ``beside``: a queue's offer: the caller's service speaks on meanwhile, and phones do not send the call elsewhere.
    """

    shown: Party | None = None
    within_s: float = 0.0
    automatic: bool = False
    confirm: bool = False
    beside: bool = False


PLAIN = Manner()


class Seek:
    """An attempt to get somebody to answer: outgoing legs racing.

    ``rest``: who is rung after them, in turn. ``later``: who is rung in place of one of them, and when; ``until``: when
    this attempt is over, though whoever is being asked to confirm has until ``asked_until``. ``ends_at``: when it is
    given up even so; 0 = when all have been rung. ``unconfirmed``: people, by id, at whose phones a machine answered.
    ``lines``: for each leg to an outside number, what is called there and the lines still to be tried. ``ringing``: the
    caller has been told so.
    """

    __slots__ = (
        "asked_until", "decision", "ends_at", "failures", "later", "legs", "lines", "manner", "rest", "ringing",
        "unconfirmed", "until",
    )  # fmt: skip

    def __init__(self, decision: Decision, manner: Manner = PLAIN) -> None:
        self.decision = decision
        self.manner = manner
        self.rest: tuple[RingAll, ...] = ()
        self.ends_at = self.until = self.asked_until = 0.0
        self.later: list[tuple[float, Later]] = []
        self.legs: set[int] = set()
        self.lines: dict[int, tuple[DialOutside, list[int]]] = {}
        self.failures: list[Failure] = []
        self.unconfirmed: set[int] = set()
        self.ringing = False

    @property
    def offered_to(self) -> int:
        """Who may take the call though it does not ring at his phone, by id; 0 = nobody (see ``RingAll.told``)."""
        step = self.decision.step
        return step.told if isinstance(step, RingAll) else 0


class Call:
    """Everything about one call. Exactly one of seek, bridge, service has custody of an answered caller.

    ``caller`` is the leg of the party the call is about: whoever waits for somebody. It begins as the one who called
    (``first``); when that one transfers the call, the other party takes the place. 0: nobody yet, we call everybody.
    ``bridge``: legs that hear each other; more than two are a conference. ``onlookers`` hear it and are heard by whom
    their mode says (see ``topology``). ``continued_in``: the call this one became part of. ``room``: the bridge is what
    a conference room holds; it goes on with whoever is left, one alone as well (see ``rooms``).
    """

    __slots__ = (
        "answered_ms", "asked", "bridge", "by", "caller", "closing_timer", "company_id", "context", "continued_in",
        "deadline", "dialled", "direction", "diversion", "emergency", "ended_ms", "entries", "failure", "farewells",
        "first", "holder", "id", "legs", "link", "next", "no_music", "onlookers", "opened_ms", "origin", "outcome",
        "reasons", "room", "seek", "segments", "service", "situation", "target", "through",
        "told",
    )  # fmt: skip

    def __init__(
        self, call_id: str, company_id: int, *, dialled: str, direction: CallDirection, opened_ms: int
    ) -> None:
        self.id = call_id
        self.company_id = company_id
        self.dialled = dialled
        self.direction: CallDirection = direction
        self.opened_ms = opened_ms
        self.answered_ms = 0
        self.legs: dict[int, Leg] = {}
        self.caller = self.first = 0
        self.target = ""
        self.context = 0
        self.link: MediaLink | None = None
        self.holder: Holder = "nobody"
        self.seek: Seek | None = None
        self.bridge: tuple[int, ...] | None = None
        self.onlookers: dict[int, Onlooker] = {}
        self.service: Service | None = None
        self.reasons: list[Reason] = []
        self.outcome: Outcome | None = None
        self.failure: Failure | None = None
        self.by: EndedBy = ""
        self.emergency = False
        self.closing_timer: Deadline[str] | None = None
        self.deadline: Deadline[str] | None = None
        self.ended_ms = 0
        # Who forwarded the call, here and before it came to us
        self.diversion: tuple[Diversion, ...] = ()
        self.situation: Situation | None = None
        self.next: Decision | None = None
        self.through: tuple[str, ...] = ()
        self.segments: list[Segment] = []
        self.continued_in = ""
        self.no_music = False
        self.told = 0
        """Who is told of the call though his phones do not ring, by id: the manager whose assistants have been rung."""
        self.origin: Party | None = None
        """For whom the exchange made the call by itself (see ``originate``)."""
        self.room: RoomState | None = None
        self.farewells: dict[int, str] = {}
        """What the others in a room hear when a leg leaves: files, by leg."""
        self.asked: tuple[str, ...] = ()
        """Calls that have been made to get others into this one; they are pointless once it is over."""
        # What the journal holds of it, encoded (see ``journal``)
        self.entries: tuple[bytes, ...] = ()

    @property
    def anchor(self) -> Leg | None:
        """The party the call is about."""
        return self.legs.get(self.caller)

    @property
    def entertained(self) -> bool:
        """Whether a service speaks to the caller though somebody is being sought for him."""
        if self.service is None or self.seek is None:
            return False
        return self.service.entertains or self.seek.manner.beside

    def other(self, leg: Leg) -> Leg | None:
        """The one party bridged with ``leg``; None also in a conference, and in a conference room always."""
        if self.bridge is None or self.room is not None or len(self.bridge) != 2 or leg.id not in self.bridge:
            return None
        first, second = self.bridge
        return self.legs.get(second if leg.id == first else first)

    def live_legs(self) -> list[Leg]:
        """Legs whose session is not over."""
        return [leg for leg in self.legs.values() if leg.state != "ended"]
