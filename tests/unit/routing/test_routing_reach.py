"""The matrix of who calls and what the situation is (REACH-13, REACH-14, E 10)."""

import pytest
from routing_world import (
    ANNA,
    BEN,
    CARA,
    DORA,
    HOUR_MS,
    MONDAY_NOON_MS,
    STRANGER,
    Town,
    at_noon,
    outcome,
    to,
    voicemail,
)

from kiestoon.company.model import (
    CallClass,
    Device,
    Forward,
    ReachCell,
    ReachOverride,
    ReachProfile,
    ReachStatus,
    WeekBlock,
)
from kiestoon.routing import Assumed
from kiestoon.routing.at_rest import forwards_all

FAMILY, COLLEAGUES, GERMANS = 1, 2, 3
WORK, LUNCH, ROAMING = 11, 12, 13
MON_LUNCH = (WeekBlock(0, 720, 780),)
WEEKDAYS = tuple(WeekBlock(day, 420, 990) for day in range(5))
AT = {"work": at_noon(), "evening": Assumed(now_ms=MONDAY_NOON_MS + 8 * HOUR_MS)}
AT["work"] = Assumed(now_ms=MONDAY_NOON_MS - 2 * HOUR_MS)
AT["lunch"] = at_noon()


def matrix(*rows, **default):
    """Anna's classes and statuses, a default profile, and rows that are added."""
    town = Town(
        CallClass(id=FAMILY, company_id=1, user_id=1, name="Family", numbers=("+31611111111", "+31622*")),
        CallClass(id=COLLEAGUES, company_id=1, user_id=1, name="Colleagues", extensions=(DORA,)),
        CallClass(id=GERMANS, company_id=1, user_id=1, name="Germans", prefixes=("0049",)),
        ReachStatus(id=LUNCH, company_id=1, user_id=1, name="Lunch", blocks=MON_LUNCH),
        ReachStatus(id=WORK, company_id=1, user_id=1, name="Work", blocks=WEEKDAYS),
        ReachStatus(id=ROAMING, company_id=1, user_id=1, name="Abroad"),
        ReachProfile(id=100, company_id=1, user_id=1, name="Standard", is_default=True, **default),
    )
    return town.add(*rows)


def profile(number, target="", **fields):
    fields.setdefault("forward_always", to(target) if target else None)
    return ReachProfile(id=number, company_id=1, user_id=1, name=f"Profile {number}", **fields)


def cell(number, status=None, group=None):
    return ReachCell(
        id=number * 100 + (status or 0) * 10 + (group or 0),
        company_id=1,
        user_id=1,
        profile_id=number,
        status_id=status,
        call_class_id=group,
    )


# --- which profile ---------------------------------------------------------------------------------------------------


FULL = (
    profile(201, "+31100000201"), cell(201, WORK, COLLEAGUES),
    profile(202, "+31100000202"), cell(202, None, FAMILY),
    profile(203, "+31100000203"), cell(203, WORK),
    profile(204, "+31100000204"), cell(204),
)  # fmt: skip


@pytest.mark.parametrize(
    ("when", "caller", "number"),
    [
        ("work", DORA, "201"),  # both fit
        ("lunch", DORA, "204"),
        ("evening", DORA, "204"),
        ("work", "+31611111111", "202"),  # the class in any status before the status with any class
        ("lunch", "+31622123456", "202"),
        ("work", STRANGER, "203"),
        ("work", "", "203"),
        ("lunch", STRANGER, "204"),
        ("evening", "+4989700798765", "204"),
    ],
)
def test_the_profile_follows_from_class_and_status(when, caller, number):
    town = matrix(*FULL)
    decision = (
        town.dial(ANNA, by=DORA, live=AT[when]) if caller == DORA else town.incoming(caller=caller, live=AT[when])
    )
    assert outcome(decision) == f"dials +31100000{number}"


def test_where_no_cell_fits_the_default_profile_counts():
    town = matrix(profile(201, BEN), cell(201, WORK, FAMILY), forward_always=to(CARA))
    assert outcome(town.incoming(live=AT["work"])) == "rings Cara"
    assert outcome(town.incoming(caller="+31611111111", live=AT["work"])) == "rings Ben"


@pytest.mark.parametrize(
    ("caller", "number"),
    [("+4989700798765", "203"), ("+4930123456", "204"), ("+43123456789", "205"), ("+31611111111", "201")],
)
def test_the_longest_prefix_wins_and_contacts_win_over_prefixes(caller, number):
    town = matrix(
        CallClass(id=4, company_id=1, user_id=1, name="Munich", prefixes=("+4989",)),
        CallClass(id=5, company_id=1, user_id=1, name="Mobile", prefixes=("06",)),
        profile(201, "+31100000201"), cell(201, None, FAMILY),
        profile(203, "+31100000203"), cell(203, None, 4),
        profile(204, "+31100000204"), cell(204, None, GERMANS),
        profile(205, "+31100000205"), cell(205),
        profile(206, "+31100000206"), cell(206, None, 5),
    )  # fmt: skip
    assert outcome(town.incoming(caller=caller)) == f"dials +31100000{number}"


