"""Calls to the outside: which number is shown, and which one the emergency centre sees."""

from __future__ import annotations

import pytest
from arranged import AREAS, AREAS_LINE, ARRANGED, LAST_WAY_OUT, LINE, NOBODYS_PHONE, e164, number_of
from bench.lib.exchange import Exchange
from bench.peers.sipp import expect_all
from parties import caller, provider


@pytest.fixture(scope="module")
def running_exchange(arranged_exchange: Exchange) -> Exchange:
    """The one all modules about arrangements share."""
    return arranged_exchange


@pytest.fixture
def line(sipp):
    """Start the provider, for so many calls."""
    return lambda calls: sipp(provider().ring_and_answer().byed(), host=LINE[0], port=LINE[1], calls=calls)


@pytest.mark.parametrize(
    ("extension", "code", "shown", "asserted"),
    [
        ("101", "", e164("101"), e164("101")),
        ("101", "#31#", "anonymous", e164("101")),
        ("101", "#30#", "+31207000131", "+31207000131"),
        ("101", "#32#", "+31207000132", "+31207000132"),
        ("102", "", e164("102"), e164("102")),
        ("104", "", "+31207000191", "+31207000191"),
        ("105", "", e164("100"), e164("100")),
        ("106", "", "anonymous", e164("106")),
    ],
    ids=[
        "own", "hidden for this call", "first", "second", "personal", "location", "company", "always hidden",
    ],
)  # fmt: skip
def test_the_number_shown_is_the_one_chosen(exchange, sipp, line, extension, code, shown, asserted):
    """The person's, one for this call (E 10.6), the location's, the company's; withheld: only asserted (RFC 3325)."""
    outside = line(1)
    dialled = code.replace("#", "%23") + "00205551234"
    expect_all(sipp(caller(extension, dialled, site=ARRANGED).call().bye()), outside)
    (invite,) = outside.received("INVITE")
    assert number_of(invite.text) == "+31205551234"
    assert number_of(invite.header("From")) == shown
    assert number_of(invite.header("P-Asserted-Identity")) == asserted
    assert invite.header("Privacy") == ("id" if shown == "anonymous" else "")
    if shown == "anonymous":
        assert "User" not in invite.header("From")


def test_the_emergency_centre_sees_who_can_be_called_back(exchange, sipp, line):
    """E 6.10: the person's number even where it is hidden, else the fallbacks of person, phone, company; also from a
    phone at which nobody is logged in, and behind #31#."""
    expected = {
        ("101", "112"): e164("101"),
        ("101", "%2331%23112"): e164("101"),
        ("104", "0112"): LAST_WAY_OUT,
        ("106", "112"): e164("106"),
        ("107", "112"): "+31207000197",
        ("108", "112"): "+31207000198",
        ("109", "112"): LAST_WAY_OUT,
    }
    outside = line(len(expected) + 1)
    calling = [
        sipp(caller(*call, site=ARRANGED, name=f"emergency-{at}").call().bye()) for at, call in enumerate(expected)
    ]
    username, secret = NOBODYS_PHONE
    calling.append(sipp(caller(username, "112", site=ARRANGED, password=secret).call().bye()))
    expect_all(*calling, outside)
    invites = outside.received("INVITE")
    assert {number_of(each.text) for each in invites} == {"112"}
    assert sorted(number_of(each.header("From")) for each in invites) == sorted([*expected.values(), "+31207000199"])
    assert not any(each.header("Privacy") for each in invites)


def test_the_provider_is_told_in_which_area_an_emergency_is(exchange, sipp):
    """E 6.10.5: the person's own area, else the company's (RFC 3966 phone-context); only where the line wants it."""
    line = sipp(provider().ring_and_answer().byed(), host=AREAS_LINE[0], port=AREAS_LINE[1], calls=2)
    for extension in AREAS.extensions:
        expect_all(sipp(caller(extension, "112", site=AREAS).call().bye()))
    expect_all(line)
    assert [number_of(each.text) for each in line.received("INVITE")] == [
        "112;phone-context=+3120", "112;phone-context=+3110",
    ]  # fmt: skip


def test_nobody_logged_in_may_not_call_anybody_else(exchange, sipp):
    username, secret = NOBODYS_PHONE
    expect_all(sipp(caller(username, "00205551234", site=ARRANGED, password=secret).dial().refused(403)))
