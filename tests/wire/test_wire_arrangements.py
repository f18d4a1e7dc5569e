"""Where the company's numbers lead: number plans, routing by time and place, limits, closed locations."""

from __future__ import annotations

import statistics

import msgspec
import pytest
from arranged import LINE, e164, number_of, reached, reached_in_order, write
from bench.lib.exchange import Exchange
from bench.peers.baresip import Account, Baresip
from bench.peers.sipp import expect_all

from kiestoon.company.model import NumberPlan, NumberScheme, PlanOverride
from kiestoon.store.database import Database
from kiestoon.store.load import list_rows


@pytest.fixture(scope="module")
def running_exchange(arranged_exchange: Exchange) -> Exchange:
    """The one all modules about arrangements share."""
    return arranged_exchange


def test_each_number_follows_its_scheme_s_plan_of_the_moment(exchange, sipp, call_in, answering):
    """Schedule, holiday by date, holiday list, override; one that is over counts no more (E 8.2)."""
    expected = {"611": "201", "612": "202", "613": "230", "614": "205", "615": "206", "616": "201"}
    calls = {f"+3161200{number}0": extension for number, extension in expected.items()}
    phones = answering(len(calls))
    expect_all(call_in(*((f"+3161200{number}0", number) for number in expected)), phones)
    assert reached(phones) == calls


def test_the_plan_s_prefix_goes_before_the_caller_s_name(exchange, sipp, call_in, answering):
    phones = answering(1)
    expect_all(call_in(("+31612006130", "613")), phones)
    assert phones.received("INVITE")[0].header("From").startswith('"holiday - SIPp +31612006130"')


@pytest.mark.alone
def test_a_plan_switched_by_hand_is_in_force_within_100_ms(exchange, sipp, call_in, answering):
    """Override written, reloaded, and the next call goes by it; and back again (E 8.2.6)."""
    database = Database(exchange.settings.database_url)
    (scheme,) = (row for row in list_rows(database, NumberScheme) if row.name == "to be switched")
    plans = {row.name.split()[-1]: row.id for row in list_rows(database, NumberPlan) if row.scheme_id == scheme.id}
    took = [write(exchange, PlanOverride(id=0, company_id=1, scheme_id=scheme.id, plan_id=plans["fallback"]))]
    wanted = ["202"]
    phones = answering(3)
    expect_all(call_in(("+31612006181", "618")))
    for plan, extension in (("inside", "201"), ("fallback", "202")):
        (row,) = (row for row in list_rows(database, PlanOverride) if row.scheme_id == scheme.id)
        took.append(write(exchange, msgspec.structs.replace(row, plan_id=plans[plan])))
        expect_all(call_in((f"+3161200618{extension[-1]}", "618")))
        wanted.append(extension)
    database.close()
    expect_all(phones)
    assert reached_in_order(phones) == wanted
    assert statistics.median(took) < 0.1


def test_a_period_routes_until_it_is_over_then_the_fail_over_does(exchange, sipp, call_in, answering):
    """TBR (E 4.9)."""
    phones = answering(2)
    expect_all(call_in(("+31612006210", "621"), ("+31612006220", "622")), phones)
    assert reached(phones) == {"+31612006210": "207", "+31612006220": "208"}


def test_callers_go_where_their_area_code_leads(exchange, sipp, call_in, answering):
    """LBR (E 4.8): the longest match, mobiles, withheld numbers, everybody else."""
    expected = {"+31303456789": "209", "+31302345678": "210", "+31612345678": "212", "+31502345678": "213"}
    phones = answering(len(expected) + 1)
    hidden = call_in(("+31301111111", "631"), headers="Privacy: id")
    expect_all(call_in(*((caller, "631") for caller in expected)), hidden, phones)
    assert reached(phones) == {**expected, "anonymous": "211"}
    names = {number_of(each.header("From")): each.header("From") for each in phones.received("INVITE")}
    assert '"Utrecht - ' in names["+31303456789"]
    assert '"Utrecht East - ' in names["+31302345678"]
    assert '"Mobile - ' in names["+31612345678"]


def test_callers_go_where_their_number_or_the_one_they_called_leads(exchange, sipp, call_in, answering):
    phones = answering(4)
    calls = (
        ("+31303456789", "632"),
        ("+31201111111", "632"),
        ("+31201111112", "633"),
        ("+31201111113", "+31207000639"),
    )
    expect_all(call_in(*calls), phones)
    assert reached(phones) == {"+31303456789": "209", "+31201111111": "213", "+31201111112": "213",
                               "+31201111113": "210"}  # fmt: skip


@pytest.mark.parametrize(("keys", "extension"), [("1012", "210"), ("1099", "209"), ("3511", "213")])
def test_a_postcode_keyed_in_leads_on(exchange, sipp, answering, tmp_path, keys, extension):
    """Keys as telephone events (RFC 4733) of a real phone, the answer's tone back."""
    phones = answering(1)
    account = Account("+31612006340", LINE[0], "", exchange.address, register=False)
    with Baresip(account, tmp_path, host=LINE[0]) as caller:
        caller.dial(f"sip:{e164('634')}@{exchange.host}")
        caller.wait_for("CALL_ESTABLISHED")
        caller.send_digits(keys)
        phones.daemon.wait_until(lambda: bool(phones.received("ACK")), 8, "the phone has answered")
        caller.hang_up()
        expect_all(phones)
    assert reached(phones) == {"+31612006340": extension}


def test_a_call_limit_lets_one_through_and_sends_the_next_elsewhere(exchange, sipp, call_in, answering):
    """Counted as long as the call lasts (E 4.10)."""
    phones = answering(3)
    expect_all(call_in(("+31612006411", "641"), ("+31612006412", "641"), pause_ms=800, rate=5))
    expect_all(call_in(("+31612006413", "641")), phones)
    assert reached(phones) == {"+31612006411": "214", "+31612006412": "215", "+31612006413": "214"}


def test_a_closed_location_s_people_are_forwarded_but_for_those_who_opted_out(exchange, sipp, call_in, answering):
    """V 27.4; "automatic": for the callers its rules name only."""
    phones = answering(4)
    calls = (("+31612000001", "203"), ("+31612000002", "204"), ("+31301234567", "217"), ("+31201234567", "217"))
    expect_all(call_in(*calls), phones)
    assert reached(phones) == {"+31612000001": "216", "+31612000002": "204", "+31301234567": "216",
                               "+31201234567": "217"}  # fmt: skip
