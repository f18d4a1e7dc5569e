"""What routing answers with: one next step, why, and where the call stands then."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from kiestoon.company.model import ConferenceRoom, Device, GroupCall, LocationRouting, Menu, Queue, User
from kiestoon.company.numbers import Kind
from kiestoon.routing.reasons import Reason
from kiestoon.routing.situation import Situation


class DialOutside(msgspec.Struct, frozen=True):
    """Call ``number`` (E.164, or a short number as dialled) over the first of these trunks that takes it.

    ``caller_number`` is E.164, "" when the company has none; ``hide_caller`` asks for privacy "id" (RFC 3323).
    ``caller_name`` goes with it, "" = as the incoming call has it. ``country`` is where the caller is, for
    ``numbers.format_for_trunk``. ``area`` selects the emergency centre, as a
    phone-context ("+3120"). ``emergency``: no limit may stop the call. ``confirm``: whoever answers must press a key
    to get the call (V 9.1.2). ``user_id``: whose telephone it is, 0 = anybody's; others are shown that person there.
    """

    trunks: tuple[int, ...]
    number: str
    kind: Kind
    country: str
    caller_number: str = ""
    caller_name: str = ""
    hide_caller: bool = False
    emergency: bool = False
    area: str = ""
    confirm: bool = False
    user_id: int = 0


class RingUser(msgspec.Struct, frozen=True):
    """Ring these devices of the user (never the one the call comes from); () = nobody can be reached.

    ``ring_s`` 0 = as long as the exchange rings by default. ``waiting``: the phone may ring during another call.
    ``alert``: the ring pattern, 0 = the usual one (V 9.4). ``confirm``: as with ``DialOutside``.
    """

    user: User
    devices: tuple[Device, ...]
    ring_s: int = 0
    waiting: bool = True
    alert: int = 0
    confirm: bool = False


class Later(msgspec.Struct, frozen=True):
    """Whoever rings in place of one of several people, by id, who has not answered ``after_s`` seconds on.

    The others ring on. Who has declined or could not be rung is not replaced.
    """

    after_s: int
    in_place_of: int
    people: tuple[RingUser, ...] = ()
    outside: tuple[DialOutside, ...] = ()


class RingAll(msgspec.Struct, frozen=True):
    """Ring several people and outside numbers at once: the first to answer has the call.

    ``personal``: they ring for one person; else for a group. ``told``: the id of the person whose assistants ring, who
    is told of the call and may take it (E 6.2); 0 = nobody. ``later``: in the order of time.
    """

    people: tuple[RingUser, ...]
    outside: tuple[DialOutside, ...] = ()
    ring_s: int = 0
    personal: bool = False
    told: int = 0
    later: tuple[Later, ...] = ()


class Search(msgspec.Struct, frozen=True):
    """Ring one after the other for a person, each for its own time, until somebody answers (V 9.3).

    The caller hears now and then that the person is looked for; ``may_stop``: and may stop it by a key.
    """

    user: User
    attempts: tuple[RingAll, ...]
    may_stop: bool = False


class EnterMenu(msgspec.Struct, frozen=True):
    """Let the caller into the menu."""

    menu: Menu


class AskPostcode(msgspec.Struct, frozen=True):
    """Ask the caller for four digits; ``routed_by_postcode`` takes them (E 4.8)."""

    routing: LocationRouting


class EnterRoom(msgspec.Struct, frozen=True):
    """Let the caller into the conference room, once the PIN was right."""

    room: ConferenceRoom


class EnterGroupCall(msgspec.Struct, frozen=True):
    """Call all members of the group; who answers speaks with the caller and each other."""

    group: GroupCall


class EnterQueue(msgspec.Struct, frozen=True):
    """Let the caller wait in the queue until an agent is free."""

    queue: Queue


class EnterVoicemail(msgspec.Struct, frozen=True):
    """The box of this extension."""

    extension: str


class UseCode(msgspec.Struct, frozen=True):
    """A feature code was dialled (CALL-23): ``feature`` names it (``company.codes``), ``argument`` came behind it.

    ``query``: asks how the switch stands. ``dialled`` is the whole of it, with the codes for this call before it and
    without a # that only ended it: whoever dials this and what was missing means the same call.
    """

    feature: str
    argument: str = ""
    query: bool = False
    dialled: str = ""


class Refuse(msgspec.Struct, frozen=True):
    """Answer with ``status``; ``q850`` is the cause (ITU-T Q.850), ``text`` the reason phrase.

    ``announce``: the prompt the caller hears before ("" = none), ``filled_in``: the values that go into it.
    """

    status: int
    q850: int
    text: str
    announce: str = ""
    filled_in: tuple[tuple[str, str], ...] = ()


Step: TypeAlias = (
    RingUser
    | RingAll
    | Search
    | DialOutside
    | EnterMenu
    | AskPostcode
    | EnterRoom
    | EnterGroupCall
    | EnterQueue
    | EnterVoicemail
    | UseCode
    | Refuse
)


class Decision(msgspec.Struct, frozen=True):
    """``company_id`` is whose call it is (0: unknown number from a trunk); ``trunk_id`` the trunk a call came in by.

    ``called`` is the number as understood: an extension, E.164 or a short number. ``situation`` is for
    ``proceed`` when the step comes to nothing; None = nothing follows. ``remind``: desk phones that ring briefly,
    without being able to answer, because their user's call has been sent elsewhere (V 7.1, V 7.2).
    """

    step: Step
    reasons: tuple[Reason, ...]
    company_id: int = 0
    trunk_id: int = 0
    called: str = ""
    situation: Situation | None = None
    remind: tuple[Device, ...] = ()
