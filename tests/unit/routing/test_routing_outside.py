"""Calls to the outside: caller ID, blocking, emergency (CALL-18, RTE-22, RTE-23, E 6.10, E 9, E 10.6, V 28)."""

import pytest
from routing_world import ANNA, BEN, STRANGER, Town, codes, outcome, to

from kiestoon.company.model import Device, FeatureCode, Forward, Location, ReachProfile
from kiestoon.company.numbers import emergency_number
from kiestoon.routing import FromDevice, route
from kiestoon.routing.outward import name_shown

OUT = "00701234567"
NINE = tuple(f"+3120765422{n}" for n in range(1, 10))
PER_CALL = tuple(
    FeatureCode(id=number, company_id=1, feature=feature, code=code)
    for number, (code, feature) in enumerate(
        {
            "#31#": "caller_id_hide", "131": "caller_id_hide", "*80": "no_diversion", "#30#": "caller_id_1",
            "130": "caller_id_1", **{f"#3{n}#": f"caller_id_{n}" for n in range(2, 10)},
            **{f"13{n}": f"caller_id_{n}" for n in range(2, 10)},
        }.items(), 1,
    )
)  # fmt: skip
HALL = {"id": 1, "company_id": 1, "name": "Hall"}


# --- caller ID -------------------------------------------------------------------------------------------------------


def test_the_number_shown_is_the_persons_the_locations_the_companys():
    town = Town(Location(**HALL, caller_number="+31207654177"), caller_number="+31207654188")
    town.rows = [row for row in town.rows if getattr(row, "extension", "") != BEN]  # Ben has no number of his own
    town.user(ANNA, caller_number="+31207654166")
    assert town.dial(OUT, by=ANNA).step.caller_number == "+31207654166"
    assert town.user(ANNA, caller_number="").dial(OUT, by=ANNA).step.caller_number == "+31207654101"
    assert town.dial(OUT, by=BEN).step.caller_number == "+31207654177"
    assert town.add(Location(**HALL)).dial(OUT, by=BEN).step.caller_number == "+31207654188"


@pytest.mark.parametrize(
    ("by_location", "own_name", "shown"),
    [(False, "", "Anna"), (False, "A. Jansen", "A. Jansen"), (True, "A. Jansen", "Town Hall")],
)
def test_the_name_shown_is_the_persons_or_the_locations(by_location, own_name, shown):
    hall = Location(**HALL, caller_name="Town Hall", caller_name_for_users=by_location)
    town = Town(hall).user(ANNA, caller_name=own_name)
    assert town.dial(OUT, by=ANNA).step.caller_name == shown
    assert town.user(ANNA, hide_number=True).dial(OUT, by=ANNA).step.caller_name == ""
    assert name_shown(town.users[ANNA], hall) == shown


def test_colleagues_see_a_persons_own_name():
    town = Town(Location(**HALL, caller_name="Town Hall", caller_name_for_users=True))
    assert town.user(ANNA, caller_name="A. Jansen").dial(BEN, by=ANNA).situation.caller.name == "A. Jansen"


@pytest.mark.parametrize("code", ["#31#", "131"])
def test_a_code_hides_the_number_for_one_call(code):
    town = Town(*PER_CALL)
    step = town.dial(code + OUT, by=ANNA).step
    assert (step.number, step.hide_caller, step.caller_name) == (STRANGER, True, "")
    assert not town.dial(OUT, by=ANNA).step.hide_caller


@pytest.mark.parametrize(("digit", "place"), [("0", 0), *((str(n), n - 1) for n in range(2, 10))])
@pytest.mark.parametrize("form", ["#3{}#", "13{}"])
def test_a_code_shows_one_of_nine_numbers_for_one_call(form, digit, place):
    town = Town(*PER_CALL).user(ANNA, dynamic_numbers=NINE, hide_number=True)
    step = town.dial(form.format(digit) + OUT, by=ANNA).step
    assert (step.number, step.caller_number, step.hide_caller) == (STRANGER, NINE[place], False)


def test_a_number_that_is_not_there_cannot_be_chosen():
    town = Town(*PER_CALL).user(ANNA, dynamic_numbers=("", NINE[1]))
    for code in ("#30#", "#35#"):
        assert town.dial(code + OUT, by=ANNA).step.caller_number == "+31207654101"
    assert town.dial("#32#" + OUT, by=ANNA).step.caller_number == NINE[1]


def test_the_first_of_the_nine_shows_the_own_number_of_who_hides_it_for_one_call():
    """V 11.2.2: shown and hidden, for all calls and for one."""
    step = Town(*PER_CALL).user(ANNA, hide_number=True).dial("#30#" + OUT, by=ANNA).step
    assert (step.caller_number, step.hide_caller) == ("+31207654101", False)


def test_codes_for_one_call_may_be_combined_and_hold_inside_too():
    town = Town(*PER_CALL)
    decision = town.dial("*80#31#102", by=ANNA)
    assert outcome(decision) == "rings Ben"
    assert decision.situation.inhibited
    assert town.dial("*80#31#" + OUT, by=ANNA).step.hide_caller


