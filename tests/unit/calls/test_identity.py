"""How phones are told to ring (CALL-20)."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from kiestoon.calls.call import Call
from kiestoon.calls.identity import alert_info
from kiestoon.calls.leg import Leg
from kiestoon.calls.party import Party
from kiestoon.company.model import Company
from kiestoon.routing import CallerSeen, Situation
from kiestoon.routing.situation import Hunt


def call_from(party: Party, number: str = "", **situation: Any) -> Call:
    call = Call("c", 1, dialled="101", direction="in", opened_ms=0)
    call.caller = 1
    call.legs[1] = Leg(1, "c", party, incoming=True, opened_ms=0)
    call.situation = Situation(1, CallerSeen("external", number), "101", **situation)
    return call


COMPANY = Company(id=1, name="Kiestad", domain="kiestad.example")
INSIDE, OUTSIDE = Party("device", "102"), Party("trunk", "+31612345678")


@pytest.mark.parametrize(
    ("party", "number", "hunt", "rings"),
    [
        (INSIDE, "", None, "<http://127.0.0.1/Bellcore-dr1>;info=alert-community-1"),
        (OUTSIDE, "+31612345678", None, "<http://127.0.0.1/Bellcore-dr2>;info=alert-external"),
        (OUTSIDE, "", None, "<http://127.0.0.1/Bellcore-dr2>;info=alert-external"),
        (OUTSIDE, "+4989123456", None, "<http://127.0.0.1/Bellcore-dr3>;info=alert-community-2"),
        (INSIDE, "", Hunt(1, (), 0), "<http://127.0.0.1/Bellcore-dr4>;info=alert-group"),
    ],
)
def test_internal_national_international_and_group_calls_ring_differently(
    party: Party, number: str, hunt: Hunt | None, rings: str
) -> None:
    assert alert_info(call_from(party, number, hunt=hunt), 0, COMPANY) == [("Alert-Info", rings)]


def test_an_alternate_numbers_pattern_wins_and_stays_where_the_company_wants_no_other_differences() -> None:
    plain = replace(COMPANY, rings_by_kind=False)
    assert alert_info(call_from(INSIDE), 0, plain) == []
    for company in (COMPANY, plain):
        assert alert_info(call_from(INSIDE), 3, company) == [
            ("Alert-Info", "<http://127.0.0.1/Bellcore-dr3>;info=alert-number3")
        ]
