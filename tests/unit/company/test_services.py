"""Which services an extension has, and what that leaves of its company's rows (ORG-5, ORG-11)."""

from __future__ import annotations

from typing import Any

import pytest

from kiestoon.company.directory import CompanyIndex
from kiestoon.company.in_force import FIELDS, rows_in_force, services_of_forward
from kiestoon.company.model import (
    AlternateNumber,
    Company,
    CompanyRows,
    Department,
    Destination,
    Forward,
    GroupExtension,
    HuntGroup,
    Location,
    LocationRouting,
    PackAssignment,
    ReachOverride,
    ReachProfile,
    RingNumber,
    Rule,
    ServiceAssignment,
    ServicePack,
    SimultaneousRinging,
    StatusForward,
    User,
    VoicemailBox,
)
from kiestoon.company.profiles import FOR_FUNCTIONS, FOR_VIRTUAL, SERVICES, offered, services_of
from kiestoon.company.services import Licensing, Services
from kiestoon.company.voicemail import box_of

COMPANY = Company(id=1, name="Acme", domain="acme.example")
ANN = User(id=1, company_id=1, extension="101", name="Ann", location_id=1)
BEN = User(id=2, company_id=1, extension="102", name="Ben", department_id=5)
CAS = User(id=3, company_id=1, extension="103", name="Cas")
PEOPLE: dict[str, Any] = {
    "company": COMPANY,
    "locations": (Location(id=1, company_id=1, name="Here"), Location(id=2, company_id=1, name="There")),
    "departments": (Department(id=5, company_id=1, name="Sales", location_id=2),),
    "users": (ANN, BEN, CAS),
}
TO = Destination("number", "0612345678")
BOX = Destination("voicemail")


def pack(pack_id: int, *services: str, **fields: Any) -> ServicePack:
    return ServicePack(id=pack_id, company_id=1, name=f"Pack {pack_id}", services=services, **fields)


def given(pack_id: int, extension: str | None = None, location_id: int | None = None) -> PackAssignment:
    return PackAssignment(id=pack_id, company_id=1, pack_id=pack_id, extension=extension, location_id=location_id)


def by_hand(extension: str, service: str, assigned: bool = True) -> ServiceAssignment:
    return ServiceAssignment(id=1, company_id=1, extension=extension, service=service, assigned=assigned)


def company(**more: Any) -> CompanyRows:
    return CompanyRows(**{**PEOPLE, **more})


def has(service: str, **more: Any) -> set[str]:
    services = Services.of(company(**more))
    return {user.extension for user in PEOPLE["users"] if services.has(user.extension, service)}


# --- who has what ----------------------------------------------------------------------------------------------------


def test_without_packs_everybody_has_everything() -> None:
    services = Services.of(company())
    assert not services.restricts
    assert all(services.has("101", service) for service in SERVICES)


def test_what_a_pack_holds_is_for_whom_it_is_given_to_and_the_rest_for_everybody() -> None:
    packs = {"service_packs": (pack(1, "voicemail"),), "pack_assignments": (given(1, "101"),)}
    assert has("voicemail", **packs) == {"101"}
    assert has("forwarding", **packs) == {"101", "102", "103"}


def test_a_pack_is_in_force_at_its_locations_only() -> None:
    """Ben is at There through the department; who is nowhere is not concerned."""
    packs = {"service_packs": (pack(1, "voicemail"),), "pack_assignments": (given(1, None, 2),)}
    assert has("voicemail", **packs) == {"101", "103"}
    packs["pack_assignments"] += (given(1, "102"),)
    assert has("voicemail", **packs) == {"101", "102", "103"}


def test_a_pack_that_is_not_available_where_somebody_is_gives_nothing() -> None:
    packs = {
        "service_packs": (pack(1, "voicemail"), pack(2, "voicemail")),
        "pack_assignments": (given(1, None, 2), given(1, "101"), given(2, None, 1)),
    }
    assert "101" not in has("voicemail", **packs)


def test_what_is_given_or_taken_by_hand_wins_over_packs() -> None:
    packs = {"service_packs": (pack(1, "voicemail"),), "pack_assignments": (given(1, "101"),)}
    hands = (by_hand("102", "voicemail"), by_hand("101", "voicemail", False), by_hand("101", "forwarding", False))
    assert has("voicemail", **packs, service_assignments=hands) == {"102"}
    assert has("forwarding", **packs, service_assignments=hands) == {"102", "103"}