def test_profiles_inherit_from_the_default_what_they_leave_open():
    town = matrix(
        profile(201, forward_no_answer=to(BEN), no_answer_s=12), cell(201, WORK),
        forward_busy=to(CARA), forward_no_answer=to(DORA), no_answer_s=40,
    )  # fmt: skip
    own = town.incoming(live=AT["work"])
    assert own.step.ring_s == 12
    assert outcome(town.then(own, "no_answer", AT["work"])) == "rings Ben"
    assert outcome(town.then(own, "busy", AT["work"])) == "rings Cara"
    standard = town.incoming(live=AT["evening"])
    assert standard.step.ring_s == 40
    assert outcome(town.then(standard, "no_answer", AT["evening"])) == "rings Dora"


def test_a_profile_may_switch_off_what_the_default_forwards():
    town = matrix(profile(201, forward_always=to("", "none")), cell(201, WORK), forward_always=voicemail())
    assert outcome(town.incoming(live=AT["work"])) == "rings Anna"
    assert outcome(town.incoming(live=AT["evening"])) == "voicemail 101"


def test_the_matrix_goes_before_the_persons_own_busy_and_no_answer():
    town = matrix(forward_busy=to(BEN)).new(Forward, extension=ANNA, case="busy", to=to(CARA))
    town.new(Forward, extension=ANNA, case="no_answer", to=to(CARA))
    town.new(Forward, extension=ANNA, case="unreachable", to=to(DORA))
    first = town.incoming()
    assert outcome(town.then(first, "busy")) == "rings Ben"
    assert outcome(town.then(first, "no_answer")) == "rings Cara"
    assert outcome(town.then(first, "unreachable")) == "rings Dora"


# --- by hand ---------------------------------------------------------------------------------------------------------


def test_a_status_set_by_hand_wins_over_the_week_until_its_time():
    override = ReachOverride(
        id=1, company_id=1, user_id=1, status_id=WORK, status_until_ms=MONDAY_NOON_MS + 9 * HOUR_MS
    )
    town = matrix(profile(201, BEN), cell(201, WORK), override)
    assert outcome(town.incoming(live=AT["evening"])) == "rings Ben"
    assert outcome(town.incoming(live=AT["lunch"])) == "rings Ben"
    assert outcome(town.incoming(live=Assumed(now_ms=MONDAY_NOON_MS + 9 * HOUR_MS))) == "rings Anna"


def test_abroad_the_roaming_status_holds_unless_one_is_set_by_hand():
    override = ReachOverride(id=1, company_id=1, user_id=1, roaming=True, roaming_status_id=ROAMING)
    rows = (profile(201, BEN), cell(201, ROAMING), profile(202, CARA), cell(202, WORK))
    assert outcome(matrix(*rows, override).incoming(live=AT["work"])) == "rings Ben"
    at_home = ReachOverride(id=1, company_id=1, user_id=1, roaming_status_id=ROAMING)
    assert outcome(matrix(*rows, at_home).incoming(live=AT["work"])) == "rings Cara"
    by_hand = ReachOverride(id=1, company_id=1, user_id=1, roaming=True, roaming_status_id=ROAMING, status_id=WORK)
    assert outcome(matrix(*rows, by_hand).incoming(live=AT["work"])) == "rings Cara"


# --- devices ---------------------------------------------------------------------------------------------------------

SOFT = Device(id=21, company_id=1, username="soft", secret="s", user_id=1, kind="web")


def usernames(decision):
    return [device.username for device in decision.step.devices]


def test_only_the_profiles_kinds_of_device_ring():
    assert usernames(matrix(SOFT).incoming()) == ["d1", "soft"]
    assert usernames(matrix(SOFT, profile(201, devices=("web",)), cell(201)).incoming()) == ["soft"]
    assert usernames(matrix(SOFT, profile(201, devices=()), cell(201)).incoming()) == []


def test_devices_chosen_by_hand_win_until_their_time():
    override = ReachOverride(
        id=1, company_id=1, user_id=1, devices=("fixed",), devices_until_ms=MONDAY_NOON_MS + HOUR_MS
    )
    town = matrix(SOFT, profile(201, devices=("web",)), cell(201), override)
    assert usernames(town.incoming()) == ["d1"]
    assert usernames(town.incoming(live=AT["evening"])) == ["soft"]


def test_devices_chosen_by_hand_count_for_whoever_has_no_profiles():
    town = Town(SOFT, ReachOverride(id=1, company_id=1, user_id=1, devices=("web",)))
    assert usernames(town.incoming()) == ["soft"]
    town = Town(ReachOverride(id=1, company_id=1, user_id=1, devices=("mobile",)))
    assert outcome(town.user(ANNA, mobile_number="+31612345678").incoming()) == "rings Anna++31612345678"


