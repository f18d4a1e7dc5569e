"""People, their phones, and what they have set for their calls."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

from kiestoon.company.model.organisation import Category, Encryption, OwnPrivacy, OwnSignal
from kiestoon.company.model.row import (
    ADDED,
    E164,
    NOWHERE,
    AreaCode,
    CallerPattern,
    CompanyId,
    Country,
    Destination,
    Email,
    Label,
    Language,
    MemberExtension,
    Name,
    NumberPattern,
    OwnerId,
    OwnExtension,
    Row,
    refers,
)

DtmfMethod: TypeAlias = Literal["rfc4733", "info", "inband"]
DeviceKind: TypeAlias = Literal["fixed", "mobile", "web"]
"""What a profile of reachability switches on and off (E 10.2): desk phone, mobile, program on a computer."""
DeviceEncryption: TypeAlias = Literal["company", "off", "optional", "required"]
Profile: TypeAlias = Literal["fixed", "mobile", "flex", "combi"]
PresenceVisibility: TypeAlias = Literal["all", "internal", "none"]
"""Who learns of somebody's presence: colleagues and callers outside, colleagues, nobody (U 4.1)."""


class User(Row, frozen=True):
    """A person with an extension.

    ``profile`` says which numbers and phones the person has (V 4.2) and so which services can be assigned.
    ``area_code`` is where the person usually is (E 3.1.4): it completes local numbers, "" = the location's.
    ``external_number`` is one more number the person is at, for forwarding (U 5.1.1).
    ``distinctive_ringing``: calls to alternate numbers ring in the patterns set for them (V 9.4.4).
    ``caller_number`` is shown to the outside (E.164, "" = the location's, else the company's); ``hide_number``
    withholds it (RFC 3323); ``hide_connected`` hides who answered from callers outside (V 19.8). ``dynamic_numbers``
    are chosen for one call by #30#, #32#-#39# in this order (E 10.6). ``emergency_number`` is the user's fallback for
    emergency calls (E 6.10.2). ``music_on_hold``: whoever the user lets wait hears music (V 7.6). ``ring_s`` ends
    ringing. ``blocklist``: callers who may not call this person (C 2.8.1). ``twinning``: may be logged in on two desk
    phones at once (E 6.4).
    ``hide_line``: only people permitted see the line's state (V 10.1). ``presence_visibility``: who sees the status.
    """

    company_id: CompanyId
    extension: OwnExtension
    name: Name
    email: Email = ""
    profile: Profile = "fixed"
    mobile_number: E164 = ""
    external_number: Annotated[E164, ADDED] = ""
    area_code: Annotated[AreaCode, ADDED] = ""
    location_id: Annotated[int, refers("locations")] | None = None
    department_id: Annotated[int, refers("departments")] | None = None
    language: Language = ""
    in_directory: bool = True
    caller_number: E164 = ""
    caller_name: Label = ""
    hide_number: bool = False
    hide_connected: bool = False
    dynamic_numbers: Annotated[tuple[E164, ...], Meta(max_length=9)] = ()
    connected_privacy: OwnPrivacy = "company"
    forwarded_signal: OwnSignal = "company"
    emergency_number: E164 = ""
    call_waiting: bool = True
    distinctive_ringing: Annotated[bool, ADDED] = True
    music_on_hold: Annotated[bool, ADDED] = True
    twinning: Annotated[bool, ADDED] = False
    ring_s: Annotated[int, Meta(ge=5, le=600)] = 60
    blocked: tuple[Category, ...] = ()
    blocklist: tuple[NumberPattern, ...] = ()
    do_not_disturb: bool = False
    do_not_disturb_reminder: bool = False
    reject_anonymous: bool = False
    follows_location_forward: bool = True
    notify_email: Email = ""
    hide_line: bool = False
    presence_visibility: Annotated[PresenceVisibility, ADDED] = "all"
    may_configure_time: bool = False
    may_see_own_recordings: bool = False
    may_see_all_recordings: bool = False
    is_supervisor: bool = False


class Device(Row, frozen=True):
    """A VoIP channel (E 11.2): one phone's login. ``secret`` is the clear text, in memory only.

    ``call_limit`` is 1-5 simultaneous calls (E 11.2.2). ``encryption`` "required" refuses calls without TLS and
    SRTP; "company" (in rows only, the directory resolves it) follows the company.
    ``emergency_number`` is the channel's fallback (E 6.10.3); while somebody has logged in here it goes first.
    ``user_id`` is whose phone it is, None = a hot desk. An administrator has bound that person to it (E 6.11), unless
    it is a ``hot_desk`` all the same: then the person is logged in whenever nobody else is (E 6.4.1).
    ``logged_in_user_id`` has logged in by code and counts before ``user_id`` (``company.desks``). ``known_address`` is
    where the latest login by code came from: an IPv4 address, or an IPv6 network ("2001:db8::/64").
    ``waiting_beep``: whoever is in a call at it hears a short tone when another one rings there, for phones that give
    none themselves (E 11.4.3).
    """

    company_id: CompanyId
    username: Annotated[str, Meta(min_length=1, max_length=64, pattern="^[A-Za-z0-9._-]+$", examples=["reception-1"])]
    secret: Annotated[str, Meta(extra={"secret": True})]
    name: Label = ""
    user_id: Annotated[int, refers("users", "clear")] | None = None
    logged_in_user_id: Annotated[int, refers("users", "clear")] | None = None
    hot_desk: Annotated[bool, ADDED] = False
    known_address: Annotated[str, Meta(max_length=50, examples=["192.0.2.16"]), ADDED] = ""
    encryption: DeviceEncryption = "company"
    dtmf: DtmfMethod = "rfc4733"
    area_code: AreaCode = ""
    call_limit: Annotated[int, Meta(ge=1, le=5)] = 2
    language: Language = ""
    country: Country = ""
    emergency_number: E164 = ""
    kind: DeviceKind = "fixed"
    waiting_beep: Annotated[bool, ADDED] = False
    active: bool = True


