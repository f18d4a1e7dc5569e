"""Chains of diversions: how far they go, what stops them (RTE-8, REACH-1, CALL-7)."""

from itertools import pairwise

import pytest
from routing_world import ANNA, BEN, CARA, COMPANY, STRANGER, Town, codes, outcome, to, voicemail

from kiestoon.company.directory import Directory
from kiestoon.company.model import (
    AlternateNumber,
    CallLimit,
    Company,
    CompanyRows,
    ConferenceRoom,
    Destination,
    FeatureCode,
    Forward,
    ForwardExtension,
    HuntGroup,
    HuntMember,
    LocationRouting,
    Menu,
    Number,
    TimeRouting,
    Trunk,
    User,
)
from kiestoon.routing import DialOutside, FromTrunk, RingUser, route, route_diverted, route_extension, see_outsider


def forwards(town, *hops, case="always"):
    for extension, target in hops:
        town.new(Forward, extension=extension, case=case, to=target)
    return town


# --- circles ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("back", [ANNA, "+31207654101", "00207654101", "180"])
def test_a_circle_of_forwardings_is_refused(back):
    town = Town().new(AlternateNumber, user_id=1, extension="180")
    decision = forwards(town, (ANNA, to(BEN)), (BEN, Destination("number", back))).incoming()
    assert outcome(decision) == "refused 482"
    assert codes(decision)[-1] == "circle"


def test_a_circle_by_no_answer_is_refused_when_it_closes():
    town = forwards(Town(), (ANNA, to(BEN)), (BEN, to(ANNA)), case="no_answer")
    second = town.then(town.incoming(), "no_answer")
    assert outcome(second) == "rings Ben"
    assert outcome(town.then(second, "no_answer")) == "refused 482"


def test_somebody_forwarding_to_himself_is_a_circle():
    assert outcome(forwards(Town(), (ANNA, to(ANNA))).incoming()) == "refused 482"


@pytest.mark.parametrize("limit", [1, 2, 5, 10])
def test_no_call_is_forwarded_more_often_than_the_company_allows(limit):
    town = Town(max_diversions=limit)
    hops = [str(number) for number in range(201, 215)]
    for hop, following in pairwise(hops):
        town.new(ForwardExtension, extension=hop, name=hop, to=to(following))
    decision = town.dial("201")
    assert outcome(decision) == "refused 480"
    assert codes(decision)[-1] == "too_many_diversions"
    assert len(decision.situation.diversions) == limit


def test_diversions_on_the_way_to_us_count():
    town = forwards(Town(max_diversions=3), (ANNA, to(BEN)))
    assert outcome(town.incoming(diverted=2)) == "rings Ben"
    assert outcome(town.incoming(diverted=3)) == "refused 480"


def two_companies():
    """Anna forwards to Otto's number in the other company, Otto back to Anna's: over lines, for each is outside."""
    theirs = Trunk(id=2, company_id=2, name="Theirs", kind="peer", host="192.0.2.10", sources=("192.0.2.10",))
    other = CompanyRows(
        company=Company(id=2, name="Other", domain="other.example", max_diversions=4),
        users=(User(id=50, company_id=2, extension="101", name="Otto"),),
        numbers=(Number(id=70, company_id=2, e164="+31101234567", extension="101"),),
        forwards=(Forward(id=1, company_id=2, extension="101", case="always", to=to("+31207654101")),),
        trunks=(theirs,),
    )
    town = Town(other_companies=[other], max_diversions=4)
    return forwards(town, (ANNA, to("+31101234567"))), theirs


def test_a_circle_across_companies_ends_at_the_limit():
    town, theirs = two_companies()
    directory = town.directory
    number, line, hops, diverted = "+31207654101", town.trunks[0], 0, 0
    while True:
        caller = see_outsider(STRANGER, withheld=False, country="NL")
        decision = route(directory, FromTrunk((line,)), number, caller=caller, diverted=diverted)
        if not isinstance(decision.step, DialOutside):
            break
        hops += 1
        diverted = decision.situation.arrived_diversions + len(decision.situation.diversions)
        number = decision.step.number
        line = theirs if number == "+31101234567" else town.trunks[0]
    assert (hops, outcome(decision)) == (4, "refused 480")


def test_two_companies_ringing_each_others_members_end_at_the_limit():
    town = Town(max_diversions=2)
    town.new(ForwardExtension, extension="300", name="Away", to=to(STRANGER))
    town.add(HuntGroup(id=1, company_id=1, extension="400", name="Hunt"))
    town.new(HuntMember, hunt_group_id=1, extension="300")
    town.add(Number(id=80, company_id=1, e164="+31207654180", extension="400"))
    first = town.incoming("+31207654180")
    assert outcome(first) == f"rings {STRANGER}"
    assert len(first.situation.diversions) == 1
    assert outcome(town.incoming("+31207654180", diverted=2)) == "refused 480"


# --- no diversion, please --------------------------------------------------------------------------------------------

INHIBIT = FeatureCode(id=1, company_id=1, feature="no_diversion", code="*80")


