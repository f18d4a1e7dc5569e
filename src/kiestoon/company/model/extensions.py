"""Extensions that are not one person: groups, hunt groups, menus, routing by place, time and number of calls."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

from kiestoon.company.model.organisation import OwnPrivacy, OwnSignal
from kiestoon.company.model.row import (
    ADDED,
    E164,
    NOWHERE,
    CompanyId,
    Destination,
    FurtherNumbers,
    Label,
    MemberExtension,
    MinuteOfDay,
    Name,
    OwnExtension,
    Row,
    Text,
    refers,
)

CallerIdChoice: TypeAlias = Literal["caller", "called", "number"]
"""Which number a forwarded call shows: the caller's, the one called, or one of the company's (E 4.10, E 4.11)."""
HuntPolicy: TypeAlias = Literal["regular", "circular", "simultaneous", "uniform", "weighted"]


class Virtual(Row, frozen=True):
    """A virtual user: an extension that acts like a user (V 18.5). ``caller_name`` is shown with its calls.

    ``connected_privacy`` and ``forwarded_signal`` are its policies for calls it sends elsewhere (V 11.3, V 21.1.6).
    """

    company_id: CompanyId
    extension: OwnExtension
    name: Name
    location_id: Annotated[int, refers("locations")] | None = None
    department_id: Annotated[int, refers("departments")] | None = None
    caller_name: Label = ""
    in_directory: bool = True
    connected_privacy: Annotated[OwnPrivacy, ADDED] = "company"
    forwarded_signal: Annotated[OwnSignal, ADDED] = "company"


class Menu(Virtual, frozen=True):
    """A menu number: a spoken welcome, then the caller keys in an extension (RTE-17's base).

    Callers who key nothing for ``timeout_s`` go to ``fallback_extension``.
    """

    greeting: Text = ""
    timeout_s: Annotated[int, Meta(ge=1, le=60)] = 6
    fallback_extension: Annotated[str, Meta(max_length=15, pattern="^[0-9]*$", extra={"extension": "restrict"})] = ""


class GroupExtension(Virtual, frozen=True):
    """All members ring at once (E 4.2).

    ``show``: the caller's number or the one that was dialled, on the members' phones and outside when it forwards.
    ``individual_forwarding``: members' own forwarding counts. ``call_waiting``: members in a call are rung as well.
    ``forward_always_also``: more numbers that ring at the same time as the destination of ``forward_always``, which is
    an extension or a number then; whoever is first has the call. Likewise ``forward_busy_also`` for ``forward_busy``.
    And ``forward_no_answer_also`` for ``forward_no_answer``.
    ``individual_ringing``: numbers that ring along with a member's phones (V 9.2) do so for the group's calls.
    ``confirm``: who answers at a member's mobile, or at any other number outside that rings for one, presses 1 first.
    """

    forward_always: Destination = NOWHERE
    forward_busy: Destination = NOWHERE
    forward_no_answer: Destination = NOWHERE
    forward_always_also: Annotated[FurtherNumbers, ADDED] = ()
    forward_busy_also: Annotated[FurtherNumbers, ADDED] = ()
    forward_no_answer_also: Annotated[FurtherNumbers, ADDED] = ()
    no_answer_s: Annotated[int, Meta(ge=5, le=600)] = 30
    show: Literal["caller", "called"] = "caller"
    individual_forwarding: bool = False
    individual_ringing: Annotated[bool, ADDED] = False
    confirm: Annotated[bool, ADDED] = True
    call_waiting: bool = True


class GroupMember(Row, frozen=True):
    """A member of a group extension."""

    company_id: CompanyId
    group_id: Annotated[int, refers("group_extensions", "cascade")]
    extension: MemberExtension


class HuntGroup(Virtual, frozen=True):
    """Calls to one number shared out among people (V 21).

    ``rings`` at each member, ``total_s`` altogether (0 = round the members once), then ``no_answer_to``.
    ``unreachable_to`` when nobody has a phone; ``busy_when_unreachable``: busy instead. ``prefix_name``: the caller is
    shown as "Support - Sam Jones". ``call_waiting`` overrules the members' own setting (V 21.1.2).
    ``individual_ringing``, ``confirm``: as with a group extension.
    """

    policy: HuntPolicy = "regular"
    rings: Annotated[int, Meta(ge=2, le=20)] = 4
    total_s: Annotated[int, Meta(ge=0, le=3600)] = 0
    no_answer_to: Destination = NOWHERE
    busy_to: Destination = NOWHERE
    unreachable_to: Destination = NOWHERE
    busy_when_unreachable: bool = False
    prefix_name: bool = True
    individual_ringing: Annotated[bool, ADDED] = False
    confirm: Annotated[bool, ADDED] = True
    call_waiting: bool = False


class HuntMember(Row, frozen=True):
    """A member, tried in the order of ``position``; ``weight`` is the percentage of calls under "weighted"."""

    company_id: CompanyId
    hunt_group_id: Annotated[int, refers("hunt_groups", "cascade")]
    extension: MemberExtension
    position: Annotated[int, Meta(ge=0, le=10_000)] = 0
    weight: Annotated[int, Meta(ge=0, le=100)] = 0


class LocationRouting(Virtual, frozen=True):
    """Routes by where the caller is or what was called (LBR, E 4.8).

    ``by`` "postcode" asks for four digits after ``prompt``. Prefixes go before the caller's name on the display.
    """

    by: Literal["area_code", "postcode", "caller", "called"] = "area_code"
    prompt: Text = ""
    default_to: Destination = NOWHERE
    default_prefix: Label = ""
    withheld_to: Destination = NOWHERE
    withheld_prefix: Label = ""
    mobile_to: Destination = NOWHERE
    mobile_prefix: Label = ""


class LocationRoute(Row, frozen=True):
    """What begins with ``match`` (area code, postcode or number; the longest match wins) goes to ``to``."""

    company_id: CompanyId
    routing_id: Annotated[int, refers("location_routings", "cascade")]
    match: Annotated[str, Meta(min_length=1, max_length=16, pattern=r"^\+?[0-9]+$")]
    to: Destination
    prefix: Label = ""


class TimeRouting(Virtual, frozen=True):
    """Routes by day and time (TBR, E 4.9); ``failover_to`` outside every period."""

    failover_to: Destination = NOWHERE


class TimeRoute(Row, frozen=True):
    """From ``start_day`` to ``end_day`` (0 = Monday, both included), each day from ``start`` until ``end``.

    An end at or before the start is on the next day. The first period that fits, by id, wins.
    """

    company_id: CompanyId
    routing_id: Annotated[int, refers("time_routings", "cascade")]
    start_day: Annotated[int, Meta(ge=0, le=6)]
    end_day: Annotated[int, Meta(ge=0, le=6)]
    start: MinuteOfDay
    end: MinuteOfDay
    to: Destination
    description: Label = ""


class CallLimit(Virtual, frozen=True):
    """Lets ``limit`` calls at once through to ``within_to``, the others to ``over_to`` (which may be busy) (E 4.10)."""

    limit: Annotated[int, Meta(ge=1, le=1000)] = 1
    within_to: Destination = NOWHERE
    over_to: Destination = Destination("busy")
    caller_id: CallerIdChoice = "caller"
    caller_number: E164 = ""


class ForwardExtension(Virtual, frozen=True):
    """An outside number to an outside number (E 4.11); may be a member of groups."""

    to: Destination = NOWHERE
    caller_id: CallerIdChoice = "caller"
    caller_number: E164 = ""