@pytest.mark.parametrize(
    ("service", "profiles"),
    [
        ("ring_reminder", {"fixed", "combi"}),
        ("alternate_numbers", {"fixed", "flex", "combi"}),
        ("forwarding", {"fixed", "mobile", "flex", "combi"}),
    ],
)
def test_services_depend_on_the_profile(service: str, profiles: set[str]) -> None:
    assert {profile for profile in ("fixed", "mobile", "flex", "combi") if offered(service, profile)} == profiles
    for profile in ("fixed", "mobile", "flex", "combi"):
        users = (User(id=1, company_id=1, extension="101", name="Ann", profile=profile),)
        assert Services.of(company(users=users)).has("101", service) == (profile in profiles)


def test_nothing_given_by_hand_goes_beyond_the_profile() -> None:
    users = (User(id=1, company_id=1, extension="101", name="Ann", profile="mobile"),)
    hands = (by_hand("101", "ring_reminder"),)
    assert not Services.of(company(users=users, service_assignments=hands)).has("101", "ring_reminder")


def test_virtual_users_have_what_concerns_calls_that_come_in_and_functions_less_of_it() -> None:
    rows = company(
        hunt_groups=(HuntGroup(id=1, company_id=1, extension="300", name="Orders"),),
        location_routings=(LocationRouting(id=1, company_id=1, extension="301", name="By place"),),
    )
    services = Services.of(rows)
    assert not services.restricts
    assert {service for service in SERVICES if services.has("300", service)} == FOR_VIRTUAL
    assert {service for service in SERVICES if services.has("301", service)} == FOR_FUNCTIONS == services_of("function")


def test_the_standing_says_why() -> None:
    licensing = Licensing(
        [pack(1, "voicemail", "reach")], [given(1, "101")], [by_hand("101", "reach", False), by_hand("102", "reach")]
    )

    def standing(service: str, extension: str, kind: Any = "fixed") -> str:
        return licensing.standing(service, extension, kind, None)

    assert standing("forwarding", "101") == "open"
    assert standing("voicemail", "101") == "pack"
    assert standing("voicemail", "102") == "unassigned"
    assert standing("reach", "101") == "withheld"
    assert standing("reach", "102") == "by_hand"
    assert standing("ring_reminder", "101", "mobile") == "not_offered"


def test_what_is_lacking_is_what_has_no_good_standing() -> None:
    licensing = Licensing(
        [pack(1, "voicemail", "reach"), pack(2, "forwarding")],
        [given(1, "101"), given(2, None, 9)],
        [by_hand("101", "reach", False), by_hand("102", "call_waiting", False), by_hand("103", "voicemail")],
    )
    for extension in ("101", "102", "103", "104"):
        for kind in ("fixed", "mobile", "virtual", "function"):
            for place in (None, 9):
                lacking = licensing.lacking(extension, kind, place)
                standings = {service: licensing.standing(service, extension, kind, place) for service in SERVICES}
                assert lacking == {one for one, why in standings.items() if why not in {"open", "pack", "by_hand"}}


# --- what is in force ------------------------------------------------------------------------------------------------


def without(*services: str, **rows: Any) -> CompanyRows:
    """Everything of the company as calls meet it, when Ann lacks these services."""
    whole = company(service_assignments=tuple(by_hand("101", service, False) for service in services), **rows)
    return rows_in_force(whole, Services.of(whole))


def test_rows_of_a_company_that_restricts_nothing_are_the_same_object() -> None:
    rows = company(forwards=(Forward(id=1, company_id=1, extension="101", case="always", to=TO),))
    assert rows_in_force(rows, Services.of(rows)) is rows


@pytest.mark.parametrize("field", FIELDS)
def test_a_persons_field_is_as_unset_without_its_service(field: str) -> None:
    service, off = FIELDS[field]
    on: Any = {"connected_privacy": "all", "forwarded_signal": "all"}.get(field, True)
    users = (User(id=1, company_id=1, extension="101", name="Ann", **{field: on}), BEN)
    assert getattr(without(service, users=users).users[0], field) == off
    assert getattr(without("hot_desking", users=users).users[0], field) == on


def test_a_virtual_users_policies_are_the_companys_without_the_service_and_its_ringing_stays_its_own() -> None:
    hunt = HuntGroup(id=1, company_id=1, extension="300", name="Orders", connected_privacy="all", call_waiting=True)
    lost = tuple(by_hand("300", service, False) for service in ("call_policies", "voicemail"))
    whole = company(hunt_groups=(hunt,), service_assignments=lost)
    left = rows_in_force(whole, Services.of(whole)).hunt_groups[0]
    assert (left.connected_privacy, left.call_waiting) == ("company", True)


def forward(case: Any = "busy", **fields: Any) -> Forward:
    return Forward(id=1, company_id=1, extension="101", case=case, **fields)