def resolved_encryption(device: Device) -> Encryption:
    """The device's encryption as the directory has resolved it; the strictest reading of a row it has not seen."""
    return "required" if device.encryption == "company" else device.encryption


class AlternateNumber(Row, frozen=True):
    """One more number that rings at a user, at most ten, each with its ring pattern (V 9.4).

    An outside number (``number_id``), or an internal one of its own (``extension``).
    """

    company_id: CompanyId
    user_id: OwnerId
    number_id: Annotated[int, refers("numbers")] | None = None
    extension: OwnExtension = ""
    ring_pattern: Annotated[int, Meta(ge=1, le=4)] = 1


class LinePermission(Row, frozen=True):
    """``user_id`` hides the line's state but lets ``viewer_id`` see it (V 10.1)."""

    company_id: CompanyId
    user_id: OwnerId
    viewer_id: OwnerId


class WatchedLine(Row, frozen=True):
    """One of the lines whose state ``user_id`` follows on the own phone, in the order of its lamps (V 10.1.2).

    Phones that ask for one list of lamps get these. ``extension``: a colleague's, a group's.
    """

    company_id: CompanyId
    user_id: OwnerId
    extension: MemberExtension
    position: Annotated[int, Meta(ge=0, le=10_000)] = 0


ForwardCase: TypeAlias = Literal["always", "selective", "busy", "no_answer", "unreachable"]


class Forward(Row, frozen=True):
    """A forwarding of an extension (V 7.1), for calls to ``own_number`` only when that is given.

    ``to`` is where calls go; a number wins over ``voicemail`` when both are set. ``rings`` counts before no answer.
    ``ring_reminder``: a short ring on desk phones each time.
    """

    company_id: CompanyId
    extension: MemberExtension
    case: ForwardCase
    own_number: E164 = ""
    active: bool = True
    to: Destination = NOWHERE
    voicemail: bool = False
    rings: Annotated[int, Meta(ge=2, le=20)] = 4
    ring_reminder: bool = False


RuleService: TypeAlias = Literal[
    "selective_forward",
    "selective_accept",
    "selective_reject",
    "notification",
    "location_forward",
    "simultaneous_ringing",
    "sequential_ringing",
]
NumberKind: TypeAlias = Literal["internal", "external", "private", "unavailable"]


class Rule(Row, frozen=True):
    """When a service of an extension (or a location) applies (V 6.4-6.5).

    All of it must fit: the time (``schedule_id``, ``holiday_id``; none = always), and the caller (``patterns`` or
    ``kinds``; none = anybody). ``applies`` False turns the service off for what fits. ``to`` overrides the service's
    default destination.
    """

    company_id: CompanyId
    service: RuleService
    name: Name
    extension: MemberExtension | None = None
    location_id: Annotated[int, refers("locations", "cascade")] | None = None
    active: bool = True
    applies: bool = True
    schedule_id: Annotated[int, refers("schedules")] | None = None
    holiday_id: Annotated[int, refers("holidays")] | None = None
    patterns: tuple[CallerPattern, ...] = ()
    kinds: tuple[NumberKind, ...] = ()
    to: Destination = NOWHERE


PresenceStatus: TypeAlias = Literal[
    "office", "meeting", "sick", "break", "out_of_office", "holiday", "lunch", "home", "do_not_disturb"
]


class Presence(Row, frozen=True):
    """What a person has set about being there (U 4.1); times are wall clock, 0 = not known.

    ``until_ms`` ends the status: it is "office" from then on (C 1.1). ``return_ms`` is when the person means to be
    back: others are told so until then, and nothing changes (U 4.1.3). ``note`` is told with the status.
    """

    company_id: CompanyId
    user_id: OwnerId
    status: PresenceStatus = "office"
    until_ms: Annotated[int, Meta(ge=0, extra={"big": True})] = 0
    return_ms: Annotated[int, Meta(ge=0, extra={"big": True}), ADDED] = 0
    note: Label = ""


class StatusForward(Row, frozen=True):
    """Where calls go while a person has this status (U 4.1.4); ``locked``: only an administrator changes it."""

    company_id: CompanyId
    user_id: OwnerId
    status: PresenceStatus
    to: Destination = NOWHERE
    locked: bool = False
