"""Every type of configuration row, once: the list from which tables, API and export are made."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec

from kiestoon.company.model import (
    accounts,
    conferences,
    dialling,
    extensions,
    favourites,
    handling,
    music,
    numbering,
    organisation,
    people,
    prompts,
    queues,
    reach,
    ringing,
    schedules,
    voicemail,
    webhooks,
)
from kiestoon.company.model.row import Row


class Entity(msgspec.Struct, frozen=True):
    """One type of row.

    ``table`` is its name everywhere: SQL table, API path, field of ``CompanyRows``, section of an export.
    ``unique``: field sets no two rows of a company may share (of the installation, where ``installation_wide``).
    ``key``: the fields by which people and exports know a row; the first names it in messages.
    ``nouns``: English and Dutch, singular. ``exported``: part of a company's file.
    """

    row: type[Row]
    table: str
    nouns: tuple[str, str]
    key: tuple[str, ...] = ("name",)
    unique: tuple[tuple[str, ...], ...] = ()
    installation_wide: bool = False
    exported: bool = True

    @property
    def has_extension(self) -> bool:
        """Whether rows of this type are called under an internal number of their own."""
        return "extension" in self.row.__struct_fields__ and own_extension(self.row)


@cache
def own_extension(row: type[Row]) -> bool:
    """Whether the row's ``extension`` is its own (not a reference to somebody's)."""
    for field in msgspec.inspect.type_info(row).fields:  # type: ignore[attr-defined]
        if field.name == "extension":
            return bool(meta_of(field.type).get("extension") == "own")
    return False


def meta_of(kind: msgspec.inspect.Type) -> dict[str, Any]:
    """The ``extra`` of a field's type, also inside an optional one."""
    if isinstance(kind, msgspec.inspect.Metadata):
        return {**meta_of(kind.type), **(kind.extra or {})}
    if isinstance(kind, msgspec.inspect.UnionType):
        return {key: value for part in kind.types for key, value in meta_of(part).items()}
    return {}


