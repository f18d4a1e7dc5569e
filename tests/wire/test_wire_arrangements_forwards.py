"""Calls that go elsewhere: forwards of every kind, what providers and callers are told of them, loops."""

from __future__ import annotations

import re

import pytest
from arranged import (
    BUSY,
    DOUBTFUL_LINE,
    LINE,
    LOOP,
    SILENT,
    busy_bank,
    e164,
    number_of,
    reached,
    reached_in_order,
    silent_bank,
)
from bench.lib.exchange import Exchange
from bench.peers.process import wait_until
from bench.peers.sipp import expect_all
from looping import Looping
from parties import caller, outside_caller, provider
from raw import RawParty

from arranged import ARRANGED  # isort: skip


@pytest.fixture(scope="module")
def running_exchange(arranged_exchange: Exchange) -> Exchange:
    """The one all modules about arrangements share."""
    return arranged_exchange


@pytest.fixture
def busy(sipp):
    """Start the bank of busy phones, for so many calls."""
    return lambda calls: sipp(busy_bank(), host=BUSY[0], port=BUSY[1], calls=calls)


@pytest.fixture
def line(sipp):
    """Start the provider, for so many calls."""
    return lambda calls: sipp(provider().ring_and_answer().byed(), host=LINE[0], port=LINE[1], calls=calls)


def test_each_kind_of_forward_leads_on_and_only_when_it_should(exchange, sipp, call_in, answering, busy):
    """Always, selective by the caller's number, busy, unreachable, do not disturb (V 7.1, V 7.2)."""
    calls = {
        ("+31612000001", "218"): "219",
        ("+31612000002", "220"): "219",
        ("+31201234567", "220"): "220",
        ("+31612000003", "301"): "219",
        ("+31612000004", "501"): "219",
        ("+31612000005", "223"): "219",
    }
    phones, refusing = answering(len(calls)), busy(1)
    expect_all(call_in(*calls), phones, refusing)
    assert reached(phones) == {calling: extension for (calling, _), extension in calls.items()}
    reasons = {
        number_of(each.header("From")): each.header("Diversion").partition(";")[2] for each in phones.received("INVITE")
    }
    assert reasons == {
        "+31612000001": "reason=unconditional",
        "+31612000002": "reason=unconditional",
        "+31201234567": "",
        "+31612000003": "reason=user-busy",
        "+31612000004": "reason=unavailable",
        "+31612000005": "reason=user-busy",
    }


def test_who_does_not_answer_in_time_is_relieved(exchange, sipp, call_in, answering):
    """Two rings of a person's, two of a hunt group's member, a group's eight seconds; all at once, to save time."""
    phones, silent = answering(3), sipp(silent_bank(), host=SILENT[0], port=SILENT[1], calls=3)
    calling = call_in(("+31612000001", "401"), ("+31612000002", "716"), ("+31612000003", "722"))
    expect_all(calling, phones, silent, timeout_s=20)
    assert reached(phones) == {"+31612000001": "219", "+31612000002": "244", "+31612000003": "219"}
    assert reached(silent) == {"+31612000001": "401", "+31612000002": "404", "+31612000003": "403"}


def test_do_not_disturb_without_a_forward_is_busy(exchange, sipp):
    expect_all(sipp(outside_caller("+31612000001", e164("224"), exchange.host).dial().refused(486), host=LINE[0]))
    assert exchange.new_records()[0].outcome == "busy"


def test_each_alternate_number_rings_in_its_own_way(exchange, sipp, call_in, answering):
    """Alert-Info (V 9.4): calls to the person's own number, to an alternate one, and to the internal one."""
    phones = answering(3)
    inside = sipp(caller("101", "662", site=ARRANGED).call().bye())
    expect_all(call_in(("+31612000001", "221"), ("+31612000002", "661")), inside, phones)
    alerts = {number_of(each.header("From")): each.header("Alert-Info") for each in phones.received("INVITE")}
    assert set(reached(phones).values()) == {"221"}
    assert "info=alert-external" in alerts["+31612000001"]
    assert "Bellcore-dr3" in alerts["+31612000002"]
    assert "Bellcore-dr2" in alerts["101"]
    assert "alert-number2" in alerts["101"]


