"""Whatever companies arrange and whoever calls: a route is found, ends, and never does harm."""

import re

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from routing_world import MONDAY_NOON_MS, Town, to, voicemail

from kiestoon.company.model import (
    AlternateNumber,
    CallClass,
    CallLimit,
    Destination,
    FeatureCode,
    Forward,
    ForwardExtension,
    GroupExtension,
    GroupMember,
    HuntGroup,
    HuntMember,
    Location,
    LocationRoute,
    LocationRouting,
    Number,
    NumberPlan,
    NumberScheme,
    PlanMapping,
    Presence,
    ReachCell,
    ReachOverride,
    ReachProfile,
    ReachStatus,
    RemoteOffice,
    RingNumber,
    Rule,
    SimultaneousRinging,
    StatusForward,
    TimeRoute,
    TimeRouting,
    WeekBlock,
)
from kiestoon.company.numbers import emergency_number
from kiestoon.routing import AskPostcode, Assumed, DialOutside, RingAll, route_diverted, routed_by_postcode

EXTENSIONS = [
    *(str(number) for number in range(101, 105)),
    "180",
    "301",
    "302",
    "401",
    "402",
    "501",
    "511",
    "521",
    "531",
]
NUMBERS = ["+31701234567", "00701234567", "+31612345678", "+31207654101", "0207654180", "112", "+31112", "0031112",
           "199", "00112", "+4989700798765", "009001234", "x", "#31#112", "911", "1312"]  # fmt: skip
destinations = st.one_of(
    st.sampled_from(EXTENSIONS).map(to),
    st.sampled_from(EXTENSIONS + NUMBERS).map(lambda target: Destination("number", target)),
    st.sampled_from(["", "101", "301"]).map(voicemail),
    st.sampled_from([Destination("busy"), Destination(), Destination("mobile"), Destination("external")]),
)
people = st.integers(1, 4)
extensions = st.sampled_from(EXTENSIONS)
patterns = st.lists(st.sampled_from(["+3170*", "10?", "*", "070*", "+31?0*"]), max_size=2).map(tuple)
kinds = st.lists(st.sampled_from(["internal", "external", "private", "unavailable"]), max_size=2).map(tuple)
services = st.sampled_from(["selective_forward", "selective_accept", "selective_reject"])
cases = st.sampled_from(["always", "selective", "busy", "no_answer", "unreachable"])
statuses = st.sampled_from(["office", "meeting", "do_not_disturb"])
treatments = st.one_of(st.none(), destinations)


def row(row_type, **fields):
    """A row whose id is set when it is added."""
    return st.fixed_dictionaries(fields).map(lambda made: (row_type, made))


ADDITIONS = st.one_of(
    row(Forward, extension=extensions, case=cases, to=destinations, voicemail=st.booleans()),
    row(Rule, service=services, name=st.just("r"), extension=extensions, applies=st.booleans(), patterns=patterns,
        kinds=kinds, to=destinations),
    row(Presence, user_id=people, status=statuses),
    row(StatusForward, user_id=people, status=statuses, to=destinations),
    row(ReachProfile, user_id=people, name=st.just("p"), is_default=st.booleans(), forward_always=treatments,
        forward_busy=treatments, forward_no_answer=treatments, devices=st.sampled_from([None, (), ("mobile",)]),
        forwarded_caller_id=st.sampled_from([None, "user", "caller", "called"])),
    row(RemoteOffice, user_id=people, number=st.sampled_from(["+31201112222", "112", "101"])),
    row(SimultaneousRinging, user_id=people),
    row(RingNumber, user_id=people, service=st.just("simultaneous"), position=st.integers(1, 10), to=destinations),
    row(GroupMember, group_id=st.integers(1, 2), extension=extensions),
    row(HuntMember, hunt_group_id=st.integers(1, 2), extension=extensions, weight=st.integers(0, 60)),
    row(LocationRoute, routing_id=st.just(1), match=st.sampled_from(["0", "+3170", "10"]), to=destinations),
    row(TimeRoute, routing_id=st.just(1), start_day=st.just(0), end_day=st.just(0), start=st.just(0),
        end=st.just(1440), to=destinations),
    row(AlternateNumber, user_id=people, extension=st.just("180"), ring_pattern=st.integers(1, 4)),
)  # fmt: skip


