"""A call for one person: who may call, what is forwarded, in which order (RTE-8, REACH-1..5, V 7, V 27.3)."""

from itertools import combinations

import pytest
from routing_world import (
    ANNA,
    BEN,
    CARA,
    HOUR_MS,
    MONDAY_NOON_MS,
    STRANGER,
    Town,
    codes,
    outcome,
    to,
    voicemail,
)

from kiestoon.company.model import (
    Destination,
    Device,
    Forward,
    Location,
    Number,
    Presence,
    ReachProfile,
    Rule,
    StatusForward,
    VoicemailBox,
)
from kiestoon.routing import Assumed

BOSS = "+31101111111"
"""Each forwarding in the tests below leads to a number of its own."""
TARGETS = {
    "location forwarding": "+31102222222",
    "always": "+31103333333",
    "selective forwarding": "+31104444444",
    "presence": "+31106666666",
    "reach": "+31107777777",
}


def selective_acceptance(town):
    town.new(Rule, service="selective_accept", name="Boss only", extension=ANNA, patterns=(BOSS,))


def selective_rejection(town):
    town.new(Rule, service="selective_reject", name="Not them", extension=ANNA, kinds=("private", "external"))


def anonymous_rejection(town):
    town.user(ANNA, reject_anonymous=True)


def location_forwarding(town):
    town.add(Location(id=1, company_id=1, name="Hall", forward="on", forward_to=to(TARGETS["location forwarding"])))


def always(town):
    town.new(Forward, extension=ANNA, case="always", to=to(TARGETS["always"]))


def selective_forwarding(town):
    town.new(Forward, extension=ANNA, case="selective", to=to(TARGETS["selective forwarding"]))
    town.new(Rule, service="selective_forward", name="All", extension=ANNA)


def do_not_disturb(town):
    town.user(ANNA, do_not_disturb=True)


def presence(town):
    town.new(Presence, user_id=1, status="meeting")
    town.new(StatusForward, user_id=1, status="meeting", to=to(TARGETS["presence"]))


def reach(town):
    town.new(ReachProfile, user_id=1, name="Standard", is_default=True, forward_always=to(TARGETS["reach"]))


SERVICES = [
    ("selective acceptance", selective_acceptance, "refused 403"),
    ("selective rejection", selective_rejection, "refused 403"),
    ("anonymous rejection", anonymous_rejection, "refused 433"),
    ("location forwarding", location_forwarding, f"dials {TARGETS['location forwarding']}"),
    ("always", always, f"dials {TARGETS['always']}"),
    ("selective forwarding", selective_forwarding, f"dials {TARGETS['selective forwarding']}"),
    ("do not disturb", do_not_disturb, "refused 486"),
    ("presence", presence, f"dials {TARGETS['presence']}"),
    ("reach", reach, f"dials {TARGETS['reach']}"),
]
"""From the one that wins over all to the one that loses to all."""
REASONS = {
    "selective acceptance": "not_accepted",
    "selective rejection": "rejected_by_rule",
    "anonymous rejection": "anonymous_rejected",
    "location forwarding": "location_forward",
    "always": "forward_always",
    "selective forwarding": "selective_forward",
    "do not disturb": "do_not_disturb",
    "presence": "status_forward",
    "reach": "reach_forward",
}


@pytest.mark.parametrize(("name", "arrange", "result"), SERVICES, ids=[name for name, _, _ in SERVICES])
def test_each_service_alone_decides_about_the_call(name, arrange, result):
    town = Town()
    arrange(town)
    decision = town.incoming(withheld=True)
    assert outcome(decision) == result
    assert REASONS[name] in codes(decision)


@pytest.mark.parametrize(
    ("winner", "loser"),
    list(combinations(SERVICES, 2)),
    ids=[f"{first[0]} over {second[0]}" for first, second in combinations(SERVICES, 2)],
)
def test_of_two_services_the_one_that_comes_first_decides(winner, loser):
    town = Town()
    for _, arrange, _ in (loser, winner):
        arrange(town)
    decision = town.incoming(withheld=True)
    assert outcome(decision) == winner[2]
    assert REASONS[winner[0]] in codes(decision)
    assert REASONS[loser[0]] not in codes(decision)


