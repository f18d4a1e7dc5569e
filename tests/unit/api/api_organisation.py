"""A company with two locations, departments inside departments, and a row of every type; and another company."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Connection, insert

from kiestoon.api.principal import Principal
from kiestoon.company.model import (
    AllowedAddress,
    AlternateNumber,
    AssistantGroup,
    CallClass,
    CallLimit,
    Company,
    ConferenceRoom,
    Department,
    Destination,
    Device,
    Favourite,
    FavouriteGroup,
    FeatureCode,
    Forward,
    ForwardExtension,
    GroupCall,
    GroupCallMember,
    GroupExtension,
    GroupMember,
    Holiday,
    HolidayDay,
    HuntGroup,
    HuntMember,
    LinePermission,
    Location,
    LocationRoute,
    LocationRouting,
    Meeting,
    Menu,
    MusicFile,
    MusicOnHold,
    Number,
    NumberPlan,
    NumberScheme,
    OperatorSettings,
    PackAssignment,
    ParkGroup,
    ParkMember,
    ParkSettings,
    PickupGroup,
    PickupMember,
    PlanHoliday,
    PlanMapping,
    PlanOverride,
    PlanPeriod,
    Presence,
    PrivacyGrant,
    PrivacyGroup,
    PrivacyMember,
    Queue,
    QueueMember,
    ReachCell,
    ReachOverride,
    ReachProfile,
    ReachStatus,
    RemoteOffice,
    RingNumber,
    Row,
    Rule,
    Schedule,
    SequentialRinging,
    ServiceAssignment,
    ServicePack,
    ShortNumber,
    SimultaneousRinging,
    SpeedDial,
    StatusForward,
    TimeRoute,
    TimeRouting,
    TransferOptions,
    Trunk,
    User,
    VoicemailBox,
    WatchedLine,
    WeekBlock,
)
from kiestoon.store.database import Database
from kiestoon.store.keys import Vault, new_secret
from kiestoon.store.tables import TABLES
from kiestoon.store.voicemail_tables import voicemail_messages
from kiestoon.store.write import Changes, changing

OFFICE = (WeekBlock(0, 540, 1020),)


class Organisation(msgspec.Struct, frozen=True):
    """``own``: for each table a row that belongs to the person "sam", the department and the location administered;
    ``other``: one (where there is any) of the same company that belongs to none of them."""

    company_id: int
    foreign_id: int
    own: dict[str, int]
    other: dict[str, int]

    def principals(self) -> dict[str, Principal]:
        """Somebody of each role."""

        def principal(role: Any, account_id: int, **more: Any) -> Principal:
            company = None if role == "operator" else self.company_id
            return Principal(account_id=account_id, name=role, role=role, language="en", company_id=company, **more)

        return {
            "operator": principal("operator", 1),
            "company": principal("company", 2),
            "location": principal("location", 3, location_id=self.own["locations"]),
            "department": principal("department", 4, department_id=self.own["departments"]),
            "user": principal("user", 5, user_id=self.own["users"]),
            "planner": principal("user", 6, user_id=self.own["users"], rights=frozenset({"time_configuration"})),
        }


def make_organisation(database: Database, vault: Vault) -> Organisation:
    """Write it."""
    own: dict[str, int] = {}
    other: dict[str, int] = {}
    with changing(database, vault, acting_user="test") as changes:
        company = changes.add(
            Company(id=0, name="Bakery", domain="bakery.example", account="K-100", emergency_number="+31205550102")
        )
        foreign = changes.add(Company(id=0, name="Butcher", domain="butcher.example"))
        own["companies"], other["companies"] = company.id, foreign.id
        _fill(changes, company.id, own, "2", "+3120555010")
        _fill(changes, company.id, other, "3", "+3110555020")
    return Organisation(company.id, foreign.id, own, other)


def add_message(connection: Connection, company_id: int, extension: str, **values: Any) -> int:
    """A voicemail message."""
    cells = {
        "company_id": company_id, "extension": extension, "state": "new", "at_ms": 1_790_000_000_000,
        "duration_ms": 21_500, "file": f"{company_id}-{extension}.wav", "call_id": "c1", "reason": "no-answer",
        "caller_number": "+31612345678", "caller_name": "Kim", "caller_withheld": False, **values,
    }  # fmt: skip
    table = voicemail_messages
    return int(connection.execute(insert(table).values(cells).returning(table.c.id)).scalar_one())


def _fill(changes: Changes, company_id: int, ids: dict[str, int], digit: str, e164: str) -> None:
    """A location, a department inside another one, a person, and everything that hangs on them."""

    def add(row_type: type[Row], **values: Any) -> Any:
        row = changes.add(row_type(id=0, company_id=company_id, **values))
        ids[TABLES[row_type].name] = row.id
        return row

    first = digit == "2"
    location = add(Location, name=f"Site {digit}")
    department = add(Department, name="Sales", location_id=location.id)
    inner = changes.add(
        Department(id=0, company_id=company_id, name="Counter", location_id=location.id, parent_id=department.id)
    )
    place: dict[str, Any] = {"location_id": location.id, "department_id": inner.id}
    user = add(User, extension=f"{digit}01", name=f"Sam {digit}", email=f"sam{digit}@bakery.example", **place)
    number = f"{digit}01"
    to = Destination("extension", number)
    add(Device, username=f"phone-{digit}", secret=new_secret(), user_id=user.id)
    personal = add(Number, e164=f"{e164}1", extension=number, **place)
    planned = changes.add(Number(id=0, company_id=company_id, e164=f"{e164}2", **place))
    alternate = changes.add(Number(id=0, company_id=company_id, e164=f"{e164}3", **place))
    ids["numbers"] = personal.id
    add(Trunk, name=f"line-{digit}", kind="peer", host="sip.example.net", sources=("192.0.2.1",))
    add(AlternateNumber, user_id=user.id, number_id=alternate.id)
    viewer = changes.add(User(id=0, company_id=company_id, extension=f"{digit}02", name=f"Kim {digit}", **place))
    add(LinePermission, user_id=user.id, viewer_id=viewer.id)
    add(WatchedLine, user_id=user.id, extension=viewer.extension)
    add(Schedule, name="Office hours", user_id=user.id, blocks=OFFICE)
    add(Holiday, name="Camping", user_id=user.id, days=(HolidayDay("Week", "2026-07-01", "2026-07-07"),))
    add(Forward, extension=number, case="busy", to=Destination("number", "0612345678"))
    add(Rule, service="selective_reject", name="Sales calls", extension=number, patterns=("+3185*",))
    add(Presence, user_id=user.id)
    add(StatusForward, user_id=user.id, status="meeting", to=Destination("voicemail"))
    add(VoicemailBox, extension=number)
    ids["voicemail_messages"] = add_message(changes.connection, company_id, number)
    add(Menu, extension=f"{digit}10", name="Menu", **place)
    group = add(GroupExtension, extension=f"{digit}11", name="Everybody", **place)
    add(GroupMember, group_id=group.id, extension=number)
    hunt = add(HuntGroup, extension=f"{digit}12", name="Orders", **place)
    add(HuntMember, hunt_group_id=hunt.id, extension=number)
    routing = add(LocationRouting, extension=f"{digit}13", name="By place", **place)
    add(LocationRoute, routing_id=routing.id, match="020", to=to)
    time = add(TimeRouting, extension=f"{digit}14", name="By time", **place)
    add(TimeRoute, routing_id=time.id, start_day=0, end_day=4, start=540, end=1020, to=to)
    add(CallLimit, extension=f"{digit}15", name="Two at once", limit=2, **place)
    add(ForwardExtension, extension=f"{digit}16", name="Mobile", **place)
    room = add(ConferenceRoom, extension=f"{digit}17", name="Board room", user_id=user.id, pin="4711", **place)
    meeting = {"start": "2026-12-05T14:00", "end": "2026-12-05T15:00"}
    add(Meeting, user_id=user.id, room_id=room.id, name="Budget", **meeting)
    everybody = add(GroupCall, extension=f"{digit}18", name="Alarm", **place)
    add(GroupCallMember, group_call_id=everybody.id, number="0612345678")
    queue = add(Queue, extension=f"{digit}19", name="Service desk", **place)
    add(QueueMember, queue_id=queue.id, extension=number)
    scheme = add(NumberScheme, name=f"Scheme {digit}", position=int(digit), is_main=first, location_id=location.id)
    plan = add(NumberPlan, scheme_id=scheme.id, name="Day", position=1)
    night = changes.add(NumberPlan(id=0, company_id=company_id, scheme_id=scheme.id, name="Night", position=2))
    ids["second_plan"] = night.id
    add(PlanMapping, plan_id=plan.id, number_id=planned.id, extension=number)
    add(PlanOverride, scheme_id=scheme.id, plan_id=plan.id)
    add(PlanPeriod, scheme_id=scheme.id, plan_id=plan.id, blocks=OFFICE)
    add(
        PlanHoliday,
        scheme_id=scheme.id,
        plan_id=plan.id,
        name="Xmas",
        start="2026-12-24T17:00",
        end="2026-12-27T08:00",
    )
    privacy = add(PrivacyGroup, name=f"Secretaries {digit}")
    add(AssistantGroup, user_id=user.id, group_id=privacy.id, active=False)
    add(PrivacyMember, group_id=privacy.id, extension=number)
    add(PrivacyGrant, group_id=privacy.id, extension=number, pickup=True)
    callers = add(CallClass, user_id=user.id, name="Family", numbers=("+31612345678",))
    status = add(ReachStatus, user_id=user.id, name="Working", blocks=OFFICE)
    profile = add(ReachProfile, user_id=user.id, name="Default", is_default=True)
    add(ReachCell, user_id=user.id, profile_id=profile.id, status_id=status.id, call_class_id=callers.id)
    add(ReachOverride, user_id=user.id, status_id=status.id)
    add(AllowedAddress, first_address=f"192.0.2.{digit}0", last_address=f"192.0.2.{digit}9")
    add(FeatureCode, feature="do_not_disturb_on", code=f"*{digit}8")
    add(SpeedDial, user_id=user.id, code=f"{digit}1", number="00612345678")
    add(ShortNumber, code=f"*2{digit}1", number="00612345678", name="Notary")
    favourites = add(FavouriteGroup, user_id=user.id, name="Front office")
    add(Favourite, group_id=favourites.id, extension=number)
    add(SimultaneousRinging, user_id=user.id, active=False)
    add(SequentialRinging, user_id=user.id)
    add(RemoteOffice, user_id=user.id, active=False, number="0612345678")
    add(RingNumber, user_id=user.id, service="simultaneous", position=1, to=Destination("number", "0612345678"))
    add(TransferOptions, user_id=user.id, camp_on=True)
    add(OperatorSettings, location_id=location.id, operator=number)
    add(ParkSettings, location_id=location.id, alternate=f"{digit}12")
    lots = add(ParkGroup, name=f"Counter {digit}", location_id=location.id)
    add(ParkMember, group_id=lots.id, extension=number)
    pickup = add(PickupGroup, name=f"Counter {digit}", location_id=location.id)
    add(PickupMember, group_id=pickup.id, extension=number)
    playlist = "spring" if first else "autumn"
    add(MusicOnHold, department_id=department.id, playlist=playlist)
    add(MusicFile, playlist=playlist, file=f"{company_id}-{digit}.ogg", duration_ms=1000)
    pack = add(ServicePack, name=f"Pack {digit}", services=("call_recording",), licences=10)
    add(PackAssignment, pack_id=pack.id, extension=number)
    add(ServiceAssignment, extension=number, service="hot_desking")