@st.composite
def towns(draw):
    """A company with everything in it, led in circles as often as not."""
    fields = {"company_id": 1}
    town = Town(
        Location(id=1, **fields, name="Hall", forward=draw(st.sampled_from(["off", "off", "on"])),
                 forward_to=draw(destinations)),
        GroupExtension(id=1, **fields, extension="301", name="G1", individual_forwarding=True, individual_ringing=True,
                       forward_no_answer=draw(destinations)),
        GroupExtension(id=2, **fields, extension="302", name="G2", forward_busy=draw(destinations)),
        HuntGroup(id=1, **fields, extension="401", name="H1", total_s=draw(st.sampled_from([0, 60])),
                  policy=draw(st.sampled_from(["regular", "circular", "simultaneous", "uniform", "weighted"])),
                  no_answer_to=draw(destinations), unreachable_to=draw(destinations)),
        HuntGroup(id=2, **fields, extension="402", name="H2", call_waiting=True, individual_ringing=True,
                  busy_to=draw(destinations)),
        LocationRouting(id=1, **fields, extension="501", name="L", default_to=draw(destinations),
                        by=draw(st.sampled_from(["area_code", "postcode", "caller", "called"]))),
        TimeRouting(id=1, **fields, extension="511", name="T", failover_to=draw(destinations)),
        CallLimit(id=1, **fields, extension="521", name="C", within_to=draw(destinations), over_to=draw(destinations)),
        ForwardExtension(id=1, **fields, extension="531", name="F", to=draw(destinations),
                         caller_id=draw(st.sampled_from(["caller", "called", "number"]))),
        NumberScheme(id=1, **fields, name="Main"),
        NumberPlan(id=1, **fields, scheme_id=1, name="All", is_fallback=True),
        PlanMapping(id=1, **fields, plan_id=1, number_id=90, extension=draw(extensions)),
        Number(id=80, **fields, e164="+31207654180", extension=draw(extensions)),
        FeatureCode(id=1, **fields, feature="caller_id_hide", code="#31#"),
        FeatureCode(id=2, **fields, feature="no_diversion", code="*80"),
        CallClass(id=1, **fields, user_id=1, name="Class", prefixes=("07",)),
        ReachStatus(id=1, **fields, user_id=1, name="Monday", blocks=(WeekBlock(0, 0, 1440),),
                    availability=draw(st.sampled_from(["automatic", "busy"]))),
        ReachOverride(id=1, **fields, user_id=1, roaming=True, roaming_status_id=1),
        max_diversions=draw(st.integers(1, 10)),
    )  # fmt: skip
    for row_type, made in draw(st.lists(ADDITIONS, max_size=14)):
        town.new(row_type, **made)
    for extension in town.users:
        town.user(extension, do_not_disturb=draw(st.booleans()) and draw(st.booleans()),
                  mobile_number=draw(st.sampled_from(["", "+31612345678"])),
                  external_number=draw(st.sampled_from(["", "+31701234567", "+31207654101"])))  # fmt: skip
    profiles = [row.id for row in town.rows if isinstance(row, ReachProfile) and row.user_id == 1]
    for profile in profiles:
        town.new(ReachCell, user_id=1, profile_id=profile, status_id=draw(st.sampled_from([None, 1])), call_class_id=1)
    return town


lives = st.builds(
    Assumed,
    now_ms=st.integers(0, 100_000).map(lambda seconds: MONDAY_NOON_MS + seconds * 1000),
    through=st.fixed_dictionaries({"521": st.integers(0, 3)}),
    unreachable=st.frozensets(people),
    busy=st.frozensets(people),
)
outcomes = st.lists(st.sampled_from(["busy", "no_answer", "unreachable", "rejected"]), min_size=1, max_size=60)
dialled_numbers = st.one_of(
    st.sampled_from(EXTENSIONS + NUMBERS),
    st.sampled_from(EXTENSIONS + NUMBERS).map(lambda number: "#31#*80" + number),
    st.text(max_size=20),
)