@pytest.mark.parametrize(
    ("dialled", "feature"),
    [("#31#", "caller_id_hide"), ("131#", "caller_id_hide"), ("*80", "no_diversion"), ("*80#31#", "caller_id_hide")],
)
def test_a_code_for_one_call_alone_asks_for_the_number(dialled, feature):
    town = Town(*PER_CALL)
    step = town.dial(dialled, by=ANNA).step
    assert (step.feature, step.argument) == (feature, "")
    completed = town.dial(step.dialled + "102", by=ANNA)
    assert outcome(completed) == "rings Ben"
    assert completed.situation.inhibited == dialled.startswith("*80")


# --- blocking --------------------------------------------------------------------------------------------------------

KINDS = {
    "national": OUT, "mobile": "00612345678", "premium": "009001234", "toll_free": "008000123",
    "international": "0004989700798765", "satellite": "000870773111632",
}  # fmt: skip


@pytest.mark.parametrize("blocked", KINDS)
@pytest.mark.parametrize("whose", ["company", "user"])
def test_a_blocked_category_cannot_be_called_and_no_other_suffers(blocked, whose):
    town = Town(blocked=(blocked,)) if whose == "company" else Town().user(ANNA, blocked=(blocked,))
    refused = set()
    for kind, dialled in KINDS.items():
        decision = town.dial(dialled, by=ANNA)
        if outcome(decision) == "refused 403":
            refused.add(kind)
            told = next(reason for reason in decision.reasons if reason.code == "blocked").params
            assert (told["by"], told["kind"]) == (whose, blocked)
    assert refused == ({"international", "satellite"} if blocked == "international" else {blocked})


def test_the_companys_blocking_wins_over_what_the_person_may():
    town = Town(blocked=("premium",)).user(ANNA, blocked=())
    decision = town.dial("009001234", by=ANNA)
    assert decision.step.announce == "destination-blocked"
    assert outcome(town.dial("009001234", by=BEN)) == "refused 403"


# --- emergency -------------------------------------------------------------------------------------------------------

EVERYTHING = ("national", "mobile", "premium", "toll_free", "international", "satellite")


@pytest.mark.parametrize(
    "dialled",
    ["112", "0112", "#31#112", "131112", "#31#0112", "*80112", "#32#112", "139112", "*80#31#112", "urn:service:sos",
     "+31112", "0031112", "00031112", "*67#112", "*31#112", "##112"],
)  # fmt: skip
def test_emergency_calls_go_out_whatever_is_blocked_and_whatever_code_comes_before(dialled):
    town = Town(*PER_CALL, blocked=EVERYTHING, max_calls=1).user(ANNA, blocked=EVERYTHING, hide_number=True)
    step = town.dial(dialled, by=ANNA).step
    assert (step.number, step.emergency, step.hide_caller) == ("112", True, False)
    assert step.caller_number == "+31207654101"


def test_no_code_can_take_an_emergency_number_apart():
    town = Town(FeatureCode(id=1, company_id=1, feature="caller_id_hide", code="11"))
    assert town.dial("112", by=ANNA).step.emergency
    assert not getattr(town.dial("11" + OUT, by=ANNA).step, "emergency", False)


def test_what_only_ends_like_an_emergency_number_is_an_ordinary_number():
    for dialled in ("00701234112", "112112", "1120"):
        assert not getattr(Town().dial(dialled, by=ANNA).step, "emergency", False)


@pytest.mark.parametrize("country", ["NL", "DE", "GB", "US", "FR", "AU"])
def test_the_countrys_emergency_numbers_go_out_too(country):
    town = Town(country=country)
    number = {"US": "911", "GB": "999", "AU": "000", "FR": "15"}.get(country, "110" if country == "DE" else "112")
    if len(number) >= 3:
        assert emergency_number(number, country) == number
        assert town.dial(number, by=ANNA).step.emergency


def test_a_phone_with_nobody_logged_in_shows_its_own_fallback_then_the_accounts():
    desk = Device(id=99, company_id=1, username="hall", secret="s", emergency_number="+31207654150")
    town = Town(desk)
    for device, shown in (
        (desk, "+31207654150"),
        (Device(id=99, company_id=1, username="h", secret="s"), "+31207654100"),
    ):
        step = route(town.directory, FromDevice(device), "112").step
        assert (step.emergency, step.caller_number) == (True, shown)


def test_each_fallback_is_used_when_the_one_before_is_missing():
    def shown(town):
        town.rows = [row for row in town.rows if getattr(row, "extension", "") != ANNA]
        return town.dial("112", by=ANNA).step.caller_number

    assert shown(Town().user(ANNA, caller_number="+31207654160", emergency_number="+31207654170")) == "+31207654160"
    assert shown(Town().user(ANNA, emergency_number="+31207654170")) == "+31207654170"
    assert shown(Town()) == "+31207654100"
    assert shown(Town(emergency_number="")) == "+31207654100"  # any number of the company