ENTITIES: tuple[Entity, ...] = (
    Entity(
        organisation.Company,
        "companies",
        ("company", "bedrijf"),
        unique=(("domain",), ("account",)),
        installation_wide=True,
    ),
    Entity(organisation.Location, "locations", ("location", "locatie"), unique=(("name",),)),
    Entity(organisation.Department, "departments", ("department", "afdeling"), unique=(("location_id", "name"),)),
    Entity(people.User, "users", ("user", "gebruiker"), key=("extension", "name")),
    Entity(people.Device, "devices", ("device", "toestel"), key=("username",), unique=(("username",),)),
    Entity(
        numbering.Number,
        "numbers",
        ("number", "nummer"),
        key=("e164",),
        unique=(("e164",),),
        installation_wide=True,
    ),
    Entity(extensions.Menu, "menus", ("menu", "keuzemenu"), key=("extension", "name")),
    Entity(numbering.Trunk, "trunks", ("outside line", "buitenlijn"), unique=(("name",),), installation_wide=True),
    Entity(
        people.AlternateNumber,
        "alternate_numbers",
        ("alternate number", "alternatief nummer"),
        key=("user_id", "number_id", "extension"),
        unique=(("number_id",),),
    ),
    Entity(
        people.LinePermission,
        "line_permissions",
        ("line permission", "lijnrecht"),
        key=("user_id", "viewer_id"),
        unique=(("user_id", "viewer_id"),),
    ),
    Entity(
        people.WatchedLine,
        "watched_lines",
        ("watched line", "gevolgde lijn"),
        key=("user_id", "extension"),
        unique=(("user_id", "extension"),),
    ),
    Entity(
        schedules.Schedule, "schedules", ("time schedule", "tijdschema"), unique=(("location_id", "user_id", "name"),)
    ),
    Entity(schedules.Holiday, "holidays", ("holiday", "vakantie"), unique=(("location_id", "user_id", "name"),)),
    Entity(
        people.Forward,
        "forwards",
        ("forwarding", "doorschakeling"),
        key=("extension", "case", "own_number"),
        unique=(("extension", "case", "own_number"),),
    ),
    Entity(
        people.Rule,
        "rules",
        ("rule", "regel"),
        key=("extension", "location_id", "service", "name"),
        unique=(("extension", "location_id", "service", "name"),),
    ),
    Entity(people.Presence, "presences", ("presence", "aanwezigheid"), key=("user_id",), unique=(("user_id",),)),
    Entity(
        people.StatusForward,
        "status_forwards",
        ("forwarding by status", "doorschakeling per status"),
        key=("user_id", "status"),
        unique=(("user_id", "status"),),
    ),
    Entity(
        extensions.GroupExtension, "group_extensions", ("group extension", "groepsextensie"), key=("extension", "name")
    ),
    Entity(
        extensions.GroupMember,
        "group_members",
        ("group member", "groepslid"),
        key=("group_id", "extension"),
        unique=(("group_id", "extension"),),
    ),
    Entity(extensions.HuntGroup, "hunt_groups", ("hunt group", "groepsschakeling"), key=("extension", "name")),
    Entity(
        extensions.HuntMember,
        "hunt_members",
        ("hunt group member", "deelnemer"),
        key=("hunt_group_id", "extension"),
        unique=(("hunt_group_id", "extension"),),
    ),
    Entity(
        extensions.LocationRouting, "location_routings", ("LBR extension", "LBR-extensie"), key=("extension", "name")
    ),
    Entity(
        extensions.LocationRoute,
        "location_routes",
        ("LBR route", "LBR-route"),
        key=("routing_id", "match"),
        unique=(("routing_id", "match"),),
    ),
    Entity(extensions.TimeRouting, "time_routings", ("TBR extension", "TBR-extensie"), key=("extension", "name")),
    Entity(
        extensions.TimeRoute, "time_routes", ("TBR period", "TBR-periode"), key=("routing_id", "start_day", "start")
    ),
    Entity(
        extensions.CallLimit, "call_limits", ("call-limit extension", "call-limit-extensie"), key=("extension", "name")
    ),
    Entity(
        extensions.ForwardExtension,
        "forward_extensions",
        ("forward extension", "forward-extensie"),
        key=("extension", "name"),
    ),
    Entity(
        numbering.NumberScheme,
        "number_schemes",
        ("number-plan scheme", "nummerplanschema"),
        unique=(("name",), ("position",)),
    ),
    Entity(
        numbering.NumberPlan,
        "number_plans",
        ("number plan", "nummerplan"),
        key=("scheme_id", "name"),
        unique=(("scheme_id", "name"), ("scheme_id", "position")),
    ),
    Entity(
        numbering.PlanOverride,
        "plan_overrides",
        ("plan override", "handmatige overschrijving"),
        key=("scheme_id",),
        unique=(("scheme_id",),),
    ),
    Entity(
        numbering.PlanMapping,
        "plan_mappings",
        ("number mapping", "nummerkoppeling"),
        key=("plan_id", "number_id"),
        unique=(("plan_id", "number_id"),),
    ),
    Entity(
        numbering.PlanPeriod, "plan_periods", ("plan period", "planperiode"), key=("plan_id",), unique=(("plan_id",),)
    ),
    Entity(
        numbering.PlanHoliday,
        "plan_holidays",
        ("holiday period", "vakantieperiode"),
        key=("scheme_id", "name"),
        unique=(("scheme_id", "name"),),
    ),
    Entity(organisation.PrivacyGroup, "privacy_groups", ("privacy group", "privacygroep"), unique=(("name",),)),
    Entity(
        organisation.PrivacyMember,
        "privacy_members",
        ("privacy group member", "privacygroeplid"),
        key=("group_id", "extension"),
        unique=(("group_id", "extension"),),
    ),
    Entity(
        organisation.PrivacyGrant,
        "privacy_grants",
        ("privacy right", "privacyrecht"),
        key=("group_id", "extension"),
        unique=(("group_id", "extension"),),
    ),
    Entity(
        reach.CallClass,
        "call_classes",
        ("call class", "oproepklasse"),
        key=("user_id", "name"),
        unique=(("user_id", "name"),),
    ),
    Entity(
        reach.ReachStatus,
        "reach_statuses",
        ("REACH status", "REACH-status"),
        key=("user_id", "name"),
        unique=(("user_id", "name"),),
    ),
    Entity(
        reach.ReachProfile,
        "reach_profiles",
        ("REACH profile", "REACH-profiel"),
        key=("user_id", "name"),
        unique=(("user_id", "name"),),
    ),
    Entity(
        reach.ReachCell,
        "reach_cells",
        ("REACH cell", "REACH-cel"),
        key=("user_id", "status_id", "call_class_id"),
        unique=(("user_id", "status_id", "call_class_id"),),
    ),
    Entity(
        reach.ReachOverride,
        "reach_overrides",
        ("REACH override", "REACH-instelling"),
        key=("user_id",),
        unique=(("user_id",),),
    ),
    Entity(
        organisation.AllowedAddress,
        "allowed_addresses",
        ("allowed address", "toegestaan adres"),
        key=("first_address",),
    ),
    Entity(
        ringing.SimultaneousRinging,
        "simultaneous_ringing",
        ("simultaneous ringing", "simultaan bellen"),
        key=("user_id",),
        unique=(("user_id",),),
    ),
    Entity(
        ringing.SequentialRinging,
        "sequential_ringing",
        ("sequential ringing", "sequentieel bellen"),
        key=("user_id",),
        unique=(("user_id",),),
    ),
    Entity(
        ringing.RemoteOffice,
        "remote_offices",
        ("remote office", "kantoor op afstand"),
        key=("user_id",),
        unique=(("user_id",),),
    ),
    Entity(
        ringing.AssistantGroup,
        "assistant_groups",
        ("assistant group", "assistentengroep"),
        key=("user_id",),
        unique=(("user_id",),),
    ),
    Entity(
        ringing.RingNumber,
        "ring_numbers",
        ("number to ring", "te bellen nummer"),
        key=("user_id", "service", "position"),
        unique=(("user_id", "service", "position"),),
    ),
    Entity(
        organisation.FeatureCode,
        "feature_codes",
        ("feature code", "snelcode"),
        key=("code",),
        unique=(("code",),),
    ),
    Entity(
        handling.TransferOptions,
        "transfer_options",
        ("transfer options", "doorverbindopties"),
        key=("user_id",),
        unique=(("user_id",),),
    ),
    Entity(
        handling.OperatorSettings,
        "operator_settings",
        ("operator settings", "telefonisteninstellingen"),
        key=("location_id",),
        unique=(("location_id",),),
    ),
    Entity(
        handling.ParkSettings,
        "park_settings",
        ("park settings", "parkeerinstellingen"),
        key=("location_id",),
        unique=(("location_id",),),
    ),
    Entity(handling.ParkGroup, "park_groups", ("park group", "parkeergroep"), unique=(("name",),)),
    Entity(
        handling.ParkMember,
        "park_members",
        ("park group member", "parkeergroeplid"),
        key=("group_id", "extension"),
        unique=(("extension",),),
    ),
    Entity(handling.PickupGroup, "pickup_groups", ("pickup group", "ophaalgroep"), unique=(("name",),)),
    Entity(
        handling.PickupMember,
        "pickup_members",
        ("pickup group member", "ophaalgroeplid"),
        key=("group_id", "extension"),
        unique=(("extension",),),
    ),
    Entity(
        music.MusicOnHold,
        "music_on_hold",
        ("music on hold", "wachtmuziek"),
        key=("location_id", "department_id"),
        unique=(("location_id", "department_id"),),
    ),
    Entity(
        voicemail.VoicemailBox,
        "voicemail_boxes",
        ("voicemail box", "voicemailbox"),
        key=("extension",),
        unique=(("extension",),),
    ),
    Entity(
        dialling.SpeedDial,
        "speed_dials",
        ("speed dial", "snelkiesnummer"),
        key=("code", "user_id"),
        unique=(("user_id", "code"),),
    ),
    Entity(
        dialling.ShortNumber, "short_numbers", ("short number", "verkort nummer"), key=("code",), unique=(("code",),)
    ),
    Entity(
        favourites.FavouriteGroup,
        "favourite_groups",
        ("group of favourites", "favorietengroep"),
        key=("user_id", "name"),
        unique=(("user_id", "name"),),
    ),
    Entity(
        favourites.Favourite,
        "favourites",
        ("favourite", "favoriet"),
        key=("group_id", "extension", "number"),
        unique=(("group_id", "extension", "number"),),
    ),
    Entity(
        conferences.ConferenceRoom,
        "conference_rooms",
        ("conference room", "vergaderruimte"),
        key=("extension", "name"),
    ),
    Entity(
        conferences.Meeting,
        "meetings",
        ("meeting", "vergadering"),
        key=("room_id", "start"),
        unique=(("room_id", "start"),),
        exported=False,  # a file that is applied elsewhere must not invite everybody again
    ),
    Entity(conferences.GroupCall, "group_calls", ("group call", "groepsoproep"), key=("extension", "name")),
    Entity(
        conferences.GroupCallMember,
        "group_call_members",
        ("group call member", "deelnemer aan een groepsoproep"),
        key=("group_call_id", "extension", "number"),
        unique=(("group_call_id", "extension", "number"),),
    ),
    Entity(queues.Queue, "queues", ("queue", "wachtrij"), key=("extension", "name")),
    Entity(
        queues.QueueMember,
        "queue_members",
        ("queue member", "lid van een wachtrij"),
        key=("queue_id", "extension"),
        unique=(("queue_id", "extension"),),
    ),
    Entity(organisation.ServicePack, "service_packs", ("service pack", "servicepack"), unique=(("name",),)),
    Entity(
        organisation.PackAssignment,
        "pack_assignments",
        ("pack assignment", "servicetoewijzing"),
        key=("pack_id", "extension", "location_id"),
        unique=(("pack_id", "extension", "location_id"),),
    ),
    Entity(
        organisation.ServiceAssignment,
        "service_assignments",
        ("service assignment", "toegewezen dienst"),
        key=("extension", "service"),
        unique=(("extension", "service"),),
    ),
)