def test_a_phone_whose_calls_go_elsewhere_rings_once_to_remind_of_it(exchange, sipp, call_in, answering):
    """V 7.1.1: a short ring of its own, with the caller, without sound; cancelled as answered elsewhere. V 7.2: so is
    who wants peace. The caller notices nothing of it."""
    phones, reminded = answering(2), sipp(silent_bank(), host=SILENT[0], port=SILENT[1], calls=2)
    expect_all(call_in(("+31612000001", "405"), ("+31612000002", "406")), phones, reminded)
    assert reached(phones) == {"+31612000001": "219", "+31612000002": "219"}
    assert reached(reminded) == {"+31612000001": "405", "+31612000002": "406"}
    assert {each.header("Alert-Info") for each in reminded.received("INVITE")} == {
        "<http://127.0.0.1/Bellcore-dr5>;info=alert-reminder"
    }
    assert all(each.header("Content-Length") == "0" for each in reminded.received("INVITE"))
    assert all('text="Call completed elsewhere"' in each.header("Reason") for each in reminded.received("CANCEL"))
    rang_s = [
        (cancel.at_s - invite.at_s) % 86_400
        for invite, cancel in zip(reminded.received("INVITE"), reminded.received("CANCEL"), strict=True)
    ]
    assert all(0.8 < each < 2.0 for each in rang_s)
    assert not any(leg.party == "405" for record in exchange.new_records(2) for leg in record.legs)


def test_whoever_answers_a_reminder_is_hung_up_on(exchange, sipp, call_in, answering):
    phones = answering(2)
    expect_all(call_in(("+31612000001", "250")), phones)
    assert set(reached_in_order(phones)) == {"219", "250"}
    (record,) = exchange.new_records()
    assert [leg.party for leg in record.legs if leg.kind != "caller"] == ["219"]


def test_a_forward_to_the_own_mobile_goes_to_the_one_of_the_moment(exchange, sipp, call_in, line):
    """U 4.1.4."""
    outside = line(1)
    expect_all(call_in(("+31612000001", "254")), outside)
    (invite,) = outside.received("INVITE")
    assert number_of(invite.text) == "+31612000254"
    assert number_of(invite.header("From")) == e164("254")


# --- out again -------------------------------------------------------------------------------------------------------


def test_a_forward_outside_shows_the_number_that_was_chosen(exchange, sipp, call_in, line):
    """Forward extensions and call limits: the caller's, the called or a given number (E 4.10, E 4.11)."""
    shown = {"651": "+31612000001", "652": e164("652"), "653": e164("100"), "642": e164("642"), "229": e164("229")}
    outside = line(len(shown))
    expect_all(call_in(*(("+31612000001", called) for called in shown)), outside)
    invites = {number_of(each.text)[-3:]: each for each in outside.received("INVITE")}
    assert {called: number_of(each.header("From")) for called, each in invites.items()} == shown
    assert {called: number_of(each.header("P-Asserted-Identity")) for called, each in invites.items()} == shown


def test_the_provider_is_told_who_forwarded_the_call(exchange, sipp, call_in, line, busy):
    """Diversion (RFC 5806), last first, and History-Info (RFC 7044), with outside numbers only."""
    outside, refusing = line(1), busy(1)
    expect_all(call_in(("+31612000001", "302")), outside, refusing)
    (invite,) = outside.received("INVITE")
    diversions = re.findall(r"^Diversion: <sip:([^@]+)@[^>]+>;reason=(\S+)", invite.text, re.MULTILINE)
    assert diversions == [(e164("229"), "unconditional"), (e164("302"), "user-busy")]
    history = re.findall(r"^History-Info: <sip:([^@?]+)[^>]*>;index=([\d.]+)", invite.text, re.MULTILINE)
    assert history == [(e164("302"), "1"), (e164("229"), "1.1"), ("+31612000229", "1.1.1")]


def test_a_caller_who_withholds_stays_withheld_when_forwarded_outside(exchange, sipp, call_in, line):
    outside = line(1)
    expect_all(call_in(("+31612000001", "651"), headers="Privacy: id"), outside)
    (invite,) = outside.received("INVITE")
    assert number_of(invite.header("From")) == "anonymous"
    assert invite.header("Privacy") == "id"