def dials(step):
    if isinstance(step, DialOutside):
        return (step,)
    return step.outside if isinstance(step, RingAll) else ()


def check(decision, limit, *, forwarded_only):
    """What must be true of every decision."""
    assert decision.reasons
    for reason in decision.reasons:
        for language in ("nl", "en"):
            text = reason.render(language)
            assert "?" not in text or "?" in "".join(reason.params.values()), reason
            assert not text.startswith(reason.code + " {"), reason
    for dial in dials(decision.step):
        if forwarded_only:
            assert not dial.emergency
            assert not emergency_number(dial.number, "NL", "0")
            assert decision.situation.diversions
    if decision.situation is not None:
        here = decision.situation
        assert len(here.diversions) + here.arrived_diversions <= max(limit, here.arrived_diversions)


def play(town, decision, endings, live, *, forwarded_only):
    """Every step ends as said, time going on, until nothing follows; how many steps that took."""
    directory, limit, steps = town.directory, town.company.max_diversions, 0
    for ending in endings:
        check(decision, limit, forwarded_only=forwarded_only)
        steps += 1
        live = Assumed(live.now_ms + 5000, live.through, live.unreachable, live.busy, live.hunts)
        if isinstance(decision.step, AskPostcode):
            decision = routed_by_postcode(directory, decision.situation, decision.step.routing, "1012", live=live)
            continue
        if decision.situation is None:
            break
        follows = town.then(decision, ending, live)
        if follows is None:
            break
        decision = follows
    return steps


busy_settings = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
ONE_BY_ONE = 4 + 13 * 14
"""More rings than all of a company's members can take one after another, rounds of a minute included."""


@busy_settings
@given(towns(), st.sampled_from(["+31207654101", "+31207654100", "+31207654180"]), lives, outcomes,
       st.sampled_from(["+31701234567", "", "+31612345678"]), st.booleans(), st.integers(0, 11))  # fmt: skip
def test_a_call_from_outside_always_ends_and_leaves_only_by_forwarding(
    town, number, live, endings, caller, withheld, diverted
):
    decision = town.incoming(number, caller, live=live, withheld=withheld, diverted=diverted)
    steps = play(town, decision, endings * 20, live, forwarded_only=True)
    assert steps < ONE_BY_ONE


@busy_settings
@given(towns(), dialled_numbers, lives, outcomes, st.sampled_from(["101", "104"]))
def test_a_call_from_inside_always_ends(town, dialled, live, endings, by):
    decision = town.dial(dialled, by=by, live=live)
    forwarded = decision.situation is not None and bool(decision.situation.diversions)
    assert play(town, decision, endings * 20, live, forwarded_only=forwarded) < ONE_BY_ONE


@busy_settings
@given(towns(), dialled_numbers, lives, outcomes)
def test_a_phones_deflection_always_ends_and_reaches_no_emergency_number(town, dialled, live, endings):
    ringing = town.incoming(live=live)
    deflected = route_diverted(
        town.directory, 1, 1, f"sip:{dialled}@town.example", live=live, situation=ringing.situation
    )
    assert play(town, deflected, endings * 20, live, forwarded_only=True) < ONE_BY_ONE


def test_every_reason_routing_gives_has_a_text():
    from pathlib import Path

    import kiestoon.routing
    from kiestoon.routing.reasons import CODES

    source = "".join(path.read_text() for path in Path(kiestoon.routing.__file__).parent.glob("*.py"))
    given_codes = set(re.findall(r'because\(\s*"([a-z_]+)"', source))
    assert given_codes <= CODES
    composed = {f"forward_{case}" for case in ("always", "busy", "no_answer", "unreachable")}
    assert {code for code in CODES if code not in given_codes | composed} == set()
