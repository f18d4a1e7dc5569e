"""Everything of one company, as loaded."""

from __future__ import annotations

import msgspec

from kiestoon.company.model.conferences import ConferenceRoom, GroupCall, GroupCallMember, Meeting
from kiestoon.company.model.dialling import ShortNumber, SpeedDial
from kiestoon.company.model.extensions import (
    CallLimit,
    ForwardExtension,
    GroupExtension,
    GroupMember,
    HuntGroup,
    HuntMember,
    LocationRoute,
    LocationRouting,
    Menu,
    TimeRoute,
    TimeRouting,
)
from kiestoon.company.model.favourites import Favourite, FavouriteGroup
from kiestoon.company.model.handling import (
    OperatorSettings,
    ParkGroup,
    ParkMember,
    ParkSettings,
    PickupGroup,
    PickupMember,
    TransferOptions,
)
from kiestoon.company.model.music import MusicFile, MusicOnHold
from kiestoon.company.model.numbering import (
    Number,
    NumberPlan,
    NumberScheme,
    PlanHoliday,
    PlanMapping,
    PlanOverride,
    PlanPeriod,
    Trunk,
)
from kiestoon.company.model.organisation import (
    AllowedAddress,
    Company,
    Department,
    FeatureCode,
    Location,
    PackAssignment,
    PrivacyGrant,
    PrivacyGroup,
    PrivacyMember,
    ServiceAssignment,
    ServicePack,
)
from kiestoon.company.model.people import (
    AlternateNumber,
    Device,
    Forward,
    LinePermission,
    Presence,
    Rule,
    StatusForward,
    User,
    WatchedLine,
)
from kiestoon.company.model.prompts import Prompt, Recording
from kiestoon.company.model.queues import Queue, QueueMember
from kiestoon.company.model.reach import CallClass, ReachCell, ReachOverride, ReachProfile, ReachStatus
from kiestoon.company.model.ringing import (
    AssistantGroup,
    RemoteOffice,
    RingNumber,
    SequentialRinging,
    SimultaneousRinging,
)
from kiestoon.company.model.schedules import Holiday, Schedule
from kiestoon.company.model.voicemail import VoicemailBox


class CompanyRows(msgspec.Struct, frozen=True, kw_only=True):
    """Everything of one company; the fields are the tables' names."""

    company: Company
    locations: tuple[Location, ...] = ()
    departments: tuple[Department, ...] = ()
    users: tuple[User, ...] = ()
    devices: tuple[Device, ...] = ()
    numbers: tuple[Number, ...] = ()
    menus: tuple[Menu, ...] = ()
    trunks: tuple[Trunk, ...] = ()
    alternate_numbers: tuple[AlternateNumber, ...] = ()
    line_permissions: tuple[LinePermission, ...] = ()
    watched_lines: tuple[WatchedLine, ...] = ()
    schedules: tuple[Schedule, ...] = ()
    holidays: tuple[Holiday, ...] = ()
    forwards: tuple[Forward, ...] = ()
    rules: tuple[Rule, ...] = ()
    presences: tuple[Presence, ...] = ()
    status_forwards: tuple[StatusForward, ...] = ()
    group_extensions: tuple[GroupExtension, ...] = ()
    group_members: tuple[GroupMember, ...] = ()
    hunt_groups: tuple[HuntGroup, ...] = ()
    hunt_members: tuple[HuntMember, ...] = ()
    location_routings: tuple[LocationRouting, ...] = ()
    location_routes: tuple[LocationRoute, ...] = ()
    time_routings: tuple[TimeRouting, ...] = ()
    time_routes: tuple[TimeRoute, ...] = ()
    call_limits: tuple[CallLimit, ...] = ()
    forward_extensions: tuple[ForwardExtension, ...] = ()
    number_schemes: tuple[NumberScheme, ...] = ()
    number_plans: tuple[NumberPlan, ...] = ()
    plan_overrides: tuple[PlanOverride, ...] = ()
    plan_mappings: tuple[PlanMapping, ...] = ()
    plan_periods: tuple[PlanPeriod, ...] = ()
    plan_holidays: tuple[PlanHoliday, ...] = ()
    privacy_groups: tuple[PrivacyGroup, ...] = ()
    privacy_members: tuple[PrivacyMember, ...] = ()
    privacy_grants: tuple[PrivacyGrant, ...] = ()
    call_classes: tuple[CallClass, ...] = ()
    reach_statuses: tuple[ReachStatus, ...] = ()
    reach_profiles: tuple[ReachProfile, ...] = ()
    reach_cells: tuple[ReachCell, ...] = ()
    reach_overrides: tuple[ReachOverride, ...] = ()
    allowed_addresses: tuple[AllowedAddress, ...] = ()
    simultaneous_ringing: tuple[SimultaneousRinging, ...] = ()
    sequential_ringing: tuple[SequentialRinging, ...] = ()
    remote_offices: tuple[RemoteOffice, ...] = ()
    assistant_groups: tuple[AssistantGroup, ...] = ()
    ring_numbers: tuple[RingNumber, ...] = ()
    feature_codes: tuple[FeatureCode, ...] = ()
    transfer_options: tuple[TransferOptions, ...] = ()
    operator_settings: tuple[OperatorSettings, ...] = ()
    park_settings: tuple[ParkSettings, ...] = ()
    park_groups: tuple[ParkGroup, ...] = ()
    park_members: tuple[ParkMember, ...] = ()
    pickup_groups: tuple[PickupGroup, ...] = ()
    pickup_members: tuple[PickupMember, ...] = ()
    music_on_hold: tuple[MusicOnHold, ...] = ()
    music_files: tuple[MusicFile, ...] = ()
    voicemail_boxes: tuple[VoicemailBox, ...] = ()
    speed_dials: tuple[SpeedDial, ...] = ()
    short_numbers: tuple[ShortNumber, ...] = ()
    favourite_groups: tuple[FavouriteGroup, ...] = ()
    favourites: tuple[Favourite, ...] = ()
    conference_rooms: tuple[ConferenceRoom, ...] = ()
    meetings: tuple[Meeting, ...] = ()
    group_calls: tuple[GroupCall, ...] = ()
    group_call_members: tuple[GroupCallMember, ...] = ()
    queues: tuple[Queue, ...] = ()
    queue_members: tuple[QueueMember, ...] = ()
    service_packs: tuple[ServicePack, ...] = ()
    pack_assignments: tuple[PackAssignment, ...] = ()
    service_assignments: tuple[ServiceAssignment, ...] = ()
    prompts: tuple[Prompt, ...] = ()
    recordings: tuple[Recording, ...] = ()
