"""What would happen if …: steps, words and diagram (RTE-24)."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from random_company import Maker

from kiestoon.company.directory import Directory
from kiestoon.company.model import (
    Company,
    CompanyRows,
    Destination,
    Device,
    Forward,
    HuntGroup,
    HuntMember,
    LocationRoute,
    LocationRouting,
    Menu,
    Number,
    RingNumber,
    Rule,
    SequentialRinging,
    Trunk,
    User,
    VoicemailBox,
)
from kiestoon.routing import FromTrunk, FromUser, see_outsider
from kiestoon.routing.explain import MOST_STEPS, Assumptions, Explanation, explain
from kiestoon.routing.telling import as_mermaid, graph_of, in_words

COMPANY = Company(id=1, name="Town", domain="town.example", area_code="020", emergency_number="+31207654100")
USERS = tuple(
    User(id=n, company_id=1, extension=f"10{n}", name=name) for n, name in ((1, "Anna"), (2, "Ben"), (3, "C"))
)
DEVICES = tuple(
    Device(id=n, company_id=1, username=f"p{n}", secret="s", user_id=n, encryption="optional") for n in (1, 2, 3)
)
LINE = Trunk(id=1, company_id=1, name="line", kind="peer", host="a", sources=("192.0.2.1",))


def company(**rows) -> Directory:
    return Directory([CompanyRows(company=COMPANY, users=USERS, devices=DEVICES, trunks=(LINE,), **rows)])


def told(directory: Directory, dialled: str, **assumed) -> Explanation:
    return explain(directory, FromUser(1, 1), dialled, Assumptions(at_ms=1_790_000_000_000, **assumed))


def ways(explanation: Explanation) -> list[tuple[str, str, int]]:
    return [(stage.kind, stage.ending, stage.at_s) for stage in explanation.stages]


def test_whoever_answers_ends_the_way() -> None:
    explanation = told(company(), "102")
    assert ways(explanation) == [("ring", "answered", 0)]
    assert in_words(explanation) == [
        "  102 was dialled",
        "  102 is the extension of Ben",
        "Rings at Ben (102): answered",
    ]


def test_what_follows_no_answer_begins_when_the_ringing_ends() -> None:
    forward = Forward(
        id=1, company_id=1, extension="102", case="no_answer", to=Destination("extension", "103"), rings=3
    )
    explanation = told(company(forwards=(forward,)), "102", states={"102": "no_answer", "103": "busy"})
    assert ways(explanation) == [("ring", "no_answer", 0), ("ring", "busy", 15)]
    lines = in_words(explanation, "nl")
    assert "Gaat over bij Ben (102): na 15 s niet opgenomen" in lines
    assert "  102 neemt niet op en schakelt door naar 103" in lines
    assert lines[-1] == "Gaat over bij C (103): bezet"


def test_a_hunt_passes_those_who_are_gone_and_rings_the_others_in_turn() -> None:
    group = HuntGroup(id=1, company_id=1, extension="200", name="Sales", no_answer_to=Destination("voicemail", "102"))
    members = tuple(HuntMember(id=n, company_id=1, hunt_group_id=1, extension=f"10{n}", position=n) for n in (1, 2, 3))
    directory = company(hunt_groups=(group,), hunt_members=members)
    gone = told(directory, "200", states={"102": "unreachable"}, otherwise="no_answer")
    assert [stage.targets for stage in gone.stages] == [(("103", "C"),), (("102", "Ben"),)]
    assert gone.stages[-1].kind == "voicemail"


def test_a_round_that_never_ends_is_cut() -> None:
    group = HuntGroup(id=1, company_id=1, extension="200", name="Sales", rings=2, total_s=3600)
    member = HuntMember(id=1, company_id=1, hunt_group_id=1, extension="102")
    explanation = told(company(hunt_groups=(group,), hunt_members=(member,)), "200", otherwise="no_answer")
    assert explanation.cut
    assert len(explanation.stages) == MOST_STEPS
    assert in_words(explanation)[-1] == "It goes on like this"


def test_what_the_caller_keys_in_leads_on() -> None:
    menu = Menu(id=1, company_id=1, extension="200", name="Welcome", fallback_extension="103")
    routing = LocationRouting(id=1, company_id=1, extension="300", name="Place", by="postcode")
    route = LocationRoute(id=1, company_id=1, routing_id=1, match="10", to=Destination("extension", "103"))
    directory = company(menus=(menu,), location_routings=(routing,), location_routes=(route,))
    assert ways(told(directory, "200")) == [("menu", "ended", 0)]
    assert [kind for kind, _, _ in ways(told(directory, "200", keys=("300", "1012")))] == ["menu", "postcode", "ring"]
    assert [kind for kind, _, _ in ways(told(directory, "200", keys=("",)))] == ["menu", "ring"]
    assert [kind for kind, _, _ in ways(told(directory, "300"))] == ["postcode", "refuse"]


def test_an_emergency_call_that_fails_is_not_led_elsewhere() -> None:
    explanation = told(company(), "112", otherwise="unreachable")
    assert ways(explanation) == [("outside", "unreachable", 0)]


# --- into voicemail, and out of the company --------------------------------------------------------------------------


def test_a_call_that_ends_in_voicemail_says_whose_box_answers_and_how() -> None:
    busy = Forward(id=1, company_id=1, extension="102", case="busy", voicemail=True)
    explanation = told(company(forwards=(busy,)), "102", states={"102": "busy"})
    last = explanation.stages[-1]
    assert (last.kind, last.targets, last.greeting) == ("voicemail", (("102", "Ben"),), "busy")
    assert in_words(explanation)[-1] == "The voicemail of Ben (102) answers with its greeting: busy"
    to_other = Forward(id=1, company_id=1, extension="102", case="always", to=Destination("voicemail", "103"))
    explanation = told(company(forwards=(to_other,)), "102")
    assert in_words(explanation, "nl")[-1] == "De voicemail van C (103) antwoordt met de begroeting: niet beschikbaar"
    quiet = VoicemailBox(id=1, company_id=1, extension="103", greeting="none")
    explanation = told(company(forwards=(to_other,), voicemail_boxes=(quiet,)), "102")
    assert explanation.stages[-1].greeting == "none"


OTHER = Company(id=2, name="Village", domain="village.example", area_code="030", emergency_number="+31301112200")
THERE = "+31301112201"


def village(**rows) -> CompanyRows:
    users = (
        User(id=21, company_id=2, extension="201", name="Dirk"),
        User(id=22, company_id=2, extension="102", name="Els"),
    )
    devices = tuple(
        Device(id=20 + n, company_id=2, username=f"q{n}", secret="s", user_id=20 + n, encryption="optional")
        for n in (1, 2)
    )
    numbers = (Number(id=21, company_id=2, e164=THERE, extension="201"),)
    return CompanyRows(company=OTHER, users=users, devices=devices, numbers=numbers, **rows)


def beyond_to(*companies: CompanyRows, number: str = THERE):
    found = Directory(companies)
    return lambda dialled: found if dialled == number else None


def test_a_call_to_another_company_goes_on_there_for_who_may_see_it() -> None:
    forward = Forward(
        id=1, company_id=2, extension="201", case="no_answer", to=Destination("extension", "102"), rings=2
    )
    beyond = beyond_to(village(forwards=(forward,)))
    states: dict[str, Any] = {"201@village.example": "no_answer", "102": "busy"}
    assumed = Assumptions(at_ms=1_790_000_000_000, states=states)
    explanation = explain(company(), FromUser(1, 1), "0" + "0301112201", assumed, beyond=beyond)
    assert [(stage.kind, stage.company, stage.ending) for stage in explanation.stages] == [
        ("outside", "", "ended"), ("ring", "Village", "no_answer"), ("ring", "Village", "answered"),
    ]  # fmt: skip
    assert "+31301112201 is a number of Village: the call comes in there" in "\n".join(in_words(explanation))
    # The record of the company's own call ends where the call leaves it.
    assert explanation.reasons == explanation.stages[0].reasons


def test_the_other_company_sees_the_number_shown_and_how_often_the_call_was_forwarded() -> None:
    onward = Forward(id=1, company_id=1, extension="102", case="always", to=Destination("number", "00301112201"))
    hide = village(rules=(
        Rule(id=1, company_id=2, service="selective_reject", name="r", extension="201", kinds=("private",)),
    ))  # fmt: skip
    at = Assumptions(at_ms=1_790_000_000_000, diverted=8)
    seen = see_outsider("", withheld=True, country="NL")
    own = Number(id=1, company_id=1, e164="+31207654101", extension="102")
    asked: dict[str, Any] = {"caller": seen, "beyond": beyond_to(hide)}
    withheld = explain(company(forwards=(onward,), numbers=(own,)), FromTrunk((LINE,)), own.e164, at, **asked)
    assert [stage.kind for stage in withheld.stages] == ["outside", "refuse"]
    assert withheld.stages[-1].reasons[-1].code == "rejected_by_rule"
    back = Forward(id=1, company_id=2, extension="201", case="always", to=Destination("number", "0612345678"))
    asked["beyond"] = beyond_to(village(forwards=(back,)))
    often = explain(company(forwards=(onward,), numbers=(own,)), FromTrunk((LINE,)), own.e164,
                    msgspec.structs.replace(at, diverted=9), **asked)  # fmt: skip
    assert often.stages[-1].reasons[-1].code == "too_many_diversions"


def test_companies_that_forward_to_each_other_are_followed_until_it_is_enough() -> None:
    here = Forward(id=1, company_id=1, extension="102", case="always", to=Destination("number", "00301112201"))
    there = Forward(id=2, company_id=2, extension="201", case="always", to=Destination("number", "00207654101"))
    own = Number(id=1, company_id=1, e164="+31207654101", extension="102")
    line = msgspec.structs.replace(LINE, id=2, company_id=2)
    rows = CompanyRows(company=COMPANY, users=USERS, devices=DEVICES, trunks=(LINE,), forwards=(here,), numbers=(own,))
    both = Directory([rows, village(forwards=(there,), trunks=(line,))])
    explanation = explain(both, FromUser(1, 1), "102", Assumptions(at_ms=1_790_000_000_000), beyond=lambda number: both)
    assert explanation.stages[-1].kind == "refuse"
    assert explanation.stages[-1].reasons[-1].code == "too_many_diversions"
    assert len(explanation.stages) == COMPANY.max_diversions + 1


def test_out_of_sight_the_call_is_said_to_have_left_the_company() -> None:
    for states in ({}, {THERE: "busy"}):
        explanation = told(company(), "0" + "0301112201", states=states)
        (stage,) = explanation.stages
        assert [reason.code for reason in stage.beyond] == ["out_of_sight"]
        assert stage.ending == (states.get(THERE) or "answers").replace("answers", "answered")
        assert "The call has left the company" in in_words(explanation)[-1]
    assert told(company(), "112").stages[0].beyond == ()


def test_who_is_looked_for_in_turn_is_told_as_one_step_with_the_time_it_takes() -> None:
    rows = {
        "sequential_ringing": (SequentialRinging(id=1, company_id=1, user_id=2, base_rings=2),),
        "ring_numbers": tuple(
            RingNumber(id=n, company_id=1, user_id=2, service="sequential", position=n, to=to, confirm=n == 2)
            for n, to in enumerate((Destination("extension", "103"), Destination("number", "0301112233")), 1)
        ),
        "rules": (Rule(id=1, company_id=1, service="sequential_ringing", name="All", extension="102"),),
        "forwards": (Forward(id=1, company_id=1, extension="102", case="no_answer", to=Destination("busy")),),
    }
    nobody = told(company(**rows), "102", otherwise="no_answer")
    assert ways(nobody) == [("ring", "no_answer", 0), ("search", "no_answer", 10), ("refuse", "ended", 50)]
    assert "Rings one after the other at C (103), +31301112233: no answer after 40 s" in in_words(nobody)
    assert "Gaat na elkaar over bij C (103), +31301112233: na 40 s niet opgenomen" in in_words(nobody, "nl")
    found = told(company(**rows), "102", otherwise="no_answer", states={"+31301112233": "answers"})
    assert (found.stages[-1].kind, found.stages[-1].ending, found.stages[-1].seconds) == ("search", "answered", 20)


def test_what_is_assumed_of_a_number_wins_over_what_is_known_of_it() -> None:
    assumed = Assumptions(at_ms=1_790_000_000_000, states={THERE: "busy"})
    explanation = explain(company(), FromUser(1, 1), "0" + "0301112201", assumed, beyond=beyond_to(village()))
    assert [(stage.kind, stage.ending) for stage in explanation.stages] == [("outside", "busy")]


def test_the_diagram_is_a_chain_from_the_call_to_its_end() -> None:
    graph = graph_of(told(company(), "102", otherwise="no_answer"), "102")
    assert [node.kind for node in graph.nodes] == ["start", "reason", "reason", "step", "end"]
    assert [(edge.source, edge.target) for edge in graph.edges] == [(f"n{n}", f"n{n + 1}") for n in range(4)]
    assert graph.edges[-1].label == "no answer after 60 s"


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10**9), st.text(max_size=20), st.sampled_from(("answers", "busy", "no_answer", "unreachable")))
def test_whatever_is_dialled_is_explained_and_drawn(seed: int, dialled: str, otherwise) -> None:
    rows = Maker(seed).make()
    numbers = [dialled, *(row.extension for row in (*rows.users, *rows.hunt_groups, *rows.time_routings))]
    directory = Directory([rows])
    for number in numbers:
        explanation = explain(
            directory, FromUser(1, rows.users[0].id), number, Assumptions(at_ms=seed * 1000, otherwise=otherwise)
        )
        assert explanation.stages
        for language in ("nl", "en"):
            assert in_words(explanation, language)
            mermaid = as_mermaid(graph_of(explanation, number, language))
            lines = mermaid.splitlines()
            shape = r' {4}n\d+(\(\[|\[|\{\{)"[^"<>`\\]*"(\]\)|\]|\}\})|    n\d+ -->(\|"[^"<>]*"\|)? n\d+'
            assert all(re.fullmatch(shape, line) for line in lines[1:])
