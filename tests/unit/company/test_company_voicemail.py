"""Who has a voicemail box, and with which settings."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from world import sample_rows

from kiestoon.company.directory import CompanyIndex
from kiestoon.company.model import AlternateNumber, GroupExtension, ServiceAssignment, VoicemailBox
from kiestoon.company.voicemail import box_of


def index(**more: Any) -> CompanyIndex:
    return CompanyIndex(msgspec.structs.replace(sample_rows(language="de"), **more))


def test_everybody_has_a_box_with_the_defaults() -> None:
    box = box_of(index(), "102")
    assert box == VoicemailBox(id=0, company_id=1, extension="102", language="de")


def test_groups_and_menus_have_one_too_but_nobody_has_none() -> None:
    group = GroupExtension(id=1, company_id=1, extension="300", name="Sales")
    assert box_of(index(group_extensions=(group,)), "300") is not None
    assert box_of(index(), "200") is not None
    assert box_of(index(), "999") is None


def test_an_alternate_number_leads_to_its_persons_box() -> None:
    box = box_of(index(alternate_numbers=(AlternateNumber(id=1, company_id=1, user_id=2, extension="109"),)), "109")
    assert box is not None
    assert box.extension == "102"


@pytest.mark.parametrize(("own", "spoken"), [("", "lv"), ("es", "es")])
def test_a_box_speaks_its_language_else_its_owners(own: str, spoken: str) -> None:
    users = tuple(msgspec.structs.replace(user, language="lv") for user in sample_rows().users)
    row = VoicemailBox(id=1, company_id=1, extension="102", language=own)
    box = box_of(index(users=users, voicemail_boxes=(row,)), "102")
    assert box is not None
    assert box.language == spoken


def test_a_box_that_is_switched_off_or_not_assigned_is_not_there() -> None:
    off = VoicemailBox(id=1, company_id=1, extension="102", enabled=False)
    assert box_of(index(voicemail_boxes=(off,)), "102") is None
    withheld = ServiceAssignment(id=1, company_id=1, extension="102", service="voicemail", assigned=False)
    assert box_of(index(service_assignments=(withheld,)), "102") is None