def test_with_the_code_for_no_diversion_nobody_forwards():
    town = forwards(Town(INHIBIT), (ANNA, to(BEN)))
    decision = town.dial("*80101")
    assert (outcome(decision), codes(decision)[-1]) == ("refused 480", "inhibited")
    town = forwards(Town(INHIBIT), (ANNA, to(BEN)), case="no_answer")
    ringing = town.dial("*80101")
    assert outcome(ringing) == "rings Anna"
    assert outcome(town.then(ringing, "no_answer")) == "refused 480"
    assert outcome(town.then(town.dial(ANNA), "no_answer")) == "rings Ben"


def test_extensions_that_only_send_on_do_so_all_the_same():
    town = Town(INHIBIT)
    town.new(ForwardExtension, extension="201", name="F", to=to("202"))
    town.new(TimeRouting, extension="202", name="T", failover_to=to("203"))
    town.new(LocationRouting, extension="203", name="L", default_to=to("204"))
    town.new(CallLimit, extension="204", name="C", within_to=to(BEN))
    assert outcome(town.dial("*80201")) == "rings Ben"


# --- destinations ----------------------------------------------------------------------------------------------------


def test_a_destination_may_be_busy_a_voicemail_a_menu_or_nothing():
    town = Town().new(Menu, extension="250", name="Welcome").new(ConferenceRoom, extension="260", name="Monday")
    for target, expected in (
        (Destination("busy"), "refused 486"),
        (voicemail(), "voicemail 201"),
        (voicemail(CARA), "voicemail 103"),
        (to("250"), "EnterMenu"),
        (to("260"), "EnterRoom"),
        (Destination(), "refused 404"),
        (to("299"), "refused 404"),
    ):
        town.add(ForwardExtension(id=1, company_id=1, extension="201", name="F", to=target))
        assert outcome(town.dial("201")) == expected


@pytest.mark.parametrize("written", ["112", "0112", "00112", "+31112", "+112", "1 12", "911"])
def test_emergency_numbers_are_never_reached_by_forwarding(written):
    where = Destination("number", written)
    for decision in (
        forwards(Town(), (ANNA, where)).incoming(),
        forwards(Town(), (ANNA, where)).dial(ANNA),
        route_diverted(Town().directory, 1, 1, f"sip:{written.replace(' ', '')}@town.example"),
    ):
        assert not isinstance(decision.step, DialOutside)
        assert decision.step.status in (403, 404)


@pytest.mark.parametrize("written", ["199", "*72102", "abc", "#", ""])
def test_what_is_no_number_is_no_destination(written):
    decision = forwards(Town(), (ANNA, Destination("number", written))).incoming()
    assert outcome(decision) in ("refused 404", "refused 403")


def test_forwarding_outside_obeys_what_the_forwarder_may_call():
    away = (ANNA, to("+4989700798765"))
    assert outcome(forwards(Town(blocked=("international",)), away).incoming()) == "refused 403"
    assert outcome(forwards(Town().user(ANNA, blocked=("international",)), away).incoming()) == "refused 403"
    assert outcome(forwards(Town(), away).incoming()) == "dials +4989700798765"


def test_without_lines_a_forwarding_outside_is_congestion():
    assert outcome(forwards(Town(trunks=()), (ANNA, to(STRANGER))).dial(ANNA)) == "refused 503"


# --- a phone sends its call elsewhere --------------------------------------------------------------------------------


def test_a_phones_deflection_is_a_diversion_like_any_other():
    town = Town(max_diversions=1)
    ringing = town.incoming()
    deflected = route_diverted(town.directory, 1, 1, "sip:102@town.example", situation=ringing.situation)
    assert isinstance(deflected.step, RingUser)
    assert [(each.by, each.to, each.reason) for each in deflected.situation.diversions] == [(ANNA, BEN, "deflection")]
    again = route_diverted(town.directory, 1, 2, "sip:103@town.example", situation=deflected.situation)
    assert outcome(again) == "refused 480"


def test_phones_deflecting_to_each_other_are_a_circle():
    town = Town()
    first = route_diverted(town.directory, 1, 1, "sip:102@h", situation=town.incoming().situation)
    assert outcome(route_diverted(town.directory, 1, 2, "sip:101@h", situation=first.situation)) == "refused 482"


def test_a_caller_who_wants_no_diversion_is_not_deflected():
    town = Town(INHIBIT)
    ringing = town.dial("*80101")
    assert outcome(route_diverted(town.directory, 1, 1, "sip:102@h", situation=ringing.situation)) == "refused 480"


# --- from a menu -----------------------------------------------------------------------------------------------------


def test_a_caller_in_a_service_reaches_extensions_and_their_arrangements():
    town = forwards(Town(), (ANNA, to(BEN)))
    assert outcome(route_extension(town.directory, 1, ANNA)) == "rings Ben"
    for nothing in ("199", "00701234567", "112", "", "+31701234567", "*80101"):
        assert outcome(route_extension(town.directory, 1, nothing)) == "refused 404"
    assert outcome(route_extension(Directory(), 1, ANNA)) == "refused 403"


def test_nothing_follows_in_a_company_that_is_gone():
    town = Town()
    ringing = town.incoming()
    town.company = Company(id=1, name=COMPANY.name, domain=COMPANY.domain, active=False)
    assert outcome(town.then(ringing, "busy")) == "nothing"