def test_emergency_calls_tell_that_a_hidden_number_is_shown():
    assert "caller_not_hidden" in codes(Town().user(ANNA, hide_number=True).dial("112", by=ANNA))
    assert "caller_not_hidden" in codes(Town(*PER_CALL).dial("#31#112", by=ANNA))


# --- dear numbers abroad ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dialled", "blocked"),
    [("000449098790000", True), ("009001234567", False), ("000870773123456", True), ("0080012345678", False)],
    ids=["premium abroad", "premium at home", "satellite", "free at home"],
)
def test_what_blocks_calls_abroad_blocks_dear_numbers_there_as_well(dialled, blocked):
    decision = Town(blocked=("international",)).dial(dialled)
    assert (outcome(decision) == "refused 403") == blocked


# --- area codes: where the person usually is, where the phone stands (E 3.1.4, E 11.1) -------------------------------


def from_phone(town, dialled, **phone):
    device = Device(id=11, company_id=1, username="d1", secret="s", user_id=1, **phone)
    directory = town.add(device).directory
    return route(directory, FromDevice(directory.device("town.example", "d1")), dialled)


@pytest.mark.parametrize(
    ("user", "phone", "completed", "centre"),
    [("", "", "+31205551234", "+3120"), ("030", "", "+31305551234", "+3130"), ("", "010", "+31105551234", "+3110"),
     ("030", "010", "+31305551234", "+3110")],
)  # fmt: skip
def test_the_persons_area_code_completes_numbers_the_phones_selects_the_emergency_centre(
    user, phone, completed, centre
):
    town = Town().user(ANNA, area_code=user)
    assert outcome(from_phone(town, "05551234", area_code=phone)) == f"dials {completed}"
    assert from_phone(town, "112", area_code=phone).step.area == centre


def test_numbers_in_a_persons_settings_are_completed_with_the_own_area_the_locations_with_its_own():
    town = Town().user(ANNA, area_code="030").new(Forward, extension=ANNA, case="always", to=to("05551234"))
    assert outcome(town.dial(ANNA)) == "dials +31305551234"
    town = Town(Location(**HALL, area_code="020", forward="on", forward_to=to("05551234")))
    assert outcome(town.user(ANNA, area_code="030").dial(ANNA)) == "dials +31205551234"


def test_the_number_of_a_profile_is_shown_to_the_emergency_centre_before_any_fallback():
    """E 6.10: a number set in REACH is the person's."""
    town = Town().user(ANNA, emergency_number="+31207654199")
    town.rows = [row for row in town.rows if getattr(row, "extension", "") != ANNA]
    assert town.dial("112", by=ANNA).step.caller_number == "+31207654199"
    town.new(ReachProfile, user_id=1, name="Usual", is_default=True, caller_number="+31207654155")
    assert town.dial("112", by=ANNA).step.caller_number == "+31207654155"


# --- hot desks and IP listing ----------------------------------------------------------------------------------------


def desk(**fields):
    number = {"emergency_number": "+31201110000", "area_code": "010"}
    return Device(id=90, company_id=1, username="desk", secret="x", **{**number, **fields})


def emergency_from(town, device):
    directory = town.directory
    step = route(directory, FromDevice(directory.device("town.example", device.username)), "112").step
    return step.caller_number, step.area


def test_help_comes_to_the_desk_a_guest_is_at():
    """A bound phone shows its person's number first (E 6.10)."""
    town = Town().user(ANNA, caller_number="+31207654166", area_code="020")
    anna = town.users[ANNA].id
    for device, number in (
        (desk(), "+31201110000"),
        (desk(logged_in_user_id=anna), "+31201110000"),
        (desk(user_id=anna), "+31207654166"),
        (desk(logged_in_user_id=anna, emergency_number=""), "+31207654166"),
    ):
        town.rows = [row for row in town.rows if not isinstance(row, Device) or row.id != 90]
        assert emergency_from(town.add(device), device) == (number, "+3110")


def test_from_an_unknown_address_only_the_outside_is_closed():
    town = Town(FeatureCode(id=1, company_id=1, feature="log_in", code="901"),
                FeatureCode(id=2, company_id=1, feature="forward_always_on", code="*72"),
                FeatureCode(id=3, company_id=1, feature="forward_always_off", code="*73"))  # fmt: skip
    directory = town.directory
    phone = directory.device("town.example", "d1")
    stranger = FromDevice(phone, known=False)
    for dialled in (OUT, "*72" + OUT):
        step = route(directory, stranger, dialled).step
        assert (step.status, step.announce, step.filled_in) == (403, "desk-login-needed", (("code", "901"),)), dialled
        assert route(directory, FromDevice(phone), dialled).step != step
    for dialled in (BEN, "112", "901", "*73"):
        assert route(directory, stranger, dialled) == route(directory, FromDevice(phone), dialled)