def test_a_group_that_forwards_outside_shows_its_own_number_when_it_is_to(exchange, sipp, call_in, line):
    """E 4.2.4: the number called in place of the caller's."""
    outside = line(1)
    expect_all(call_in(("+31612000001", "724")), outside)
    (invite,) = outside.received("INVITE")
    assert number_of(invite.text) == "+31612000724"
    assert number_of(invite.header("From")) == e164("724")


# --- what the caller is told -----------------------------------------------------------------------------------------


def told(number: str, statuses: list[int], exchange: Exchange, **checks: str):
    """The ladder of a caller who is told just this before the answer."""
    ladder = outside_caller("+31612000001", e164(number), exchange.host).invite().expect(100, optional=True)
    for status in statuses:
        ladder = ladder.expect(status)
    return ladder.expect(200, dialog=True, **checks).ack().bye()


def test_181_is_sent_to_whom_the_forwarder_lets_it_be_sent(exchange, sipp, answering):
    """V 11.3: to all; to colleagues only."""
    phones = answering(3)
    outside = [sipp(told("225", [181, 180], exchange), host=LINE[0]), sipp(told("226", [180], exchange), host=LINE[0])]
    ladder = caller("101", "226", site=ARRANGED).dial().expect(100, optional=True).expect(181).expect(180)
    inside = sipp(ladder.expect(200, dialog=True).ack().bye())
    expect_all(*outside, inside, phones)
    assert not outside[1].received("SIP/2.0 181")


def test_a_hunt_group_has_policies_of_its_own(exchange, sipp, answering):
    """V 21.1.6: 181 although the company tells nobody, and nobody sees who answers."""
    phones = answering(1)
    party = sipp(told("720", [181, 180], exchange), host=LINE[0])
    expect_all(party, phones)
    assert reached(phones) == {"+31612000001": "219"}
    (answer,) = party.received("SIP/2.0 200 OK")[:1]
    assert number_of(answer.header("P-Asserted-Identity")) == ""


@pytest.mark.parametrize(
    ("calling", "called", "shown"),
    [("101", "201", "201"), ("101", "227", "227"), ("101", "228", "219"), ("line", "201", e164("201")),
     ("line", "227", ""), ("line", "228", ""), ("line", "218", e164("218")), ("doubtful", "201", "")],
)  # fmt: skip
def test_the_caller_sees_whom_he_reaches_unless_that_is_hidden(exchange, sipp, answering, calling, called, shown):
    """P-Asserted-Identity while it rings and with the answer: hidden by who is reached (V 19.8), by the policy of who
    forwarded (V 11.3), and always from lines that are not trusted (RFC 3325 §9.1)."""
    phones = answering(1)
    if calling == "101":
        party = sipp(caller("101", called, site=ARRANGED).call().bye())
    else:
        ladder = outside_caller("+31612000001", e164(called), exchange.host).call().bye()
        party = sipp(ladder, host=LINE[0] if calling == "line" else DOUBTFUL_LINE)
    expect_all(party, phones)
    for status in ("180", "200"):
        assert number_of(party.received(f"SIP/2.0 {status}")[0].header("P-Asserted-Identity")) == shown


# --- loops -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tells", [True, False], ids=["with Diversion", "without"])
def test_two_companies_forwarding_to_each_other_end_the_call(exchange, sipp, tells):
    """Over a provider that brings every call back, whether it tells of the forwarding or not: a bounded number of
    calls (at most ten diversions, else Max-Forwards), and all of them end."""
    with Looping(LOOP, exchange.address, diversion=tells) as loop:
        ladder = outside_caller("+31612000001", "+31207100001", exchange.host).dial().refused(480 if tells else 483)
        calling = sipp(ladder, host=LOOP[0])
        expect_all(calling, timeout_s=30)
    assert 2 < loop.invites <= (10 if tells else 35)


def test_groups_of_two_companies_that_ring_each_other_do_not_multiply_their_calls(exchange):
    """Each rings the other's number twice: with ten diversions allowed that would be 2046 calls; Max-Breadth (RFC 5393)
    lets a call split into sixty at most."""
    with Looping(LOOP, exchange.address) as loop, RawParty(LOOP[0], exchange.address, "+31207100101") as party:
        party.send(party.invite())
        party.expect("SIP/2.0 4", "1 INVITE", timeout_s=30)
        party.send(party.ack_failure())
        wait_until(lambda: not any(exchange.ask("inventory").values()), 20, "all of its calls are over")
    assert 2 < loop.invites < 300