# --- forwarding ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", ["always", "busy", "no_answer", "unreachable"])
def test_a_number_wins_over_voicemail_for_the_same_case(case):
    def result(**forward):
        town = Town().new(Forward, extension=ANNA, case=case, **forward)
        decision = town.incoming()
        return outcome(decision if case == "always" else town.then(decision, case))

    assert result(to=to(STRANGER), voicemail=True) == f"dials {STRANGER}"
    assert result(voicemail=True) == "voicemail 101"
    assert result() == ("rings Anna" if case == "always" else "nothing")


@pytest.mark.parametrize("case", ["always", "selective", "busy", "no_answer", "unreachable"])
def test_a_forwarding_that_is_switched_off_does_nothing(case):
    town = Town().new(Forward, extension=ANNA, case=case, to=to(BEN), active=False)
    decision = town.incoming()
    assert outcome(decision) == "rings Anna"
    assert all(town.then(decision, each) is None for each in ("busy", "no_answer", "unreachable", "rejected"))


def test_each_own_number_may_be_forwarded_elsewhere():
    town = Town(Number(id=80, company_id=1, e164="+31207654180", extension=ANNA))
    town.new(Forward, extension=ANNA, case="always", to=to(BEN))
    town.new(Forward, extension=ANNA, case="always", own_number="+31207654180", to=to(CARA))
    assert outcome(town.incoming("+31207654180")) == "rings Cara"
    assert outcome(town.incoming("+31207654101")) == "rings Ben"
    assert outcome(town.dial(ANNA)) == "rings Ben"


def test_a_forwarding_of_one_own_number_leaves_the_others_alone():
    town = Town().new(Forward, extension=ANNA, case="busy", own_number="+31207654101", to=to(BEN))
    assert outcome(town.then(town.incoming("+31207654101"), "busy")) == "rings Ben"
    assert town.then(town.dial(ANNA), "busy") is None


def test_no_answer_is_after_so_many_rings():
    town = Town().new(Forward, extension=ANNA, case="no_answer", to=to(BEN), rings=6)
    assert town.incoming().step.ring_s == 30
    assert Town().incoming().step.ring_s == 60  # without forwarding as long as the person wants


def test_a_rejected_call_is_forwarded_as_when_busy():
    town = Town().new(Forward, extension=ANNA, case="busy", to=to(BEN))
    assert outcome(town.then(town.incoming(), "rejected")) == "rings Ben"


def test_forwardings_follow_one_another():
    town = Town()
    town.new(Forward, extension=ANNA, case="no_answer", to=to(BEN))
    town.new(Forward, extension=BEN, case="busy", to=to(CARA))
    town.new(Forward, extension=CARA, case="unreachable", voicemail=True)
    first = town.incoming()
    second = town.then(first, "no_answer")
    third = town.then(second, "busy")
    fourth = town.then(third, "unreachable")
    assert [outcome(each) for each in (first, second, third, fourth)] == [
        "rings Anna", "rings Ben", "rings Cara", "voicemail 103",
    ]  # fmt: skip
    assert [(d.by, d.reason) for d in fourth.situation.diversions] == [
        (ANNA, "no-answer"), (BEN, "user-busy"), (CARA, "unavailable"),
    ]  # fmt: skip


@pytest.mark.parametrize("case", ["busy", "no_answer", "unreachable"])
def test_a_forwarding_outside_is_not_repeated_when_it_comes_to_nothing(case):
    town = Town().new(Forward, extension=ANNA, case=case, to=to(STRANGER))
    decision = town.then(town.incoming(), case)
    assert outcome(decision) == f"dials {STRANGER}"
    assert all(town.then(decision, each) is None for each in ("busy", "no_answer", "unreachable", "rejected"))


def test_a_number_of_the_company_itself_is_reached_without_going_out():
    for written in ("+31207654102", "0207654102", "00207654102", "102"):
        town = Town().new(Forward, extension=ANNA, case="always", to=Destination("number", written))
        assert outcome(town.incoming()) == "rings Ben"


def test_the_desk_phone_is_reminded_of_forwarded_calls():
    town = Town().new(Forward, extension=ANNA, case="always", to=to(BEN), ring_reminder=True)
    town.add(Device(id=19, company_id=1, username="mobile", secret="s", user_id=1, kind="mobile"))
    assert [device.username for device in town.incoming().remind] == ["d1"]
    quiet = Town().new(Forward, extension=ANNA, case="always", to=to(BEN))
    assert quiet.incoming().remind == ()


