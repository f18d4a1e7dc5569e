"""Extensions that send calls on by place, time and number of calls (RTE-11..14, E 4.8-4.11)."""

import pytest
from routing_world import ANNA, BEN, CARA, DORA, HOUR_MS, MONDAY_NOON_MS, STRANGER, Town, at_noon, codes, outcome, to

from kiestoon.company.model import (
    CallLimit,
    Destination,
    Forward,
    ForwardExtension,
    LocationRoute,
    LocationRouting,
    Number,
    TimeRoute,
    TimeRouting,
)
from kiestoon.routing import AskPostcode, Assumed, routed_by_postcode

DESK = "500"
MOBILE = "+31612345678"


def lbr(by, routes=(), **fields):
    """Location-based routing behind +31207654180: "match → extension", each with its match as prefix."""
    fields.setdefault("default_to", to(DORA))
    town = Town(LocationRouting(id=1, company_id=1, extension=DESK, name="Places", by=by, **fields))
    town.add(Number(id=80, company_id=1, e164="+31207654180", extension=DESK))
    for match, extension in dict(routes).items():
        town.new(LocationRoute, routing_id=1, match=match, to=to(extension), prefix=f"[{match}]")
    return town


def called(town, caller=STRANGER, **kind):
    decision = town.incoming("+31207654180", caller, **kind)
    return outcome(decision), decision.situation.prefix


# --- by place --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("caller", "result"),
    [
        ("+31201234567", ("rings Anna", "[020]")),
        ("+31701234567", ("rings Ben", "[+3170]")),
        ("+31101234567", ("rings Dora", "")),
        ("+4989700798765", ("rings Cara", "[0049]")),
        (MOBILE, ("rings Dora", "")),  # no destination for mobiles: the default
    ],
)
def test_the_callers_area_code_leads_to_its_destination(caller, result):
    assert called(lbr("area_code", {"020": ANNA, "+3170": BEN, "0049": CARA}), caller) == result


def test_the_longest_match_wins_however_it_is_written():
    town = lbr("area_code", {"0": ANNA, "020": BEN, "+31201": CARA, "+312012": DORA})
    assert called(town, "+31201234567") == ("rings Dora", "[+312012]")
    assert called(town, "+31201334567") == ("rings Cara", "[+31201]")
    assert called(town, "+31202334567") == ("rings Ben", "[020]")
    assert called(town, "+31101234567") == ("rings Anna", "[0]")


def test_withheld_numbers_have_a_destination_of_their_own_unavailable_ones_the_default():
    town = lbr("area_code", {"020": ANNA}, withheld_to=to(BEN), withheld_prefix="hidden", default_prefix="other")
    assert called(town, withheld=True) == ("rings Ben", "hidden")
    assert called(town, "") == ("rings Dora", "other")
    assert called(lbr("area_code"), withheld=True) == ("rings Dora", "")


def test_mobiles_have_a_destination_of_their_own_when_the_area_code_counts():
    town = lbr("area_code", {"06": ANNA}, mobile_to=to(BEN), mobile_prefix="mobile")
    assert called(town, MOBILE) == ("rings Ben", "mobile")
    assert called(lbr("caller", {"06": ANNA}, mobile_to=to(BEN)), MOBILE) == ("rings Anna", "[06]")


def test_the_callers_whole_number_may_decide():
    town = lbr("caller", {"+31701234567": ANNA, "+3170123": BEN}, withheld_to=to(CARA))
    assert called(town) == ("rings Anna", "[+31701234567]")
    assert called(town, "+31701235555") == ("rings Ben", "[+3170123]")
    assert called(town, withheld=True) == ("rings Cara", "")


def test_the_number_that_was_called_may_decide():
    town = lbr("called", {"+31207654180": ANNA, "0207654181": BEN}, withheld_to=to(CARA))
    town.add(Number(id=81, company_id=1, e164="+31207654181", extension=DESK))
    assert called(town, withheld=True) == ("rings Anna", "[+31207654180]")
    assert outcome(town.incoming("+31207654181")) == "rings Ben"
    assert outcome(town.dial(DESK, by=ANNA)) == "rings Dora"


def test_colleagues_are_placed_by_their_own_numbers():
    assert outcome(lbr("area_code", {"020": ANNA}).dial(DESK, by=CARA)) == "rings Anna"
    assert outcome(lbr("caller", {"103": ANNA}).dial(DESK, by=CARA)) == "rings Anna"


@pytest.mark.parametrize(
    ("digits", "result"),
    [
        ("1012", "rings Anna"),
        ("1099", "rings Ben"),
        ("9999", "rings Dora"),
        ("", "rings Dora"),
        ("#" * 900, "rings Dora"),
    ],
)
def test_a_postcode_is_asked_for_and_leads_on(digits, result):
    town = lbr("postcode", {"1012": ANNA, "10": BEN}, default_prefix="unknown")
    asked = town.incoming("+31207654180")
    assert isinstance(asked.step, AskPostcode)
    decision = routed_by_postcode(town.directory, asked.situation, asked.step.routing, digits, live=at_noon())
    assert outcome(decision) == result
    assert all(len(str(reason)) < 200 for reason in decision.reasons)


