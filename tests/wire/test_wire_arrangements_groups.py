"""Numbers of several people: hunt groups with each policy, groups that ring all at once."""

from __future__ import annotations

from collections import Counter

import pytest
from arranged import (
    ARRANGED,
    BUSY,
    LINE,
    SILENT,
    busy_bank,
    e164,
    number_of,
    reached,
    reached_in_order,
    silent_bank,
)
from bench.lib.exchange import Exchange
from bench.peers.sipp import expect_all
from parties import caller, outside_caller, provider


@pytest.fixture(scope="module")
def running_exchange(arranged_exchange: Exchange) -> Exchange:
    """The one all modules about arrangements share."""
    return arranged_exchange


@pytest.fixture
def hunted(call_in, answering):
    """Call a hunt group so many times, one call after the other; who answered, call after call."""

    def hunt(number: str, calls: int) -> list[str]:
        phones = answering(calls)
        expect_all(call_in(*[("+31612000001", number)] * calls, rate=100, at_once=1), phones, timeout_s=15)
        return reached_in_order(phones)

    return hunt


def test_a_regular_hunt_begins_at_the_top_each_time_and_passes_the_busy_by(exchange, sipp, hunted):
    """V 21.3: the first member is busy, the second always gets the call, the third never."""
    busy = sipp(busy_bank(), host=BUSY[0], port=BUSY[1], calls=4)
    assert hunted("711", 4) == ["233"] * 4
    expect_all(busy)
    assert reached_in_order(busy) == ["303"] * 4


def test_a_circular_hunt_goes_on_after_whoever_answered_last(exchange, hunted):
    order = hunted("712", 7)
    first = int(order[0]) - 235
    assert order == [str(235 + (first + call) % 3) for call in range(7)]


def test_a_uniform_hunt_gives_everybody_as_many_calls(exchange, hunted):
    """And the next one always to who has been without a call for longest."""
    order = hunted("713", 18)
    assert Counter(order) == {"238": 6, "239": 6, "240": 6}
    assert all(len(set(order[at : at + 3])) == 3 for at in range(16))


def test_a_weighted_hunt_keeps_to_the_percentages(exchange, hunted):
    """60 and 40 per cent; at no time more than one call off."""
    order = hunted("714", 20)
    assert Counter(order) == {"241": 12, "242": 8}
    assert all(abs(order[:count].count("241") - 0.6 * count) <= 1 for count in range(1, 21))


def test_a_simultaneous_hunt_rings_all_until_one_answers(exchange, sipp, call_in, answering):
    phones, silent = answering(1), sipp(silent_bank(), host=SILENT[0], port=SILENT[1], calls=2)
    expect_all(call_in(("+31612000001", "715")), phones, silent)
    assert sorted(reached_in_order(silent)) == ["402", "403"]
    assert reached(phones) == {"+31612000001": "243"}
    assert all("elsewhere" in each.header("Reason") for each in silent.received("CANCEL"))


def test_a_hunt_group_shows_its_name_and_another_way_of_ringing(exchange, call_in, answering):
    phones = answering(1)
    expect_all(call_in(("+31612000001", "712")), phones)
    (invite,) = phones.received("INVITE")
    assert invite.header("From").startswith('"Number 712 - SIPp +31612000001"')
    assert "info=alert-group" in invite.header("Alert-Info")


def test_a_group_whose_members_are_away_or_busy_sends_its_calls_elsewhere(exchange, sipp, call_in, answering):
    """V 21.1.2: nobody reachable, everybody busy; a group extension's own busy forward (E 4.2)."""
    phones, busy = answering(3), sipp(busy_bank(), host=BUSY[0], port=BUSY[1], calls=4)
    expect_all(call_in(("+31612000001", "717"), ("+31612000002", "718"), ("+31612000003", "723")), phones, busy)
    assert set(reached(phones).values()) == {"219"}
    reasons = {
        number_of(each.header("From")): each.header("Diversion").partition(";")[2] for each in phones.received("INVITE")
    }
    assert reasons == {
        "+31612000001": "reason=unavailable",
        "+31612000002": "reason=user-busy",
        "+31612000003": "reason=user-busy",
    }


def test_a_forward_extension_takes_its_turn_in_a_hunt_with_its_own_caller_id(exchange, sipp, call_in):
    """E 4.11: the first member is away, the second is an outside number shown the caller's."""
    line = sipp(provider().ring_and_answer().byed(), host=LINE[0], port=LINE[1])
    expect_all(call_in(("+31612000001", "719")), line)
    (invite,) = line.received("INVITE")
    assert number_of(invite.text) == "+31612000651"
    assert number_of(invite.header("From")) == "+31612000001"


def test_a_group_extension_rings_all_and_shows_the_number_called(exchange, sipp, call_in, answering):
    phones, silent = answering(1), sipp(silent_bank(), host=SILENT[0], port=SILENT[1])
    expect_all(call_in(("+31612000001", "721")), phones, silent)
    assert reached(phones) == {"+31612000001": "243"}
    assert reached(silent) == {"+31612000001": "402"}
    assert phones.received("INVITE")[0].header("From").startswith(f'"{e164("721")} - ')


def test_a_group_that_respects_its_members_own_forwards_rings_where_those_lead(exchange, sipp, call_in, answering):
    """E 4.2: the first member's calls go to 219."""
    phones, silent = answering(1), sipp(silent_bank(), host=SILENT[0], port=SILENT[1])
    expect_all(call_in(("+31612000001", "725")), phones, silent)
    assert reached(phones) == {"+31612000001": "219"}
    assert reached(silent) == {"+31612000001": "403"}


def test_menus_share_services_with_people(exchange, sipp, call_in, answering):
    """V 18.5: one forwards all its calls, one rejects mobiles."""
    phones = answering(1)
    rejected = outside_caller("+31612000002", e164("732"), exchange.host).dial().expect(100, optional=True)
    rejected = sipp(rejected.expect(183).refused(403), host=LINE[0])
    expect_all(call_in(("+31612000001", "731")), phones, rejected, timeout_s=15)
    assert reached(phones) == {"+31612000001": "219"}
    assert {record.outcome for record in exchange.new_records(2)} == {"answered", "refused"}


def test_a_member_who_calls_the_own_group_is_passed_by(exchange, sipp, answering):
    phones = answering(3)
    expect_all(sipp(caller("235", "712", site=ARRANGED).call().bye(), calls=3, at_once=1), phones)
    assert set(reached_in_order(phones)) == {"236", "237"}
