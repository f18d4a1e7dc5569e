"""Numbers that are rung one after the other when nobody answers (REACH-7, V 9.3)."""

from routing_world import ANNA, BEN, CARA, STRANGER, Town, at_noon, codes, outcome, to, voicemail

from kiestoon.company.model import Forward, RingNumber, Rule, SequentialRinging, SimultaneousRinging
from kiestoon.routing import FromUser, Search, route

MOBILE = "0612345678"


def searching(*targets, rule=True, rings=4, confirm=False, **settings):
    """Anna is looked for at these."""
    town = Town().new(SequentialRinging, user_id=1, **settings)
    for position, target in enumerate(targets, 1):
        town.new(RingNumber, user_id=1, service="sequential", position=position, to=to(target), rings=rings,
                 confirm=confirm)  # fmt: skip
    if rule:
        town.new(Rule, service="sequential_ringing", name="Always", extension=ANNA)
    return town


def told(decision):
    """Who is rung in which order, each for how long."""
    assert isinstance(decision.step, Search)
    return [
        ("+".join([p.user.name for p in attempt.people] + [dial.number for dial in attempt.outside]), attempt.ring_s)
        for attempt in decision.step.attempts
    ]


def test_the_persons_own_phones_ring_first_for_as_many_rings_as_set_then_one_number_after_the_other():
    town = searching(BEN, MOBILE, base_rings=3, rings=5)
    first = town.incoming()
    assert (outcome(first), first.step.ring_s) == ("rings Anna", 15)
    assert told(town.then(first, "no_answer")) == [("Ben", 25), ("+31612345678", 25)]
    assert codes(town.then(first, "no_answer")) == ["rings_after", "caller_id", "rings_after"]


def test_without_a_rule_that_fits_nobody_is_looked_for():
    town = searching(BEN, rule=False)
    assert town.then(town.incoming(), "no_answer") is None
    town.new(Rule, service="sequential_ringing", name="Colleagues", extension=ANNA, kinds=("internal",))
    assert town.then(town.incoming(), "no_answer") is None
    assert told(town.then(town.dial(ANNA), "no_answer")) == [("Ben", 20)]


def test_what_is_switched_off_or_has_no_numbers_looks_for_nobody():
    for town in (searching(BEN, active=False), searching()):
        assert town.then(town.incoming(), "no_answer") is None


def test_the_search_may_begin_at_once():
    town = searching(BEN, base_first=False)
    assert told(town.incoming()) == [("Ben", 20)]
    town = searching(BEN, base_first=False).user(BEN, do_not_disturb=True)
    assert outcome(town.incoming()) == "rings Anna"  # nobody there can be rung


def test_who_is_busy_is_looked_for_only_when_set_so():
    town = searching(BEN)
    refused = town.then(town.incoming(), "busy")
    assert refused is None
    assert told(town.then(searching(BEN, continue_if_busy=True).incoming(), "unreachable")) == [("Ben", 20)]
    town = searching(BEN, continue_if_busy=True)
    assert told(town.then(town.incoming(), "busy")) == [("Ben", 20)]
    busy = at_noon(busy=frozenset({1}))
    assert outcome(searching(BEN, base_first=False).incoming(live=busy)) == "rings Anna"
    assert told(searching(BEN, base_first=False, continue_if_busy=True).incoming(live=busy)) == [("Ben", 20)]


def test_after_the_search_the_call_goes_where_unanswered_calls_go_whatever_came_before():
    town = searching(BEN, continue_if_busy=True)
    town.new(Forward, extension=ANNA, case="no_answer", to=voicemail())
    town.new(Forward, extension=ANNA, case="busy", to=to(CARA))
    search = town.then(town.incoming(), "busy")
    assert outcome(town.then(search, "no_answer")) == "voicemail 101"
    assert outcome(town.then(search, "rejected")) == "voicemail 101"


def test_who_declines_is_not_looked_for():
    town = searching(BEN).new(Forward, extension=ANNA, case="busy", to=to(CARA))
    assert outcome(town.then(town.incoming(), "rejected")) == "rings Cara"


def test_it_is_searched_once():
    town = searching(BEN)
    search = town.then(town.incoming(), "no_answer")
    assert town.then(search, "no_answer") is None


def test_numbers_ring_along_with_the_base_before_the_search():
    town = searching(CARA).new(SimultaneousRinging, user_id=1)
    town.new(RingNumber, user_id=1, service="simultaneous", position=1, to=to(BEN))
    first = town.incoming()
    assert outcome(first) == "rings Anna+Ben"
    assert told(town.then(first, "no_answer")) == [("Cara", 20)]


def test_callers_may_stop_it_and_numbers_may_ask_for_confirmation():
    town = searching(BEN, confirm=True, caller_may_stop=True)
    step = town.then(town.incoming(), "no_answer").step
    assert step.may_stop
    assert step.attempts[0].people[0].confirm


def test_whoever_wants_no_diversion_is_not_sent_on():
    town = searching(BEN)
    decision = route(town.directory, FromUser(1, 4), ANNA, live=at_noon(), inhibited=True)
    assert outcome(decision) == "rings Anna"
    assert town.then(decision, "no_answer") is None


def test_a_colleague_called_by_the_search_who_is_forwarded_to_is_searched_in_turn():
    """A forwarding arrives anew: the next person's own search applies there."""
    town = searching(BEN).new(Forward, extension=ANNA, case="no_answer", to=to(CARA))
    town.new(SequentialRinging, user_id=3)
    town.new(RingNumber, user_id=3, service="sequential", position=1, to=to(MOBILE))
    town.new(Rule, service="sequential_ringing", name="Always", extension=CARA, patterns=(STRANGER,))
    search = town.then(town.incoming(), "no_answer")
    cara = town.then(search, "no_answer")
    assert outcome(cara) == "rings Cara"
    assert told(town.then(cara, "no_answer")) == [("+31612345678", 20)]