def test_the_desk_phone_is_reminded_of_selected_and_blocked_calls():
    town = Town().new(Forward, extension=ANNA, case="selective", to=to(BEN), ring_reminder=True)
    town.new(Rule, service="selective_forward", name="All", extension=ANNA)
    assert [device.username for device in town.incoming().remind] == ["d1"]
    town = Town().user(ANNA, do_not_disturb=True, do_not_disturb_reminder=True)
    assert [device.username for device in town.incoming().remind] == ["d1"]


# --- do not disturb, presence ----------------------------------------------------------------------------------------


def test_do_not_disturb_is_handled_as_busy():
    town = Town().user(ANNA, do_not_disturb=True)
    assert outcome(town.incoming()) == "refused 486"
    town.new(Forward, extension=ANNA, case="busy", voicemail=True)
    assert outcome(town.incoming()) == "voicemail 101"
    assert town.incoming().situation.diversions[0].reason == "user-busy"


def test_the_status_do_not_disturb_is_handled_as_busy_unless_it_has_a_forwarding():
    town = Town().new(Presence, user_id=1, status="do_not_disturb")
    assert outcome(town.incoming()) == "refused 486"
    town.new(StatusForward, user_id=1, status="do_not_disturb", to=voicemail())
    assert outcome(town.incoming()) == "voicemail 101"
    assert outcome(town.user(ANNA, do_not_disturb=True).incoming()) == "refused 486"


def test_a_status_forwards_until_its_end_and_then_office_holds():
    town = Town().new(Presence, user_id=1, status="lunch", until_ms=MONDAY_NOON_MS + HOUR_MS)
    town.new(StatusForward, user_id=1, status="lunch", to=to(BEN))
    assert outcome(town.incoming()) == "rings Ben"
    later = Assumed(now_ms=MONDAY_NOON_MS + HOUR_MS)
    assert outcome(town.incoming(live=later)) == "rings Anna"
    town.new(StatusForward, user_id=1, status="office", to=to(CARA))
    assert outcome(town.incoming(live=later)) == "rings Cara"


def test_somebody_without_a_status_is_in_the_office():
    assert outcome(Town().new(StatusForward, user_id=1, status="office", to=to(CARA)).incoming()) == "rings Cara"
    assert outcome(Town().new(StatusForward, user_id=1, status="sick", to=to(CARA)).incoming()) == "rings Anna"


# --- anonymous callers, block list -----------------------------------------------------------------------------------


def test_anonymous_rejection_is_for_numbers_hidden_on_purpose_only():
    town = Town().user(ANNA, reject_anonymous=True)
    refused = town.incoming(withheld=True)
    assert (outcome(refused), refused.step.announce) == ("refused 433", "anonymous-rejected")
    assert outcome(town.incoming(caller="")) == "rings Anna"  # not available
    assert outcome(town.incoming(caller="anonymous")) == "rings Anna"  # no number at all
    assert outcome(town.incoming()) == "rings Anna"
    assert outcome(town.user("104", hide_number=True).dial(ANNA)) == "rings Anna"  # a colleague who hides


def test_callers_on_the_block_list_are_rejected():
    town = Town().user(ANNA, blocklist=("+3170*",))
    assert outcome(town.incoming(caller="+31701234567")) == "refused 403"
    assert outcome(town.incoming(caller="+31711234567")) == "rings Anna"
    assert outcome(town.incoming(withheld=True)) == "rings Anna"


# --- the person's own other numbers (U 4.1.4) ------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "field"), [("mobile", "mobile_number"), ("external", "external_number")])
def test_a_setting_may_lead_to_the_persons_own_number_whatever_it_is_then(kind, field):
    for row in (
        Forward(id=1, company_id=1, extension=ANNA, case="always", to=to("", kind)),
        StatusForward(id=1, company_id=1, user_id=1, status="lunch", to=to("", kind)),
    ):
        town = Town(row, Presence(id=1, company_id=1, user_id=1, status="lunch"))
        assert outcome(town.incoming()) == "rings Anna"  # no such number: as if nothing were set
        for number in ("+31612345678", "+31687654321"):
            assert outcome(town.user(ANNA, **{field: number}).incoming()) == f"dials {number}"


