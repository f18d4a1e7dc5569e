"""Another telephone as one's own for the time being (REACH-9, V 9.5)."""

from routing_world import ANNA, BEN, Town, at_noon, codes, outcome, to, voicemail

from kiestoon.company.model import (
    Forward,
    ReachProfile,
    RemoteOffice,
    RingNumber,
    SimultaneousRinging,
)
from kiestoon.routing import RingUser, ring_own

HOTEL = "+31201112222"


def office(target=HOTEL, **settings):
    """Anna works at another telephone."""
    return Town().new(RemoteOffice, user_id=1, number=target, **settings)


def test_calls_ring_at_the_other_telephone_in_place_of_the_persons_phones():
    decision = office().incoming()
    assert outcome(decision) == "rings " + HOTEL
    assert "remote_office" in codes(decision)
    assert decision.step.outside[0].user_id == 1
    assert decision.step.outside[0].caller_number == "+31207654101"
    assert outcome(office(active=False).incoming()) == "rings Anna"


def test_a_call_from_that_very_telephone_rings_at_the_persons_phones():
    assert outcome(office().incoming(caller=HOTEL)) == "rings Anna"


def test_what_is_set_for_calls_nobody_answers_stays_in_force_with_its_rings():
    town = office().new(Forward, extension=ANNA, case="no_answer", to=voicemail(), rings=3)
    decision = town.incoming()
    assert decision.step.ring_s == 15
    assert outcome(town.then(decision, "no_answer")) == "voicemail 101"
    assert outcome(town.then(decision, "busy")) == "nothing"


def test_forwarding_and_do_not_disturb_come_first():
    assert outcome(office().new(Forward, extension=ANNA, case="always", to=to(BEN)).incoming()) == "rings Ben"
    assert outcome(office().user(ANNA, do_not_disturb=True).incoming()) == "refused 486"


def test_a_number_that_cannot_be_called_leaves_the_persons_own_phones():
    assert outcome(office().user(ANNA, blocked=("national",)).incoming()) == "rings Anna"
    assert outcome(office("112").incoming()) == "rings Anna"
    assert outcome(office(BEN).incoming()) == "rings Anna"


def test_numbers_ring_along_with_it_and_confirmation_is_asked_where_set():
    town = office(confirm=True).new(SimultaneousRinging, user_id=1)
    town.new(RingNumber, user_id=1, service="simultaneous", position=1, to=to(BEN))
    decision = town.incoming()
    assert outcome(decision) == "rings Ben+" + HOTEL
    assert decision.step.outside[0].confirm


def test_the_kinds_of_phone_in_a_profile_are_the_persons_own():
    town = office().new(ReachProfile, user_id=1, name="Usual", is_default=True, devices=("mobile",))
    assert outcome(town.user(ANNA, mobile_number="+31612345678").incoming()) == "rings " + HOTEL


def test_calls_made_for_a_person_or_coming_back_ring_there_whatever_is_arranged():
    town = office().new(Forward, extension=ANNA, case="always", to=to(BEN)).user(ANNA, do_not_disturb=True)
    decision = ring_own(town.directory, 1, 1, 30, live=at_noon())
    assert (outcome(decision), decision.step.ring_s, decision.situation) == ("rings " + HOTEL, 30, None)
    plain = ring_own(Town().directory, 1, 1, 30)
    assert isinstance(plain.step, RingUser)
    assert ring_own(Town().directory, 1, 99, 30) is None