def test_without_a_destination_nothing_is_found():
    town = lbr("area_code", default_to=Destination())
    assert (outcome(town.incoming("+31207654180")), codes(town.dial(DESK))[-1]) == ("refused 404", "no_destination")


# --- by time ---------------------------------------------------------------------------------------------------------


def tbr(*periods, **fields):
    town = Town(TimeRouting(id=1, company_id=1, extension=DESK, name="Hours", **fields))
    for period in periods:
        town.new(TimeRoute, routing_id=1, **period)
    return town


def hours(first, last, start, end, extension):
    return {"start_day": first, "end_day": last, "start": start * 60, "end": end * 60, "to": to(extension)}


@pytest.mark.parametrize(
    ("hour", "result"),
    [
        (12, "rings Anna"),
        (16, "rings Anna"),
        (17, "rings Cara"),
        (20, "rings Ben"),
        (29, "rings Ben"),
        (30, "rings Cara"),
    ],
)
def test_the_period_that_is_on_decides_else_the_failover(hour, result):
    town = tbr(hours(0, 4, 9, 17, ANNA), hours(0, 0, 20, 6, BEN), failover_to=to(CARA))
    assert outcome(town.dial(DESK, live=Assumed(now_ms=MONDAY_NOON_MS + (hour - 12) * HOUR_MS))) == result


def test_outside_all_periods_without_failover_nothing_is_found():
    assert outcome(tbr().dial(DESK)) == "refused 404"


# --- by number of calls ----------------------------------------------------------------------------------------------


def limited(**fields):
    fields = {"limit": 2, "within_to": to(ANNA), **fields}
    return Town(CallLimit(id=1, company_id=1, extension=DESK, name="Two", **fields))


def test_so_many_calls_are_let_in_the_others_hear_busy():
    for inside, result in ((0, "rings Anna"), (1, "rings Anna"), (2, "refused 486"), (9, "refused 486")):
        decision = limited().dial(DESK, live=at_noon(through={DESK: inside}))
        assert outcome(decision) == result
        assert decision.situation.through == ((DESK,) if result == "rings Anna" else ())


def test_beyond_the_limit_calls_may_go_elsewhere():
    full = at_noon(through={DESK: 2})
    assert outcome(limited(over_to=to(BEN)).dial(DESK, live=full)) == "rings Ben"
    assert outcome(limited(over_to=to(STRANGER)).dial(DESK, live=full)) == f"dials {STRANGER}"
    assert outcome(limited(within_to=Destination()).dial(DESK)) == "refused 486"


# --- forward extensions, and the number they show --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("choice", "outside", "inside"),
    [
        ({"caller_id": "caller"}, STRANGER, "+31207654104"),
        ({"caller_id": "called"}, "+31207654180", "+31207654100"),
        ({"caller_id": "number", "caller_number": "+31207654155"}, "+31207654155", "+31207654155"),
    ],
)
@pytest.mark.parametrize("kind", ["forward", "limit"])
def test_a_call_sent_outside_shows_the_number_chosen(kind, choice, outside, inside):
    if kind == "forward":
        row = ForwardExtension(id=1, company_id=1, extension=DESK, name="F", to=to(MOBILE), **choice)
    else:
        row = CallLimit(id=1, company_id=1, extension=DESK, name="L", within_to=to(MOBILE), **choice)
    town = Town(row, Number(id=80, company_id=1, e164="+31207654180", extension=DESK))
    from_outside = town.incoming("+31207654180")
    assert (outcome(from_outside), from_outside.step.caller_number) == (f"dials {MOBILE}", outside)
    assert town.dial(DESK).step.caller_number == inside


def test_a_hidden_caller_stays_hidden_when_sent_outside():
    row = ForwardExtension(id=1, company_id=1, extension=DESK, name="F", to=to(MOBILE), caller_id="caller")
    step = Town(row, Number(id=80, company_id=1, e164="+31207654180", extension=DESK)).incoming(
        "+31207654180", withheld=True
    ).step  # fmt: skip
    assert step.hide_caller
    assert step.caller_name == ""


def test_what_an_extension_shows_outside_is_for_its_own_forwarding_and_not_for_a_persons_behind_it():
    town = Town().new(CallLimit, extension="300", name="Limit", limit=2, within_to=to(ANNA), caller_id="caller")
    town.new(Forward, extension=ANNA, case="always", to=to("0612345678"))
    town.new(Number, e164="+31207654180", extension="300")
    assert town.incoming("+31207654180").step.caller_number == "+31207654101"  # a stranger's number would be refused
    outside = Town().new(CallLimit, extension="300", name="Limit", within_to=to("0612345678"), caller_id="caller")
    outside.new(Number, e164="+31207654180", extension="300")
    assert outside.incoming("+31207654180").step.caller_number == STRANGER
