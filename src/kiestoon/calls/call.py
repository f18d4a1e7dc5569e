"""A call: the story from the first INVITE to the last hang-up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

import msgspec

from kiestoon.calls.record import CallDirection, EndedBy, Outcome

if TYPE_CHECKING:
    from kiestoon.calls.leg import Leg
    from kiestoon.calls.service import Service
    from kiestoon.media.client import MediaLink
    from kiestoon.routing import Decision, DialOutside, Diversion, Reason, Situation
    from kiestoon.sip.deadlines import Deadline

Holder: TypeAlias = Literal["nobody", "seek", "bridge", "service"]


class Failure(msgspec.Struct, frozen=True, gc=False):
    """Why a leg or a seek did not lead to an answer. ``q850`` is the cause value told to the caller (RFC 3326).

    ``text`` is shown by phones. ``quoted``: it is what the other side said, and goes into Reason only.
    """

    outcome: Outcome
    status: int
    q850: int
    text: str = ""
    quoted: bool = False


class Seek:
    """An attempt to get somebody to answer: outgoing legs racing.

    ``lines``: for each leg to an outside number, what is called there and the lines still to be tried. ``ringing``: the
    caller has been told so.
    """

    __slots__ = ("decision", "failures", "legs", "lines", "ringing")

    def __init__(self, decision: Decision) -> None:
        self.decision = decision
        self.legs: set[int] = set()
        self.lines: dict[int, tuple[DialOutside, list[int]]] = {}
        self.failures: list[Failure] = []
        self.ringing = False


class Call:
    """Everything about one call. Exactly one of seek, bridge, service has custody of an answered caller."""

    __slots__ = (
        "answered_ms", "bridge", "by", "caller", "closing_timer", "company_id", "context", "deadline", "dialled",
        "direction", "diversion", "emergency", "ended_ms", "entries", "failure", "holder", "id", "legs", "link",
        "next", "opened_ms", "outcome", "reasons", "seek", "service", "situation", "target", "through",
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
        self.caller = 0
        self.target = ""
        self.context = 0
        self.link: MediaLink | None = None
        self.holder: Holder = "nobody"
        self.seek: Seek | None = None
        self.bridge: tuple[int, int] | None = None
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
        # What the journal holds of it, encoded (see ``journal``)
        self.entries: tuple[bytes, ...] = ()

    def other(self, leg: Leg) -> Leg | None:
        """The party bridged with ``leg``, or None."""
        if self.bridge is None or leg.id not in self.bridge:
            return None
        first, second = self.bridge
        return self.legs.get(second if leg.id == first else first)

    def live_legs(self) -> list[Leg]:
        """Legs whose session is not over."""
        return [leg for leg in self.legs.values() if leg.state != "ended"]
