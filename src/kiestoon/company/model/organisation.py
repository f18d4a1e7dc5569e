"""A company, its locations and departments, what it is licensed for, who may see what."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

from kiestoon.company.model.row import (
    ADDED,
    E164,
    NOWHERE,
    AreaCode,
    CompanyId,
    Country,
    Destination,
    Email,
    Label,
    Language,
    MemberExtension,
    Name,
    Row,
    Text,
    refers,
)

Encryption: TypeAlias = Literal["off", "optional", "required"]
Category: TypeAlias = Literal["national", "mobile", "premium", "toll_free", "international", "satellite"]
"""Kinds of destination that can be blocked (E 9)."""
ConnectedPrivacy: TypeAlias = Literal["none", "external", "all"]
"""From whom the identity of a redirect's target is hidden: nobody, callers from outside, everybody (V 11.3)."""
ForwardedSignal: TypeAlias = Literal["never", "internal", "all"]
"""To whom 181 "call is being forwarded" is sent (V 11.3)."""
LampRights: TypeAlias = Literal["everybody", "granted"]
"""Who sees the lines of others: every colleague (V 10.1), or whom a privacy group lets (E 6.1)."""
LampNames: TypeAlias = Literal["nobody", "granted", "everybody"]
"""To whom lamps tell who calls whom: nobody, those who may pick up or hear of the calls (E 6.3), all who see them."""
OwnPrivacy: TypeAlias = Literal["company", "none", "external", "all"]
OwnSignal: TypeAlias = Literal["company", "never", "internal", "all"]
"""The same policies of one extension; "company" = as the company has it."""


class Company(Row, frozen=True):
    """One tenant. ``domain`` is its SIP domain: the only host part under which its devices register.

    ``access_code`` is dialled before an outside number ("0"; "" = none needed). ``emergency_number`` is the account's
    mandatory fallback caller ID for emergency calls (E 6.10.1), E.164 with plus sign. ``encryption`` is for all devices
    that do not say otherwise (E 6.9). ``account`` is the provider's customer number. ``extension_digits`` cannot change
    once there is an extension (E 2.1). ``blocked`` wins over what users may call (E 9.1). ``max_diversions`` bounds a
    chain of forwardings. ``lamp_do_not_disturb``, ``lamp_forwarding``: the lamp of somebody who does not want calls, or
    forwards all of them, is lit. ``unsolicited_mwi``: phones that do not subscribe to their message lamp are told too.
    ``rings_by_kind``: internal, group, national and international calls ring differently (E 5.6).
    ``ip_listing``: desk phones call outside only from where somebody has logged in, or an allowed address (E 6.8).
    """

    name: Name
    domain: Annotated[str, Meta(max_length=253, examples=["phones.example.org"])]
    account: Annotated[str, Meta(max_length=32, pattern="^[A-Za-z0-9._-]*$", extra={"empty_is_null": True})] = ""
    country: Country = "NL"
    language: Language = "nl"
    timezone: Annotated[str, Meta(max_length=64, extra={"timezone": True})] = "Europe/Amsterdam"
    area_code: AreaCode = ""
    access_code: Annotated[str, Meta(max_length=3, pattern="^[0-9]*$", examples=["0"])] = "0"
    extension_digits: Annotated[int, Meta(ge=2, le=5)] = 3
    emergency_number: E164 = ""
    caller_number: E164 = ""
    encryption: Encryption = "optional"
    music_path: Text = ""
    max_calls: Annotated[int, Meta(ge=0, le=100_000)] = 0
    max_diversions: Annotated[int, Meta(ge=1, le=10)] = 10
    blocked: tuple[Category, ...] = ()
    connected_privacy: ConnectedPrivacy = "none"
    forwarded_signal: ForwardedSignal = "never"
    lamp_rights: Annotated[LampRights, ADDED] = "everybody"
    lamp_names: Annotated[LampNames, ADDED] = "granted"
    lamp_do_not_disturb: Annotated[bool, ADDED] = True
    lamp_forwarding: Annotated[bool, ADDED] = True
    unsolicited_mwi: Annotated[bool, ADDED] = False
    rings_by_kind: Annotated[bool, ADDED] = True
    ip_listing: Annotated[bool, ADDED] = False
    contact_email: Email = ""
    active: bool = True


