"""Whom a group call rings: members, groups in groups, each person once (V 22.2)."""

from __future__ import annotations

from typing import Any

from kiestoon.company.directory import CompanyIndex
from kiestoon.company.group_calls import MOST, Summons, summons_of
from kiestoon.company.model import AlternateNumber, Company, CompanyRows, GroupCall, GroupCallMember, User

OUTER, INNER, INNERMOST = (
    GroupCall(id=n, company_id=1, extension=f"30{n}", name=f"Group {n}") for n in (1, 2, 3)
)  # fmt: skip


def rung(*members: tuple[int, dict[str, Any]]) -> tuple[Summons, ...]:
    """Members by the id of their group; who is rung by the first one."""
    rows = CompanyRows(
        company=Company(id=1, name="Acme", domain="acme.example"),
        users=tuple(User(id=n, company_id=1, extension=f"10{n}", name=f"User {n}") for n in (1, 2)),
        alternate_numbers=(AlternateNumber(id=1, company_id=1, user_id=1, extension="191"),),
        group_calls=(OUTER, INNER, INNERMOST),
        group_call_members=tuple(
            GroupCallMember(id=n, company_id=1, group_call_id=group, **member)
            for n, (group, member) in enumerate(members, 1)
        ),
    )
    return summons_of(CompanyIndex(rows), OUTER)


def test_people_and_numbers_are_rung_with_their_codes_in_their_order() -> None:
    assert rung((1, {"number": "0612345678"}), (1, {"extension": "102", "code": "*80"})) == (
        Summons("0612345678"), Summons("*80102", 2),
    )  # fmt: skip


def test_members_of_groups_in_groups_are_rung_as_well() -> None:
    found = rung((1, {"extension": "302"}), (2, {"extension": "303"}), (3, {"extension": "101"}))
    assert found == (Summons("101", 1),)


def test_a_person_is_rung_once_also_under_an_alternate_number() -> None:
    found = rung(
        (1, {"extension": "101"}), (1, {"extension": "191"}), (1, {"extension": "302"}), (2, {"extension": "101"})
    )
    assert found == (Summons("101", 1),)


def test_groups_in_a_circle_come_to_an_end() -> None:
    """Rules refuse it, but rows may be older than rules."""
    found = rung((1, {"extension": "302"}), (2, {"extension": "301"}), (2, {"extension": "102"}))
    assert found == (Summons("102", 2),)


def test_never_more_are_rung_than_fit_into_a_conference_with_the_caller() -> None:
    members = [(group, {"number": f"06{group}{n:06}"}) for group in (1, 2, 3) for n in range(50)]
    found = rung(*members, (1, {"extension": "302"}), (2, {"extension": "303"}))
    assert len(found) == MOST