def test_a_class_shows_its_number_to_who_is_called_without_any_profile():
    town = Town().new(CallClass, user_id=4, name="Germany", prefixes=("+49",), caller_number="+31207654100")
    assert town.dial("0004930123456").step.caller_number == "+31207654100"
    assert town.dial("00701234567").step.caller_number == "+31207654104"


@pytest.mark.parametrize("profiles", [(), (ReachProfile(id=1, company_id=1, user_id=1, name="D", is_default=True),)])
def test_a_situation_of_being_busy_counts_for_the_persons_own_forwarding_too(profiles):
    day = (WeekBlock(0, 0, 1440),)
    town = Town(ReachStatus(id=1, company_id=1, user_id=1, name="Busy", availability="busy", blocks=day), *profiles)
    assert outcome(town.incoming()) == "rings Anna"  # nothing is set for being busy
    town.new(Forward, extension=ANNA, case="busy", to=to(BEN))
    assert outcome(town.incoming()) == "rings Ben"
    index = town.directory.company(1)
    assert forwards_all(index, index.users_by_extension[ANNA], MONDAY_NOON_MS)
    assert outcome(town.incoming(live=Assumed(now_ms=MONDAY_NOON_MS + 24 * HOUR_MS))) == "rings Anna"


def test_the_mobile_rings_along_where_the_profile_says_so():
    town = matrix(profile(201, devices=("fixed", "mobile")), cell(201)).user(ANNA, mobile_number="+31612345678")
    decision = town.incoming()
    assert outcome(decision) == "rings Anna++31612345678"
    assert [person.user.name for person in decision.step.people] == ["Anna"]
    assert outcome(matrix().user(ANNA, mobile_number="+31612345678").incoming()) == "rings Anna"


@pytest.mark.parametrize(
    ("choice", "shown"),
    [(None, "+31207654101"), ("user", "+31207654101"), ("caller", STRANGER), ("called", "+31207654101")],
)
@pytest.mark.parametrize("where", ["forwarded", "mobile"])
def test_the_number_shown_when_the_matrix_sends_a_call_outside(where, choice, shown):
    treatment = {"forward_always": to("+31612345678")} if where == "forwarded" else {"devices": ("mobile",)}
    town = matrix(profile(201, forwarded_caller_id=choice, **treatment), cell(201))
    step = town.user(ANNA, mobile_number="+31612345678").incoming().step
    dial = step if where == "forwarded" else step.outside[0]
    assert (dial.number, dial.caller_number) == ("+31612345678", shown)


def test_the_profiles_own_number_is_shown_when_it_forwards():
    town = matrix(profile(201, "+31612345678", caller_number="+31207654100"), cell(201))
    assert town.incoming().step.caller_number == "+31207654100"


# --- calls of the person's own ---------------------------------------------------------------------------------------


def test_a_class_of_people_called_has_its_own_number():
    town = matrix(
        CallClass(
            id=FAMILY, company_id=1, user_id=1, name="Family", numbers=("+31611111111",), caller_number="+31207654155"
        )
    )
    assert town.dial("00611111111", by=ANNA).step.caller_number == "+31207654155"
    assert town.dial("00611111112", by=ANNA).step.caller_number == "+31207654101"


def test_without_one_the_number_of_the_profile_in_force_is_shown():
    town = matrix(
        profile(201, caller_number="+31207654161"), cell(201, WORK),
        profile(202, caller_number="+31207654162"), cell(202, None, GERMANS),
    )  # fmt: skip
    assert town.dial("00611111112", by=ANNA, live=AT["work"]).step.caller_number == "+31207654161"
    assert town.dial("000498970079876", by=ANNA, live=AT["work"]).step.caller_number == "+31207654162"
    assert town.dial("00611111112", by=ANNA, live=AT["evening"]).step.caller_number == "+31207654101"


# --- the situation of being busy (E 10.2, E 10.4) --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("availability", "treatment", "result"),
    [("busy", {"forward_busy": to(BEN)}, "rings Ben"), ("busy", {}, "rings Anna"),
     ("away", {"forward_busy": to(BEN)}, "rings Anna"), ("automatic", {"forward_busy": to(BEN)}, "rings Anna"),
     ("busy", {"forward_busy": to(BEN), "forward_always": to(CARA)}, "rings Cara")],
)  # fmt: skip
def test_busy_forwarding_holds_while_the_situation_is_one_of_being_busy(availability, treatment, result):
    town = matrix(**treatment)
    town.add(ReachStatus(id=WORK, company_id=1, user_id=1, name="Work", blocks=WEEKDAYS, availability=availability))
    assert outcome(town.incoming(live=AT["work"])) == result
    assert outcome(town.incoming(live=AT["evening"])) == (
        "rings Cara" if "forward_always" in treatment else "rings Anna"
    )


def test_a_profile_may_send_calls_to_the_persons_mobile():
    town = matrix(forward_always=to("", "mobile")).user(ANNA, mobile_number="+31612345678")
    assert outcome(town.incoming()) == "dials +31612345678"
    assert outcome(town.user(ANNA, mobile_number="").incoming()) == "rings Anna"