class Location(Row, frozen=True):
    """A site of a company. ``area_code`` completes local numbers and selects the emergency centre.

    ``region`` is a subdivision with public holidays of its own (ISO 3166-2, without the country). The location's caller
    ID is used for its people when ``caller_name_for_users`` says so (V 28.1). ``forward``: location call forwarding is
    "off", "on", or "automatic" while one of its rules applies (V 27.4).
    """

    company_id: CompanyId
    name: Name
    area_code: AreaCode = ""
    timezone: Annotated[str, Meta(max_length=64, extra={"timezone": True})] = "Europe/Amsterdam"
    region: Annotated[str, Meta(max_length=8)] = ""
    caller_number: E164 = ""
    caller_name: Label = ""
    caller_name_for_users: bool = False
    forward: Literal["off", "on", "automatic"] = "off"
    forward_to: Destination = NOWHERE


class Department(Row, frozen=True):
    """A department, possibly inside another one."""

    company_id: CompanyId
    name: Name
    location_id: Annotated[int, refers("locations")] | None = None
    parent_id: Annotated[int, refers("departments")] | None = None


class ServicePack(Row, frozen=True):
    """Licences a company has bought: ``licences`` of a bundle of services (ORG-11). 0 = without limit."""

    company_id: CompanyId
    name: Name
    services: tuple[str, ...] = ()
    licences: Annotated[int, Meta(ge=0, le=1_000_000)] = 0


class PackAssignment(Row, frozen=True):
    """A pack given to an extension (uses one licence), or made available at a location (V 29.1).

    A pack that is available at locations can be given there only, ``licences`` times at most (None: as often as the
    company has licences); one that is available at none can be given anywhere.
    """

    company_id: CompanyId
    pack_id: Annotated[int, refers("service_packs")]
    extension: MemberExtension | None = None
    location_id: Annotated[int, refers("locations", "cascade")] | None = None
    licences: Annotated[int, Meta(ge=0, le=1_000_000)] | None = None


class ServiceAssignment(Row, frozen=True):
    """A service given to one extension without a pack, or, ``assigned`` False, taken from it whatever packs say."""

    company_id: CompanyId
    extension: MemberExtension
    service: Annotated[str, Meta(min_length=1, max_length=40, examples=["voicemail"])]
    assigned: bool = True


class PrivacyGroup(Row, frozen=True):
    """People who hold rights over other extensions (E 6.3)."""

    company_id: CompanyId
    name: Name
    description: Annotated[str, Meta(max_length=255, extra={"empty_is_null": True})] = ""


class PrivacyMember(Row, frozen=True):
    """One who holds the group's rights."""

    company_id: CompanyId
    group_id: Annotated[int, refers("privacy_groups", "cascade")]
    extension: MemberExtension


class PrivacyGrant(Row, frozen=True):
    """What the group's members may do with ``extension``; ``notify_delay_s`` delays the notice of its calls."""

    company_id: CompanyId
    group_id: Annotated[int, refers("privacy_groups", "cascade")]
    extension: MemberExtension
    pickup: bool = False
    parked: bool = False
    presence: bool = False
    notify: bool = False
    notify_delay_s: Annotated[int, Meta(ge=0, le=600)] = 0
    listen: bool = False


class AllowedAddress(Row, frozen=True):
    """An IP address, or a range of 256 at most, whose phones need no login to call outside under IP listing (E 6.8.2).

    ``last_address`` "" = the one address. Both are IPv4 or both IPv6.
    """

    company_id: CompanyId
    first_address: Annotated[str, Meta(min_length=2, max_length=45, examples=["192.0.2.16"])]
    last_address: Annotated[str, Meta(max_length=45, examples=["192.0.2.31"])] = ""
    name: Label = ""


class FeatureCode(Row, frozen=True):
    """A dialled pattern and the feature it stands for (CALL-23). ``code`` holds digits, * and #.

    What follows it (an extension, a number, digits) depends on the feature (``company.codes``).
    """

    company_id: CompanyId
    feature: Annotated[str, Meta(max_length=40)]
    code: Annotated[str, Meta(min_length=1, max_length=8, pattern=r"^[0-9*#]+$", examples=["*78"])]
