"""Queues: callers wait, first come first served, until an agent is free (E 7, V 23)."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

from kiestoon.company.model.extensions import Virtual
from kiestoon.company.model.row import (
    NOWHERE,
    CompanyId,
    Destination,
    FurtherNumbers,
    Label,
    Language,
    MemberExtension,
    Row,
    refers,
)

QueueStrategy: TypeAlias = Literal[
    "longest_idle",
    "fewest_calls",
    "random",
    "sequential",
    "sequential_memory",
    "least_talk",
    "ring_all",
    "circular",
    "uniform",
    "weighted",
]
"""Which agent is offered a call: the first seven as E 7.5.7 has them, the others as V 23.3.11."""
BusyAgents: TypeAlias = Literal["none", "private", "all"]
"""Which agents in a call are offered another one: none, those whose call is from no queue (E 7.2), all (E 7.5.19)."""
OutOfHours: TypeAlias = Literal["off", "busy", "forward"]
"""What becomes of calls then: nothing else than usual, busy, or forwarded (V 23.3.3, V 23.3.4)."""
Seconds: TypeAlias = Annotated[int, Meta(ge=0, le=7200)]
Weight: TypeAlias = Annotated[int, Meta(ge=0, le=100)]
RingTime: TypeAlias = Annotated[int, Meta(ge=5, le=300)]


class Queue(Virtual, frozen=True):
    """A queue. Agents are its members who are logged in.

    ``open``: anybody may log in and becomes a member by it; else members only (E 7.5.4). ``language``: callers are
    spoken to in it, "" = as each would choose. ``limit``: as many wait at most (E 7.5.13). ``ring_s``: how long an
    agent is rung before the caller goes to another; ``wrap_up_s``: how long an agent is left in peace after a call;
    ``weight``: who is an agent of several queues gets the calls of the heaviest first (E 7.5.10-7.5.12).

    ``ringback``: callers hear it ring once before anything else. ``introduction``: a welcome, the text of the exchange
    or a playlist (``music_files``), which nothing interrupts; not when an agent is free, where it may be skipped.
    ``announce_position``, ``announce_wait``: told every ``announce_s``; the wait reckoned from the last half hour, else
    ``default_wait_s``. ``comfort_s``: every so often a few kind words, 0 = never. ``music``: else it is heard to ring.
    ``infotainment_playlist``: each file once, one a minute, and nothing interrupts it (E 7.5.16).

    ``leave_to``: where who presses 1 is sent, nowhere = the key does nothing. ``forward_to``: where calls go that find
    the queue full, or have waited ``forward_after_s`` (0 = they may wait for ever); ``nobody_to``: where they go while
    no agent is logged in. The ``_also`` ring at the same time. ``individual_forwarding``: what is set at the
    destination counts; else it rings until somebody answers or the caller hangs up (E 7.5.20).

    ``forced``: all calls go to ``forced_to`` (V 23.3.2). ``holiday`` on the days of ``holiday_id``, ``night`` outside
    the hours of ``office_schedule_id``, or always while ``night_forced``. The ``_by_code``: codes may switch it.
    ``ring_pattern``: how agents' phones ring, 0 = as for all queues (CALL-20).
    """

    open: bool = True
    language: Language = ""
    strategy: QueueStrategy = "longest_idle"
    limit: Annotated[int, Meta(ge=1, le=1000)] = 25
    ring_s: RingTime = 20
    wrap_up_s: Seconds = 0
    weight: Weight = 0
    busy_agents: BusyAgents = "none"
    prefix_name: bool = True
    ring_pattern: Annotated[int, Meta(ge=0, le=4)] = 0
    confirm: bool = True
    ringback: bool = False
    introduction: bool = False
    introduction_playlist: Label = ""
    skip_introduction: bool = False
    announce_position: bool = False
    announce_wait: bool = False
    announce_s: Annotated[int, Meta(ge=15, le=600)] = 60
    default_wait_s: Annotated[int, Meta(ge=30, le=7200)] = 120
    comfort_s: Annotated[int, Meta(ge=0, le=600)] = 0
    comfort_playlist: Label = ""
    music: bool = True
    music_playlist: Label = ""
    infotainment_playlist: Label = ""
    leave_to: Destination = NOWHERE
    forward_to: Destination = NOWHERE
    forward_also: FurtherNumbers = ()
    forward_after_s: Seconds = 0
    individual_forwarding: bool = False
    nobody_to: Destination = NOWHERE
    nobody_also: FurtherNumbers = ()
    forced: bool = False
    forced_to: Destination = NOWHERE
    forced_by_code: bool = True
    holiday: OutOfHours = "off"
    holiday_id: Annotated[int, refers("holidays")] | None = None
    holiday_to: Destination = NOWHERE
    night: OutOfHours = "off"
    office_schedule_id: Annotated[int, refers("schedules")] | None = None
    night_to: Destination = NOWHERE
    night_forced: bool = False
    night_by_code: bool = True


class QueueMember(Row, frozen=True):
    """A member, by rank of ``position``, which is kept while logged out. ``joined``: on the own account, in an open
    queue; such a member leaves the list when logging out.

    ``share`` is the percentage of calls under "weighted". ``ring_s``, ``wrap_up_s`` and ``weight`` hold for this agent
    in place of the queue's (E 7.5.5); None = as the queue has it.
    """

    company_id: CompanyId
    queue_id: Annotated[int, refers("queues", "cascade")]
    extension: MemberExtension
    position: Annotated[int, Meta(ge=0, le=10_000)] = 0
    logged_in: bool = True
    joined: bool = False
    share: Weight = 0
    ring_s: RingTime | None = None
    wrap_up_s: Seconds | None = None
    weight: Weight | None = None