@pytest.mark.parametrize(
    ("row", "lost", "left"),
    [
        (forward(to=TO), "forwarding", None),
        (forward(to=TO, voicemail=True), "forwarding", forward(voicemail=True)),
        (forward(to=TO, voicemail=True), "voicemail", forward(to=TO)),
        (forward(voicemail=True), "voicemail", None),
        (forward(to=BOX), "voicemail", None),
        (forward(to=BOX), "forwarding", forward(to=BOX)),
        (forward(to=Destination("voicemail", "101")), "forwarding", forward(to=Destination("voicemail", "101"))),
        (forward(to=Destination("voicemail", "102")), "forwarding", None),
        (forward(to=TO, ring_reminder=True), "ring_reminder", forward(to=TO)),
        (forward("selective", to=TO), "selective_forwarding", None),
        (forward("selective", to=TO), "forwarding", forward("selective", to=TO)),
        (forward("selective"), "voicemail", forward("selective")),
        (forward(to=TO), "reach", forward(to=TO)),
    ],
)
def test_of_a_forwarding_only_what_is_assigned_is_in_force(row: Forward, lost: str, left: Forward | None) -> None:
    assert without(lost, forwards=(row,)).forwards == (() if left is None else (left,))
    if left != row:
        assert lost in services_of_forward(row)


def test_rules_forwards_by_status_alternates_and_reach_go_with_their_services() -> None:
    rows: dict[str, Any] = {
        "rules": (
            Rule(id=1, company_id=1, service="selective_reject", name="No", extension="101"),
            Rule(id=2, company_id=1, service="notification", name="Mail", extension="101"),
            Rule(id=3, company_id=1, service="location_forward", name="Night", location_id=1),
        ),
        "status_forwards": (StatusForward(id=1, company_id=1, user_id=1, status="lunch", to=TO),),
        "alternate_numbers": (AlternateNumber(id=1, company_id=1, user_id=1, extension="191", ring_pattern=3),),
        "voicemail_boxes": (VoicemailBox(id=1, company_id=1, extension="101"),),
        "reach_profiles": (ReachProfile(id=1, company_id=1, user_id=1, name="Day", forward_busy=BOX),),
        "reach_overrides": (ReachOverride(id=1, company_id=1, user_id=1, roaming=True),),
        "simultaneous_ringing": (SimultaneousRinging(id=1, company_id=1, user_id=1),),
        "ring_numbers": (
            RingNumber(id=1, company_id=1, user_id=1, service="simultaneous", position=1, to=TO),
            RingNumber(id=2, company_id=1, user_id=1, service="sequential", position=1, to=TO),
        ),
    }
    assert [rule.id for rule in without("selective_rejection", **rows).rules] == [2, 3]
    assert [rule.id for rule in without("call_notification", **rows).rules] == [1, 3]
    assert without("forwarding", **rows).status_forwards == ()
    assert without("alternate_numbers", **rows).alternate_numbers == ()
    assert without("distinctive_ringing", **rows).alternate_numbers[0].ring_pattern == 1
    left = without("simultaneous_ringing", **rows)
    assert (left.simultaneous_ringing, [row.id for row in left.ring_numbers]) == ((), [2])
    left = without("reach", **rows)
    assert (left.reach_profiles, left.reach_overrides) == ((), ())
    assert without("roaming_status", **rows).reach_overrides[0].roaming is False
    assert without("voicemail", **rows).voicemail_boxes == ()
    profile = without("voicemail", **rows).reach_profiles[0]
    assert profile.forward_busy == Destination()


def test_nobody_sends_calls_to_a_voicemail_that_is_not_there() -> None:
    groups = (
        GroupExtension(
            id=1, company_id=1, extension="300", name="All", forward_busy=Destination("voicemail", "101"),
            forward_no_answer=Destination("voicemail", "102"),
        ),
    )  # fmt: skip
    left = without("voicemail", group_extensions=groups).group_extensions[0]
    assert left.forward_busy == Destination()
    assert left.forward_no_answer == Destination("voicemail", "102")


def test_who_has_no_voicemail_has_no_box() -> None:
    index = CompanyIndex(company(service_assignments=(by_hand("101", "voicemail", False),)))
    assert box_of(index, "101") is None
    assert box_of(index, "102") is not None


def test_a_snapshot_holds_what_is_in_force_and_tells_who_has_a_service() -> None:
    rows = company(
        users=(User(id=1, company_id=1, extension="101", name="Ann", do_not_disturb=True),),
        forwards=(forward("always", to=TO),),
        service_assignments=(by_hand("101", "forwarding", False), by_hand("101", "do_not_disturb", False)),
    )
    index = CompanyIndex(rows)
    assert index.arrangements.forwards == {}
    assert index.users[1].do_not_disturb is False
    assert index.users_by_extension["101"] is index.users[1] is index.arrangements.extensions["101"]
    assert not index.services.has("101", "forwarding")
    assert index.services.has("101", "voicemail")
