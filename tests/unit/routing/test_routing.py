"""Where calls go, and why (RTE-20, RTE-21, RTE-23)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from kiestoon.company.directory import Directory
from kiestoon.company.model import Company, CompanyRows, Department, Device, Location, Menu, Number, Trunk, User
from kiestoon.routing import (
    DialOutside,
    EnterMenu,
    FromDevice,
    FromTrunk,
    FromUser,
    Reason,
    Refuse,
    RingUser,
    route,
    route_diverted,
)
from kiestoon.routing.reasons import _TEXTS, CODES

ANNA = User(id=1, company_id=1, extension="101", name="Anna", caller_number="+31207654101", location_id=1)
BEN = User(id=2, company_id=1, extension="102", name="Ben", department_id=1)
CARA = User(id=3, company_id=1, extension="103", name="Cara", hide_number=True, emergency_number="+31207654199")
DESK = Device(id=11, company_id=1, username="desk", secret="s", user_id=1, encryption="optional")
SOFT = Device(id=12, company_id=1, username="soft", secret="s", user_id=1, encryption="optional")
BENS = Device(id=13, company_id=1, username="ben", secret="s", user_id=2, area_code="030", encryption="optional")
CARAS = Device(id=14, company_id=1, username="cara", secret="s", user_id=3, encryption="optional")
FREE = Device(
    id=15,
    company_id=1,
    username="free",
    secret="s",
    name="Hall",
    emergency_number="+31207654150",
    encryption="optional",
)
TOWN = Company(id=1, name="Town", domain="town.example", area_code="010", emergency_number="+31207654100")
NUMBERS = (
    Number(id=1, company_id=1, e164="+31207654100", extension="200"),
    Number(id=2, company_id=1, e164="+31207654102", extension="102"),
    Number(id=3, company_id=1, e164="+31207654999", extension="999"),
)
OWN = Trunk(id=21, company_id=1, name="Own", kind="peer", host="a", sources=("203.0.113.1",), priority=20)
OWN_TLS = Trunk(
    id=22, company_id=1, name="Own TLS", kind="peer", host="b", priority=20, transport="tls", srtp="required"
)
SHARED = Trunk(id=23, name="Shared", kind="peer", host="c", sources=("203.0.113.2",), priority=1)
ROWS = CompanyRows(
    company=TOWN,
    locations=(Location(id=1, company_id=1, name="Hall", area_code="020"),),
    departments=(Department(id=1, company_id=1, name="Works", location_id=1),),
    users=(ANNA, BEN, CARA),
    devices=(DESK, SOFT, BENS, CARAS, FREE),
    numbers=NUMBERS,
    menus=(Menu(id=1, company_id=1, extension="200", name="Welcome"),),
    trunks=(OWN, OWN_TLS),
)
OTHER = CompanyRows(
    company=Company(id=2, name="Other", domain="other.example", country="DE"),
    users=(User(id=9, company_id=2, extension="101", name="Otto"),),
    numbers=(Number(id=9, company_id=2, e164="+4989700798765", extension="101"),),
)
ALL = Directory([ROWS, OTHER], [SHARED])


def directory(**changes):
    company = changes.pop("company", {})
    return Directory([replace(ROWS, company=replace(TOWN, **company), **changes)], [SHARED])


def dial(dialled, device=DESK, where=ALL):
    return route(where, FromDevice(device), dialled)


def codes(decision):
    return [reason.code for reason in decision.reasons]


# --- inside ----------------------------------------------------------------------------------------------------------


def test_an_extension_rings_all_devices_of_its_user():
    decision = dial("101", BENS)
    assert decision.step == RingUser(ANNA, (DESK, SOFT), 60)
    assert (decision.company_id, decision.called) == (1, "101")
    assert codes(decision) == ["dialled", "extension"]


def test_ones_own_extension_rings_ones_other_devices():
    assert dial("101", DESK).step == RingUser(ANNA, (SOFT,), 60)


def test_a_menu_is_entered():
    step = dial("200").step
    assert isinstance(step, EnterMenu)
    assert step.menu.name == "Welcome"


def test_a_user_without_devices_can_be_called_but_not_reached():
    decision = dial("103", where=directory(devices=(DESK,)))
    assert decision.step == RingUser(CARA, (), 60)
    assert "no_devices" in codes(decision)


@pytest.mark.parametrize("dialled", ["199", "7654321", "", "alice", "*21#", "1" * 5000, "urn:service:counseling"])
def test_what_is_nothing_is_not_found(dialled):
    step = dial(dialled).step
    assert isinstance(step, Refuse)
    assert (step.status, step.q850) == (404, 1)


def test_other_companies_extensions_are_not_ours():
    other = Device(id=31, company_id=2, username="o", secret="s", user_id=9)
    assert isinstance(route(ALL, FromDevice(other), "102").step, Refuse)
    step = route(ALL, FromDevice(other), "101").step
    assert isinstance(step, RingUser)
    assert step.user.name == "Otto"


def test_the_companys_own_number_stays_inside():
    for dialled in ("00207654102", "+31207654102", "0020-765 4102"):
        decision = dial(dialled)
        assert decision.step == RingUser(BEN, (BENS,), 60)
        assert decision.called == "+31207654102"


def test_an_own_number_that_leads_nowhere_is_not_found():
    decision = dial("+31207654999")
    assert isinstance(decision.step, Refuse)
    assert codes(decision)[-1] == "leads_nowhere"


# --- outside ---------------------------------------------------------------------------------------------------------


def test_the_access_code_asks_for_an_outside_line():
    decision = dial("00701234567")
    step = decision.step
    assert isinstance(step, DialOutside)
    assert (step.number, step.kind, step.caller_number) == ("+31701234567", "national", "+31207654101")
    assert not step.emergency
    assert "access_code" in codes(decision)


def test_own_lines_go_before_shared_ones_and_encrypted_before_plain():
    step = dial("00701234567").step
    assert isinstance(step, DialOutside)
    assert step.trunks == (22, 21, 23)


def test_lines_are_ordered_by_priority():
    first = replace(OWN, priority=1)
    step = dial("00701234567", where=directory(trunks=(OWN_TLS, first))).step
    assert isinstance(step, DialOutside)
    assert step.trunks == (21, 22, 23)


@pytest.mark.parametrize(
    ("device", "dialled", "number"),
    [
        (DESK, "07654321", "+31207654321"),
        (BENS, "07654321", "+31307654321"),
        (CARAS, "07654321", "+31107654321"),
        (replace(BENS, area_code=""), "07654321", "+31207654321"),
    ],
)
def test_local_numbers_are_completed_by_device_location_or_company(device, dialled, number):
    step = dial(dialled, device).step
    assert isinstance(step, DialOutside)
    assert step.number == number


def test_without_an_access_code_outside_numbers_are_dialled_as_they_are():
    where = directory(company={"access_code": ""})
    step = dial("0701234567", where=where).step
    assert isinstance(step, DialOutside)
    assert step.number == "+31701234567"
    assert isinstance(dial("102", where=where).step, RingUser)
    assert isinstance(dial("199", where=where).step, Refuse)


@pytest.mark.parametrize(
    ("dialled", "kind"),
    [
        ("00612345678", "mobile"),
        ("009001234", "premium"),
        ("0004989700798765", "international"),
        ("+442079460000", "international"),
    ],
)
def test_kinds_of_outside_calls(dialled, kind):
    step = dial(dialled).step
    assert isinstance(step, DialOutside)
    assert step.kind == kind


def test_a_device_abroad_dials_as_there():
    step = dial("002079460000", replace(DESK, country="GB")).step
    assert isinstance(step, DialOutside)
    assert (step.number, step.country) == ("+442079460000", "GB")


def test_without_lines_outside_calls_are_refused_as_congestion():
    decision = dial("00701234567", where=Directory([replace(ROWS, trunks=())]))
    assert decision.step == Refuse(503, 34, "No Outside Line")
    assert "no_trunk" in codes(decision)


def test_the_caller_id_is_the_users_else_the_companys_first():
    assert dial("00701234567", BENS).step.caller_number == "+31207654102"  # the number that leads to him
    decision = dial("00701234567", BENS, directory(numbers=()))
    assert decision.step.caller_number == ""
    assert "caller_id_missing" in codes(decision)


def test_a_withheld_number_is_withheld():
    decision = dial("00701234567", CARAS)
    assert decision.step.hide_caller
    assert decision.step.caller_number
    assert "caller_hidden" in codes(decision)


def test_nobody_logged_in_calls_nobody():
    for dialled in ("101", "00701234567", "200"):
        assert dial(dialled, FREE).step == Refuse(403, 57, "Nobody Logged In", "log-in-first")


def test_a_user_calls_without_a_device():
    assert route(ALL, FromUser(1, 1), "102").step == RingUser(BEN, (BENS,), 60)
    assert isinstance(route(ALL, FromUser(1, 99), "102").step, Refuse)
    assert route(ALL, FromUser(99, 1), "102").step == Refuse(403, 57, "Forbidden")
    stray = replace(DESK, company_id=99)
    assert dial("112", stray).step == Refuse(403, 57, "Forbidden")


# --- emergency -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dialled", ["112", "0112", "+112", "urn:service:sos", "1-1-2"])
@pytest.mark.parametrize("device", [DESK, BENS, CARAS, FREE])
def test_emergency_calls_always_go_out(dialled, device):
    step = dial(dialled, device).step
    assert isinstance(step, DialOutside)
    assert (step.number, step.kind, step.emergency, step.hide_caller) == ("112", "emergency", True, False)
    assert step.trunks == (22, 21, 23)
    assert step.caller_number


def test_an_extension_cannot_hide_an_emergency_number():
    where = directory(users=(ANNA, replace(BEN, extension="112")))
    assert isinstance(dial("112", where=where).step, DialOutside)


def test_the_emergency_caller_id_falls_back_from_the_person_to_the_company():
    def shown(device, where=ALL):
        return dial("112", device, where).step.caller_number

    assert shown(DESK) == "+31207654101"  # the user's number
    assert shown(BENS) == "+31207654102"  # the number that rings the user
    assert shown(CARAS) == "+31207654199"  # the user's fallback
    assert shown(FREE) == "+31207654150"  # the device's
    assert shown(replace(FREE, emergency_number="")) == "+31207654100"  # the account's
    bare = directory(company={"emergency_number": ""})
    assert shown(replace(FREE, emergency_number=""), bare) == "+31207654100"  # any number of the company
    none = directory(company={"emergency_number": ""}, numbers=())
    assert shown(replace(FREE, emergency_number=""), none) == ""


def test_a_withheld_number_is_shown_to_the_emergency_centre():
    decision = dial("112", CARAS)
    assert "caller_not_hidden" in codes(decision)


def test_the_area_code_selects_the_emergency_centre():
    assert dial("112", BENS).step.area == "+3130"
    assert dial("112", DESK).step.area == "+3120"
    assert dial("112", FREE).step.area == "+3110"


def test_other_countries_have_other_numbers():
    american = replace(DESK, country="US")
    where = directory(company={"access_code": "9"})
    for dialled in ("911", "9911", "112"):
        assert dial(dialled, american, where).step.emergency


# --- from outside ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dialled", ["+31207654102", "31207654102", "0207654102", "0031207654102", "207654102"])
@pytest.mark.parametrize("trunk", [OWN, SHARED])
def test_a_number_of_ours_reaches_its_extension(dialled, trunk):
    decision = route(ALL, FromTrunk((trunk,)), dialled)
    assert decision.step == RingUser(BEN, (BENS,), 60)
    assert (decision.company_id, decision.trunk_id, decision.called) == (1, trunk.id, "+31207654102")


def test_a_number_may_lead_to_a_menu():
    assert isinstance(route(ALL, FromTrunk((SHARED,)), "+31207654100").step, EnterMenu)


@pytest.mark.parametrize("dialled", ["+31701234567", "112", "101", "00701234567", "", "x" * 500, "+4989700798765"])
def test_outside_calls_are_never_passed_on(dialled):
    decision = route(ALL, FromTrunk((OWN,)), dialled)
    assert decision.step == Refuse(404, 1, "Not Found")
    assert (decision.company_id, decision.trunk_id) == (1, 21)


def test_a_companys_line_reaches_only_its_own_numbers():
    assert isinstance(route(ALL, FromTrunk((OWN,)), "+4989700798765").step, Refuse)
    assert route(ALL, FromTrunk((SHARED,)), "+4989700798765").company_id == 2


def test_with_several_lines_at_one_address_the_number_decides():
    theirs = Trunk(id=41, company_id=2, name="Theirs", kind="peer", host="a", sources=("203.0.113.1",))
    for number, company, trunk in (("+31207654102", 1, 21), ("089700798765", 2, 41)):
        decision = route(ALL, FromTrunk((theirs, OWN)), number)
        assert (decision.company_id, decision.trunk_id) == (company, trunk)


def test_a_number_without_target_is_not_found_but_known():
    decision = route(ALL, FromTrunk((OWN,)), "+31207654999")
    assert decision.step == Refuse(404, 1, "Not Found")
    assert (decision.company_id, decision.called) == (1, "+31207654999")


# --- diversion -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("contact", ["sip:102@town.example", "<sip:102@10.0.0.1;user=phone>", "sip:1%302@h", "tel:102"])
def test_a_phones_diversion_is_the_users_own_call(contact):
    decision = route_diverted(ALL, 1, 1, contact)
    assert decision.step == RingUser(BEN, (BENS,), 60)
    assert codes(decision)[0] == "diverted"


def test_a_diversion_outside_shows_the_diverting_user():
    step = route_diverted(ALL, 1, 1, "sip:00701234567@town.example").step
    assert isinstance(step, DialOutside)
    assert step.caller_number == "+31207654101"


@pytest.mark.parametrize("contact", ["", "sip:", "sip:host", "http://x", "mailto:a@b", "<>", "sip:@h"])
def test_a_diversion_to_nothing_is_not_found(contact):
    assert isinstance(route_diverted(ALL, 1, 1, contact).step, Refuse)


def test_a_diversion_by_nobody_is_refused():
    assert route_diverted(ALL, 1, 77, "sip:102@h").step == Refuse(403, 57, "Forbidden")


# --- reasons ---------------------------------------------------------------------------------------------------------


def test_reasons_are_told_in_dutch_and_english():
    reason = dial("101").reasons[1]
    assert reason.render("nl-NL") == "101 is het toestelnummer van Anna"
    assert reason.render("en") == str(reason) == "101 is the extension of Anna"


def test_every_reason_has_both_languages_with_the_same_parameters():
    for english, dutch in _TEXTS.values():
        assert english != dutch
        assert sorted(part.split("}")[0] for part in english.split("{")[1:]) == sorted(
            part.split("}")[0] for part in dutch.split("{")[1:]
        )


def test_reasons_of_another_version_are_still_shown():
    assert "new_code" in str(Reason("new_code", {"a": "b"}))
    assert str(Reason("dialled", {})) == "? was dialled"


def test_braces_in_a_number_do_no_harm():
    assert str(dial("{0.__class__}").reasons[0]) == "{0.__class__} was dialled"


ORIGINS = [FromDevice(device) for device in (DESK, BENS, CARAS, FREE)] + [
    FromTrunk((OWN,)),
    FromTrunk((SHARED, OWN)),
    FromTrunk(()),
    FromUser(1, 1),
    FromUser(5, 5),
]
DIALLED = st.one_of(
    st.text(max_size=50),
    st.text("0123456789+*#", max_size=20),
    st.sampled_from(["101", "112", "0112", "+31207654102", "00701234567"]),
)


@given(st.sampled_from(ORIGINS), DIALLED)
@settings(max_examples=300)
def test_every_call_gets_a_decision_with_known_reasons(origin, dialled):
    decision = route(ALL, origin, dialled)
    assert decision.reasons
    assert {reason.code for reason in decision.reasons} <= CODES
    for reason in decision.reasons:
        assert "?" not in reason.render("nl").replace(dialled[:60], "")
    if isinstance(origin, FromTrunk):
        assert not isinstance(decision.step, DialOutside)
    if isinstance(decision.step, DialOutside):
        assert decision.step.trunks
        assert not (decision.step.emergency and decision.step.hide_caller)
