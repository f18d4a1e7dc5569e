"""Who sees whose line, status and parties: each source of a right alone, and against each other."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from kiestoon.company.model import (
    Company,
    CompanyRows,
    LinePermission,
    PickupMember,
    PrivacyGrant,
    PrivacyGroup,
    PrivacyMember,
    ServiceAssignment,
    User,
)
from kiestoon.company.rights import RIGHTS, Rights
from kiestoon.company.services import Services

BOSS, SECRETARY, OTHER = 1, 2, 3


def rows(
    *, hidden: bool = False, visibility: str = "all", permitted: bool = False, granted: str = "", **company: Any
) -> CompanyRows:
    """The secretary may have a permission of the boss, or a right of a privacy group over the boss."""
    people = ((BOSS, "101"), (SECRETARY, "102"), (OTHER, "103"))
    users = tuple(User(id=n, company_id=1, extension=extension, name=f"U{n}") for n, extension in people)
    boss = msgspec.structs.replace(users[0], hide_line=hidden, presence_visibility=visibility)
    return CompanyRows(
        company=Company(id=1, name="C", domain="c.example", **company),
        users=(boss, *users[1:]),
        line_permissions=(LinePermission(id=1, company_id=1, user_id=BOSS, viewer_id=SECRETARY),) if permitted else (),
        privacy_groups=(PrivacyGroup(id=5, company_id=1, name="G"),),
        privacy_members=(PrivacyMember(id=1, company_id=1, group_id=5, extension="102"),),
        privacy_grants=(
            (PrivacyGrant(id=1, company_id=1, group_id=5, extension="101", **{granted: True}),) if granted else ()
        ),
    )


def seen_by(given: CompanyRows, ask: str) -> set[int | None]:
    """Which viewers get a yes about the boss."""
    rights, boss = Rights(given), given.users[0]
    about = boss.extension if ask in ("sees_names", "may_pick_up") else boss
    return {viewer for viewer in (BOSS, SECRETARY, OTHER, None) if getattr(rights, ask)(viewer, about)}


ALL = {BOSS, SECRETARY, OTHER, None}


@pytest.mark.parametrize(
    ("given", "line", "status"),
    [
        ({}, ALL, ALL),
        ({"hidden": True}, {BOSS}, ALL),
        ({"hidden": True, "permitted": True}, {BOSS, SECRETARY}, ALL),
        ({"hidden": True, "granted": "presence"}, {BOSS, SECRETARY}, ALL),
        ({"hidden": True, "granted": "pickup"}, {BOSS}, ALL),
        ({"visibility": "none"}, ALL, {BOSS}),
        ({"visibility": "internal"}, ALL, ALL),
        ({"lamp_rights": "granted"}, {BOSS}, {BOSS}),
        ({"lamp_rights": "granted", "granted": "presence"}, {BOSS, SECRETARY}, {BOSS, SECRETARY}),
        ({"lamp_rights": "granted", "permitted": True}, {BOSS, SECRETARY}, {BOSS, SECRETARY}),
        ({"lamp_rights": "granted", "granted": "presence", "visibility": "none"}, {BOSS, SECRETARY}, {BOSS}),
    ],
)
def test_who_sees_line_and_status(given: dict[str, Any], line: set[int | None], status: set[int | None]) -> None:
    assert seen_by(rows(**given), "sees_line") == line
    assert seen_by(rows(**given), "sees_status") == status


@pytest.mark.parametrize(
    ("names", "granted", "sees"),
    [
        ("nobody", "notify", set()),
        ("granted", "", set()),
        ("granted", "notify", {SECRETARY}),
        ("granted", "pickup", {SECRETARY}),
        ("granted", "presence", set()),
        ("everybody", "", ALL),
    ],
)
def test_who_is_told_names(names: str, granted: str, sees: set[int | None]) -> None:
    assert seen_by(rows(lamp_names=names, granted=granted), "sees_names") == sees


def test_only_the_right_to_pick_up_is_that() -> None:
    for right in RIGHTS:
        assert seen_by(rows(granted=right), "may_pick_up") == ({SECRETARY} if right == "pickup" else set())


def test_parked_calls_are_everybodys_or_theirs_who_may_fetch_any() -> None:
    assert Rights(rows()).sees_parked(None)
    closed = Rights(rows(lamp_rights="granted", granted="parked"))
    assert closed.sees_parked(SECRETARY)
    assert not closed.sees_parked(OTHER)
    assert not closed.sees_parked(None)


def test_rights_are_equal_when_everybody_may_the_same() -> None:
    assert Rights(rows(granted="pickup")) == Rights(rows(granted="pickup"))
    assert Rights(rows(granted="pickup")) != Rights(rows(granted="listen"))
    assert Rights(rows()) != Rights(rows(permitted=True))
    assert Rights(rows()) != Rights(rows(lamp_names="everybody"))


@pytest.mark.parametrize("by", ["grant", "group"])
def test_who_does_not_have_call_pickup_picks_nothing_up(by: str) -> None:
    """The service can be taken away (V 6.1); being picked up needs none."""
    given = rows(granted="pickup" if by == "grant" else "")
    if by == "group":
        members = tuple(PickupMember(id=n, company_id=1, group_id=7, extension=f"10{n}") for n in (1, 2))
        given = msgspec.structs.replace(given, pickup_members=members)
    assert Rights(given).may_pick_up(SECRETARY, "101")

    def without(extension: str) -> Rights:
        lost = ServiceAssignment(id=1, company_id=1, extension=extension, service="call_pickup", assigned=False)
        whole = msgspec.structs.replace(given, service_assignments=(lost,))
        return Rights(whole, Services.of(whole))

    assert not without("102").may_pick_up(SECRETARY, "101")
    assert without("101").may_pick_up(SECRETARY, "101")
    assert without("102") != Rights(given)
