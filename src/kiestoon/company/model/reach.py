"""A person's reachability: who calls, when, and what happens then (E 10)."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

from kiestoon.company.model.people import DeviceKind
from kiestoon.company.model.row import (
    E164,
    CompanyId,
    Destination,
    Label,
    Name,
    NumberPattern,
    OwnerId,
    Row,
    WeekBlock,
    refers,
)

Availability: TypeAlias = Literal["automatic", "away", "busy", "offline"]


class CallClass(Row, frozen=True):
    """A group of callers: contacts' numbers, colleagues, numbers that begin so (E 10.3).

    ``caller_number`` is shown when this person calls somebody of the class.
    """

    company_id: CompanyId
    user_id: OwnerId
    name: Name
    caller_number: E164 = ""
    numbers: tuple[NumberPattern, ...] = ()
    extensions: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()


class ReachStatus(Row, frozen=True):
    """A situation of the person, active in the ``blocks`` of the week unless set by hand (E 10.4)."""

    company_id: CompanyId
    user_id: OwnerId
    name: Name
    message: Label = ""
    availability: Availability = "automatic"
    blocks: tuple[WeekBlock, ...] = ()


class ReachProfile(Row, frozen=True):
    """How calls are treated (E 10.2). None inherits from the default profile; the default's own None means "off".

    ``devices``: the kinds of device that ring (None: all). ``forwarded_caller_id``: which number forwarded calls show.
    ``assistants``: calls are offered to the person's assistants (E 6.2); None: as the assistant group says.
    """

    company_id: CompanyId
    user_id: OwnerId
    name: Name
    is_default: bool = False
    colour: Annotated[str, Meta(pattern="^(#[0-9a-f]{6})?$", max_length=7)] = ""
    caller_number: E164 | None = None
    forward_always: Destination | None = None
    forward_busy: Destination | None = None
    forward_no_answer: Destination | None = None
    no_answer_s: Annotated[int, Meta(ge=5, le=600)] | None = None
    forwarded_caller_id: Literal["user", "caller", "called"] | None = None
    devices: tuple[DeviceKind, ...] | None = None
    assistants: bool | None = None


class ReachCell(Row, frozen=True):
    """One cell of the matrix: this status and class of callers get this profile. None = every other one."""

    company_id: CompanyId
    user_id: OwnerId
    profile_id: Annotated[int, refers("reach_profiles", "cascade")]
    status_id: Annotated[int, refers("reach_statuses", "cascade")] | None = None
    call_class_id: Annotated[int, refers("call_classes", "cascade")] | None = None


class ReachOverride(Row, frozen=True):
    """What the person has set by hand, over the week's schedule (E 10.8); times are wall clock, 0 = until cleared.

    ``roaming_status_id`` is active while the person's mobile is abroad.
    """

    company_id: CompanyId
    user_id: OwnerId
    status_id: Annotated[int, refers("reach_statuses", "clear")] | None = None
    status_until_ms: Annotated[int, Meta(ge=0, extra={"big": True})] = 0
    devices: tuple[DeviceKind, ...] | None = None
    devices_until_ms: Annotated[int, Meta(ge=0, extra={"big": True})] = 0
    roaming: bool = False
    roaming_status_id: Annotated[int, refers("reach_statuses", "clear")] | None = None
