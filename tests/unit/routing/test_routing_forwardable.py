"""Numbers keyed in as a target of forwarding: read and checked before they are kept (REACH-1)."""

import pytest
from routing_world import ANNA, BEN, Town

from kiestoon.company.model import (
    AlternateNumber,
    Destination,
    FeatureCode,
    GroupExtension,
    Menu,
    Number,
    ShortNumber,
    SpeedDial,
)
from kiestoon.routing.forwardable import IndexBook, NotThere, read_target


def target(town, keyed, by=ANNA):
    directory = town.directory
    index = directory.company(1)
    return read_target(IndexBook(directory, index), index.users_by_extension[by], keyed)


@pytest.mark.parametrize(
    ("keyed", "kept"),
    [
        (BEN, Destination("extension", BEN)),
        ("300", Destination("extension", "300")),
        ("350", Destination("extension", "350")),
        ("0070 123 45 67", Destination("number", "+31701234567")),
        ("070-1234567", Destination("number", "+31701234567")),
        ("01112233", Destination("number", "+31201112233")),
        ("+49 89 7007 98765", Destination("number", "+4989700798765")),
        ("00612345678", Destination("number", "+31612345678")),
        ("00207654102", Destination("number", "+31207654102")),
    ],
)
def test_extensions_and_outside_numbers_are_kept_as_everybody_understands_them(keyed, kept):
    town = Town(
        Menu(id=1, company_id=1, extension="300", name="Welcome"),
        GroupExtension(id=1, company_id=1, extension="350", name="All"),
    )
    assert target(town, keyed) == kept


@pytest.mark.parametrize(
    ("keyed", "why"),
    [
        ("", "no_number"),
        ("#", "no_number"),
        ("*72", "no_number"),
        ("0", "no_number"),
        ("call me", "no_number"),
        ("9" * 60, "no_number"),
        ("٣٤٥", "no_number"),
        ("777", "unknown_extension"),
        (ANNA, "own"),
        ("150", "own"),
        ("00207654101", "own"),
        ("+31207654101", "own"),
        ("0207654190", "own"),
        ("112", "emergency"),
        ("0112", "emergency"),
        ("+31112", "emergency"),
        ("0112 ", "emergency"),
        ("009001234", "blocked"),
        ("00061234567890", "blocked"),
    ],
)
def test_what_calls_cannot_be_sent_to_is_told_apart(keyed, why):
    town = Town(
        Number(id=900, company_id=1, e164="+31207654190"),
        AlternateNumber(id=1, company_id=1, user_id=1, extension="150"),
        AlternateNumber(id=2, company_id=1, user_id=1, number_id=900),
        blocked=("premium",),
    ).user(ANNA, blocked=("international",))
    found = target(town, keyed)
    assert isinstance(found, NotThere)
    assert found.why == why


def test_what_is_anothers_own_number_is_no_obstacle():
    assert target(Town(), "00207654101", by=BEN) == Destination("number", "+31207654101")
    assert target(Town(), ANNA, by=BEN) == Destination("extension", ANNA)


def test_without_access_code_a_number_as_long_as_an_extension_may_be_one_outside():
    town = Town(access_code="", extension_digits=5)
    assert target(town, "14020") == Destination("number", "+3114020")
    assert target(town, "77777").why == "unknown_extension"
    assert target(Town(extension_digits=5), "14020").why == "unknown_extension"  # it takes the access code there


def test_a_short_number_of_the_company_stands_for_what_it_leads_to():
    town = Town(
        ShortNumber(id=1, company_id=1, code="2001", number="00701234567", name="Notary"),
        ShortNumber(id=2, company_id=1, code="2002", number="*72", name="Code"),
        ShortNumber(id=3, company_id=1, code="2003", number=ANNA, name="Anna"),
    )
    assert target(town, "2001") == Destination("number", "+31701234567")
    assert target(town, "2002").why == "no_number"
    assert target(town, "2003").why == "own"


def test_the_companys_own_numbers_are_never_blocked():
    town = Town(blocked=("national",))
    assert target(town, "00207654102") == Destination("number", "+31207654102")
    assert target(town, "00207654199").why == "blocked"


@pytest.mark.parametrize(
    ("keyed", "kind", "by"),
    [
        ("009001234", "premium", "company"),
        ("0049891234567", "international", "user"),  # without the access code
        ("00049891234567", "international", "user"),
        ("+49 900 1234567", "premium", "company"),
        ("+43 900 123456", "premium", "company"),
        ("+881 612345678", "international", "user"),  # satellites are abroad as well
    ],
)
def test_what_is_blocked_is_told_with_its_kind_and_by_whom(keyed, kind, by):
    found = target(Town(blocked=("premium",)).user(ANNA, blocked=("international",)), keyed)
    assert (found.why, found.kind, found.by) == ("blocked", kind, by)


def test_speed_dials_and_the_code_of_a_voicemail_stand_for_what_they_lead_to():
    town = Town(
        FeatureCode(id=1, company_id=1, feature="speed_dial", code="#"),
        FeatureCode(id=2, company_id=1, feature="voicemail_box", code="*55"),
        SpeedDial(id=1, company_id=1, user_id=1, code="01", number="00701234567"),
        SpeedDial(id=2, company_id=1, user_id=1, code="02", number=f"*55{BEN}"),
    )
    assert target(town, "#01") == Destination("number", "+31701234567")
    assert target(town, "#01", by=BEN).why == "no_number"
    assert target(town, "#02") == target(town, f"*55{BEN}") == Destination("voicemail", BEN)
    assert target(town, "*55777").why == "unknown_extension"