def test_without_the_own_number_voicemail_has_the_call_where_that_is_set_too():
    town = Town().new(Forward, extension=ANNA, case="always", to=to("", "mobile"), voicemail=True)
    assert outcome(town.incoming()) == "voicemail 101"
    assert outcome(town.user(ANNA, mobile_number="+31612345678").incoming()) == "dials +31612345678"


def test_a_rule_may_lead_to_the_persons_mobile():
    town = Town().user(ANNA, mobile_number="+31612345678")
    town.new(Forward, extension=ANNA, case="selective", to=to(BEN))
    town.new(Rule, service="selective_forward", name="r", extension=ANNA, to=to("", "mobile"))
    assert outcome(town.incoming()) == "dials +31612345678"


# --- the phones of a profile (V 4.2, V 9.1.1) -------------------------------------------------------------------------


@pytest.mark.parametrize("profile", ["mobile", "flex", "combi"])
def test_whoever_has_a_mobile_by_profile_is_rung_there_too(profile):
    town = Town().user(ANNA, profile=profile, mobile_number="+31612345678")
    assert outcome(town.incoming()) == outcome(town.dial(ANNA)) == "rings Anna++31612345678"
    assert "mobile" in codes(town.incoming())
    assert town.incoming().step.outside[0].caller_number == "+31207654101"  # Anna's: networks refuse others


def test_a_mobile_is_no_phone_of_the_profile_fixed_and_nobody_is_rung_at_a_mobile_that_is_not_set():
    assert outcome(Town().user(ANNA, mobile_number="+31612345678").incoming()) == "rings Anna"
    assert outcome(Town().user(ANNA, profile="combi").incoming()) == "rings Anna"


def test_a_mobile_does_not_ring_for_its_own_call_nor_where_mobiles_are_blocked():
    town = Town().user(ANNA, profile="combi", mobile_number="+31612345678")
    assert outcome(town.incoming(caller="+31612345678")) == "rings Anna"
    assert outcome(town.user(ANNA, blocked=("mobile",)).incoming()) == "rings Anna"


def test_what_is_chosen_in_reach_wins_over_the_profiles_phones():
    town = Town().user(ANNA, profile="combi", mobile_number="+31612345678")
    town.new(ReachProfile, user_id=1, name="Desk", is_default=True, devices=("fixed",))
    assert outcome(town.incoming()) == "rings Anna"


# --- into voicemail (V 8.3) ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("case", "ending", "reason"),
    [("always", "", "unconditional"), ("busy", "busy", "user-busy"), ("no_answer", "no_answer", "no-answer"),
     ("unreachable", "unreachable", "unavailable"), ("busy", "rejected", "user-busy")],
)  # fmt: skip
def test_the_box_knows_why_its_owner_sends_the_call(case, ending, reason):
    town = Town().new(Forward, extension=ANNA, case=case, voicemail=True)
    decision = town.incoming()
    decision = town.then(decision, ending) if ending else decision
    assert (outcome(decision), decision.situation.sent_by(ANNA)) == ("voicemail 101", reason)


def test_do_not_disturb_sends_to_the_box_as_busy():
    town = Town().user(ANNA, do_not_disturb=True).new(Forward, extension=ANNA, case="busy", voicemail=True)
    assert town.incoming().situation.sent_by(ANNA) == "user-busy"


def test_whoever_is_sent_to_the_box_of_another_comes_for_no_reason_of_the_owner():
    town = Town().new(Forward, extension=BEN, case="busy", to=voicemail(ANNA))
    decision = town.then(town.dial(BEN), "busy")
    assert (outcome(decision), decision.situation.sent_by(ANNA)) == ("voicemail 101", None)


def test_a_box_that_is_switched_off_takes_no_calls():
    town = Town(VoicemailBox(id=1, company_id=1, extension=ANNA, enabled=False))
    town.new(Forward, extension=ANNA, case="always", voicemail=True)
    decision = town.incoming()
    assert (outcome(decision), codes(decision)[-1]) == ("refused 480", "no_voicemail")


# --- reminders -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("case", "reminded"), [("always", True), ("busy", False), ("no_answer", False)])
def test_only_forwarding_of_all_or_selected_calls_reminds(case, reminded):
    town = Town().new(Forward, extension=ANNA, case=case, to=to(BEN), ring_reminder=True)
    decision = town.incoming()
    decision = decision if case == "always" else town.then(decision, case)
    assert [device.user_id for device in decision.remind] == ([1] if reminded else [])