LOGIN_ENTITIES: tuple[Entity, ...] = (
    Entity(accounts.Account, "accounts", ("account", "account"), key=("login",), unique=(("login",), ("user_id",))),
    Entity(
        accounts.IdentityProvider,
        "identity_providers",
        ("identity provider", "identiteitsprovider"),
        unique=(("name",),),
    ),
)
"""Rows of the web's logins: written and audited like the others, but not part of the organisation that calls go by."""

EVENT_ENTITIES: tuple[Entity, ...] = (
    Entity(webhooks.Webhook, "webhooks", ("webhook", "webhook"), unique=(("name",),)),
)
"""As above: who is told of a company's events."""

RECORDING_ENTITIES: tuple[Entity, ...] = (
    Entity(
        prompts.Prompt,
        "prompts",
        ("prompt", "gesproken tekst"),
        key=("key", "language"),
        unique=(("key", "language"),),
    ),
    Entity(
        prompts.Recording,
        "recordings",
        ("recording", "opname"),
        key=("number",),
        unique=(("number",),),
    ),
    Entity(music.MusicFile, "music_files", ("music file", "muziekbestand"), key=("playlist", "source")),
)
"""As above: rows with an audio file beside them, made by uploading or recording it. Calls go by them, too."""

BY_TABLE: dict[str, Entity] = {entity.table: entity for entity in ENTITIES}
BY_ROW: dict[type[Row], Entity] = {
    entity.row: entity for entity in (*ENTITIES, *LOGIN_ENTITIES, *EVENT_ENTITIES, *RECORDING_ENTITIES)
}

VIRTUAL_TABLES: tuple[str, ...] = tuple(
    entity.table for entity in ENTITIES if issubclass(entity.row, extensions.Virtual)
)
"""The virtual users (V 18.5): whatever has an internal number of its own and is no person."""

BELONGING: tuple[Entity, ...] = tuple(entity for entity in ENTITIES if entity.row is not organisation.Company)
"""What belongs to a company and is configuration."""
LOADED: tuple[Entity, ...] = (*BELONGING, *RECORDING_ENTITIES)
"""What of a company is held in memory; ``CompanyRows`` has a field for each."""
