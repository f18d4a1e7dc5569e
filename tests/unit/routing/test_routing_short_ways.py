"""Speed dials and short numbers (CALL-22, V 15, U 4.2.1)."""

import pytest
from routing_world import ANNA, BEN, STRANGER, Town, codes, outcome

from kiestoon.company.model import FeatureCode, ShortNumber, SpeedDial
from kiestoon.routing import FromDevice, FromUser, route
from kiestoon.routing.explain import Assumptions, explain
from kiestoon.routing.telling import in_words

OUT = "00701234567"
TABLE = {"#": "speed_dial", "#72": "queue_forward_on", "*72": "forward_always_on", "*90": "forward_busy_on",
         "#31#": "caller_id_hide", "*6": "park"}  # fmt: skip


def town_with(*rows):
    table = (
        FeatureCode(id=n, company_id=1, feature=name, code=code) for n, (code, name) in enumerate(TABLE.items(), 1)
    )
    return Town(*table, *rows)


def own(code, number, row_id=1, user_id=1):
    return SpeedDial(id=row_id, company_id=1, user_id=user_id, code=code, number=number)


def short(code, number, row_id=1):
    return ShortNumber(id=row_id, company_id=1, code=code, number=number, name="Notary")


@pytest.mark.parametrize("dialled", ["#01", "#01#"])
def test_a_speed_dial_calls_its_number(dialled):
    decision = town_with(own("01", OUT)).dial(dialled, by=ANNA)
    assert decision.step.number == STRANGER
    assert "speed_dial" in codes(decision)


def test_a_speed_dial_may_be_an_extension_or_a_number_with_plus():
    town = town_with(own("01", BEN), own("02", STRANGER, 2))
    assert outcome(town.dial("#01", by=ANNA)) == "rings Ben"
    assert town.dial("#02", by=ANNA).step.number == STRANGER


def test_a_speed_dial_may_be_a_feature_code_with_or_without_what_follows():
    town = town_with(own("01", "*72"), own("02", f"*72{BEN}", 2))
    assert (town.dial("#01", by=ANNA).step.feature, town.dial("#01", by=ANNA).step.argument) == (
        "forward_always_on",
        "",
    )
    step = town.dial("#02", by=ANNA).step
    assert (step.feature, step.argument, step.dialled) == ("forward_always_on", BEN, f"*72{BEN}")


def test_speed_dials_are_each_persons_own():
    town = town_with(own("01", BEN))
    step = town.dial("#01", by=BEN).step
    assert (step.feature, step.argument) == ("speed_dial", "01")  # whose service says that there is none


def test_a_speed_dial_wins_over_a_code_that_reads_the_same():
    town = town_with(own("72", BEN))
    assert outcome(town.dial("#72", by=ANNA)) == "rings Ben"
    assert town.dial("#72", by=BEN).step.feature == "queue_forward_on"


def test_a_code_for_one_call_holds_for_a_speed_dial_and_may_be_part_of_it():
    town = town_with(own("01", OUT), own("02", f"#31#{OUT}", 2))
    assert town.dial("#31##01", by=ANNA).step.hide_caller
    assert town.dial("#02", by=ANNA).step.hide_caller
    assert not town.dial("#01", by=ANNA).step.hide_caller


def test_speed_dials_do_not_lead_to_one_another():
    town = town_with(own("01", "#02"), own("02", "#01", 2))
    assert town.dial("#01", by=ANNA).step.feature == "speed_dial"


def test_a_speed_dial_for_help_is_an_emergency_call():
    step = town_with(own("01", "112")).user(ANNA, hide_number=True).dial("#01", by=ANNA).step
    assert (step.number, step.emergency, step.hide_caller) == ("112", True, False)


def test_blocked_destinations_stay_blocked_behind_a_speed_dial():
    town = town_with(own("01", OUT)).user(ANNA, blocked=("national",))
    assert outcome(town.dial("#01", by=ANNA)) == "refused 403"


@pytest.mark.parametrize("dialled", ["*6123", "*6123#"])
def test_everybody_dials_a_short_number(dialled):
    town = town_with(short("*6123", OUT))
    for person in (ANNA, BEN):
        assert town.dial(dialled, by=person).step.number == STRANGER
    assert town.dial("*6", by=ANNA).step.feature == "park"


def test_a_short_number_may_look_like_a_speed_dial_and_gives_way_to_a_persons_own():
    town = town_with(short("#05", OUT), own("05", BEN))
    assert outcome(town.dial("#05", by=ANNA)) == "rings Ben"
    assert town.dial("#05", by=BEN).step.number == STRANGER


def test_an_extension_wins_over_a_short_number():
    assert outcome(town_with(short(BEN, OUT)).dial(BEN, by=ANNA)) == "rings Ben"


def test_nobody_logged_in_dials_no_short_way():
    town = town_with(short("2001", OUT))
    device = next(row for row in town.rows if type(row).__name__ == "Device")
    town.add(type(device)(**{**{f: getattr(device, f) for f in device.__struct_fields__}, "user_id": None}))
    phone = town.directory.company(1).devices["d1"]
    assert outcome(route(town.directory, FromDevice(phone), "2001")) == "refused 403"


def test_explaining_knows_what_a_short_way_stands_for():
    town = town_with(own("01", BEN))
    told = in_words(explain(town.directory, FromUser(1, 1), "#01", Assumptions(at_ms=0)))
    assert "  #01 is a speed dial of Anna: 102" in told
    assert told[-1] == "Rings at Ben (102): answered"
