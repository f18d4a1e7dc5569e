"""Where settings send calls: what cannot be called from there is refused when it is written (REACH-1, E 9.1, V 6.5)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from msgspec import inspect
from organisation_house import House

from kiestoon.company import model as m
from kiestoon.store.columns import fields_of
from kiestoon.store.database import Database
from kiestoon.store.errors import InvalidRowError
from kiestoon.store.keys import Vault
from kiestoon.store.problems import Problem
from kiestoon.store.rules.peek import Peek
from kiestoon.store.write import changing

PREMIUM = "009001234567"
MOBILE = "00612345678"


@pytest.fixture
def house(database: Database, vault: Vault) -> Iterator[House]:
    with changing(database, vault, acting_user="test") as changes:
        yield House(changes)


Setting = Callable[[House, str], Any]


def _to(number: str) -> m.Destination:
    return m.Destination("number", number)


OF_PEOPLE: dict[tuple[str, str], Setting] = {
    ("forwards", "to"): lambda h, n: h.add(m.Forward, extension="101", case="always", to=_to(n)),
    ("rules", "to"): lambda h, n: h.add(m.Rule, name="r", service="selective_forward", extension="101", to=_to(n)),
    ("status_forwards", "to"): lambda h, n: h.add(m.StatusForward, user_id=h.ann.id, status="lunch", to=_to(n)),
    ("ring_numbers", "to"): lambda h, n: h.add(
        m.RingNumber, user_id=h.ann.id, service="sequential", position=1, to=_to(n)
    ),
    ("remote_offices", "number"): lambda h, n: h.add(m.RemoteOffice, user_id=h.ann.id, number=n),
    ("meetings", "guests"): lambda h, n: h.meeting_calling(n),
    **{
        ("reach_profiles", field): lambda h, n, field=field: h.add(
            m.ReachProfile, user_id=h.ann.id, name="p", **{field: _to(n)}
        )
        for field in ("forward_always", "forward_busy", "forward_no_answer")
    },
}
OF_OTHERS: dict[tuple[str, str], Setting] = {
    ("locations", "forward_to"): lambda h, n: h.change(h.here, forward_to=_to(n)),
    ("forward_extensions", "to"): lambda h, n: h.add(m.ForwardExtension, extension="310", name="F", to=_to(n)),
    ("location_routes", "to"): lambda h, n: h.add(m.LocationRoute, routing_id=h.lbr.id, match="020", to=_to(n)),
    ("time_routes", "to"): lambda h, n: h.add(
        m.TimeRoute, routing_id=h.add(m.TimeRouting, extension="312", name="T").id, start_day=0, end_day=4,
        start=0, end=60, to=_to(n),
    ),
    ("time_routings", "failover_to"): lambda h, n: h.add(m.TimeRouting, extension="311", name="T", failover_to=_to(n)),
    ("group_call_members", "number"): lambda h, n: h.add(
        m.GroupCallMember, group_call_id=h.add(m.GroupCall, extension="313", name="All").id, number=n
    ),
    **{
        ("hunt_groups", field): lambda h, n, field=field: h.change(h.hunt, **{field: _to(n)})
        for field in ("no_answer_to", "busy_to", "unreachable_to")
    },
    **{
        ("location_routings", field): lambda h, n, field=field: h.change(h.lbr, **{field: _to(n)})
        for field in ("default_to", "withheld_to", "mobile_to")
    },
    **{
        ("call_limits", field): lambda h, n, field=field: h.add(
            m.CallLimit, extension="314", name="L", **{field: _to(n)}
        )
        for field in ("within_to", "over_to")
    },
    **{
        ("group_extensions", f"forward_{case}"): lambda h, n, case=case: h.add(
            m.GroupExtension, extension="315", name="G", **{f"forward_{case}": _to(n)}
        )
        for case in ("always", "busy", "no_answer")
    },
    **{
        ("group_extensions", f"forward_{case}_also"): lambda h, n, case=case: h.add(
            m.GroupExtension, extension="315", name="G",
            **{f"forward_{case}": m.Destination("extension", "101"), f"forward_{case}_also": (n,)},
        )
        for case in ("always", "busy", "no_answer")
    },
    **{
        ("queues", field): lambda h, n, field=field: h.add(m.Queue, extension="316", name="Q", **{field: _to(n)})
        for field in ("leave_to", "forward_to", "nobody_to", "forced_to", "holiday_to", "night_to")
    },
    **{
        ("queues", f"{case}_also"): lambda h, n, case=case: h.add(
            m.Queue, extension="316", name="Q",
            **{f"{case}_to": m.Destination("extension", "101"), f"{case}_also": (n,)},
        )
        for case in ("forward", "nobody")
    },
}  # fmt: skip


def problems_of(house: House, work: Callable[[], Any]) -> list[tuple[str, str]]:
    """Code and field of what a write is refused for; [] when it is not. Nothing of it stays."""
    kept = house.changes.connection.begin_nested()
    found: tuple[Problem, ...] = ()
    try:
        work()
    except InvalidRowError as error:
        found = error.problems
    kept.rollback()
    assert all(each.text(language) and each.advice(language) for each in found for language in ("en", "nl"))
    return [(each.code, each.field) for each in found]


def test_every_destination_there_is_has_a_setting_here() -> None:
    known = {*OF_PEOPLE, *OF_OTHERS}
    for entity in m.ENTITIES:
        for field in fields_of(entity):
            further = isinstance(field.kind, inspect.VarTupleType) and field.name.endswith("_also")
            assert (entity.table, field.name) in known or not (field.shape == "destination" or further)


def test_what_the_company_blocks_is_refused_in_every_setting(house: House) -> None:
    house.change(house.company, blocked=("premium",))
    for (_, field), setting in (OF_PEOPLE | OF_OTHERS).items():
        assert problems_of(house, lambda setting=setting: setting(house, PREMIUM)) == [("blocked_target", field)]
        assert problems_of(house, lambda setting=setting: setting(house, MOBILE)) == []


def test_what_a_person_may_not_call_is_refused_in_the_persons_settings_only(house: House) -> None:
    house.ann = house.change(house.ann, blocked=("mobile",))
    for (_, field), setting in OF_PEOPLE.items():
        assert problems_of(house, lambda setting=setting: setting(house, MOBILE)) == [("blocked_for", field)]
        assert problems_of(house, lambda setting=setting: setting(house, PREMIUM)) == []
    for setting in OF_OTHERS.values():
        assert problems_of(house, lambda setting=setting: setting(house, MOBILE)) == []


def test_the_sentence_says_what_is_blocked_and_by_whom(house: House) -> None:
    house.ann = house.change(house.ann, blocked=("international",))
    house.change(house.company, blocked=("premium",))
    told = []
    for number in (PREMIUM, "004989123456", "+49 900 1234567"):
        with pytest.raises(InvalidRowError) as refused:
            house.add(m.Forward, extension="101", case="always", to=_to(number))
        told.append(refused.value.problems[0].text("nl"))
    assert told[0] == (
        "bestemming 009001234567 is van de soort betaald informatienummer, en die is voor het hele bedrijf geblokkeerd"
    )
    assert (
        told[1] == "bestemming 004989123456 is van de soort internationaal, en die is geblokkeerd voor gebruiker 'Ann'"
    )
    assert told[2].endswith("is van de soort betaald informatienummer, en die is voor het hele bedrijf geblokkeerd")


def test_what_is_blocked_later_stays_until_it_is_set_or_switched_on_again(house: House) -> None:
    row = house.add(m.Forward, extension="101", case="no_answer", to=_to(PREMIUM))
    house.change(house.company, blocked=("premium",))
    row = house.change(row, rings=6)
    row = house.change(row, active=False)
    assert problems_of(house, lambda: house.change(row, active=True)) == [("blocked_target", "to")]
    assert problems_of(house, lambda: house.change(row, to=_to("009001234568"))) == [("blocked_target", "to")]
    assert problems_of(house, lambda: house.change(row, active=True, to=_to(MOBILE))) == []


def test_a_forwarding_given_to_somebody_else_is_looked_at_as_that_persons(house: House) -> None:
    row = house.add(m.Forward, extension="101", case="busy", to=_to(MOBILE))
    house.change(house.bob, blocked=("mobile",))
    assert problems_of(house, lambda: house.change(row, extension="102")) == [("blocked_for", "to")]
    assert problems_of(house, lambda: house.change(row, extension="103")) == []


def test_the_companys_own_numbers_are_never_blocked(house: House) -> None:
    house.change(house.company, blocked=("national",))
    house.add(m.Number, e164="+31205550102", extension="102")
    forward = OF_PEOPLE["forwards", "to"]
    assert problems_of(house, lambda: forward(house, "+31205550102")) == []
    assert problems_of(house, lambda: forward(house, "+31205550103")) == [("blocked_target", "to")]


def test_calls_are_not_sent_back_to_where_they_come_from(house: House) -> None:
    house.add(m.Number, e164="+31205550101", extension="101")
    forward = OF_PEOPLE["forwards", "to"]
    for back in ("101", "+31205550101", "00205550101"):
        assert problems_of(house, lambda back=back: forward(house, back)) == [("leads_back", "to")]
    to_itself = m.Destination("extension", "300")
    assert problems_of(house, lambda: house.change(house.hunt, busy_to=to_itself)) == [("leads_back", "busy_to")]
    assert problems_of(house, lambda: house.change(house.lbr, default_to=to_itself)) == []


def test_ones_own_mobile_may_be_called_where_it_is_set_and_when_it_changes(house: House) -> None:
    house.ann = house.change(house.ann, blocked=("international",), mobile_number="+31612345678")
    forward = house.add(m.Forward, extension="101", case="busy", to=m.Destination("mobile"))
    assert problems_of(house, lambda: house.change(house.ann, mobile_number="+4915112345678")) == [
        ("blocked_for", "mobile_number")
    ]
    house.change(forward, active=False)
    house.ann = house.change(house.ann, mobile_number="+4915112345678")
    for row_type, key in ((m.StatusForward, {"status": "lunch"}), (m.RingNumber, {"service": "simultaneous"})):
        more = {"position": 1} if row_type is m.RingNumber else {}
        work = lambda row_type=row_type, key=key, more=more: house.add(  # noqa: E731 - one of two
            row_type, user_id=house.ann.id, to=m.Destination("mobile"), **key, **more
        )
        assert problems_of(house, work) == [("blocked_for", "to")]


# --- short ways ------------------------------------------------------------------------------------------------------


def _short_ways(house: House) -> None:
    for code, feature in (("#", "speed_dial"), ("*55", "voicemail_box"), ("*67", "caller_id_hide"), ("*72", "echo")):
        house.add(m.FeatureCode, feature=feature, code=code)
    for code, number in (("01", "00612345678"), ("02", PREMIUM), ("03", "*72"), ("04", "*55102"), ("05", "101")):
        house.add(m.SpeedDial, user_id=house.ann.id, code=code, number=number)
    house.add(m.ShortNumber, code="*6123", number="00201234567", name="Notary")


@pytest.mark.parametrize(
    ("written", "wrong"),
    [
        ("#01", ""),
        ("#02", "blocked_target"),
        ("#03", "not_dialable"),
        ("#04", ""),
        ("#05", "leads_back"),
        ("#09", "not_dialable"),
        ("*6123", ""),
        ("*55103", ""),
        ("*55199", "unknown_extension"),
        ("*72", "not_dialable"),
        ("*6700612345678", "not_dialable"),
    ],
)
def test_a_speed_dial_a_short_number_and_a_code_to_voicemail_may_be_forwarded_to(
    house: House, written: str, wrong: str
) -> None:
    _short_ways(house)
    house.change(house.company, blocked=("premium",))
    wanted = [(wrong, "to")] if wrong else []
    assert problems_of(house, lambda: OF_PEOPLE["rules", "to"](house, written)) == wanted


def test_a_speed_dial_is_its_owners_alone(house: House) -> None:
    _short_ways(house)
    assert problems_of(house, lambda: house.change(house.hunt, busy_to=_to("#01"))) == [("not_dialable", "busy_to")]
    assert problems_of(house, lambda: house.change(house.hunt, busy_to=_to("*6123"))) == []


def test_callers_of_a_rule_may_be_written_as_short_ways_that_stand_for_a_number(house: House) -> None:
    _short_ways(house)

    def add(*patterns: str, **values: Any) -> Any:
        fields = {"service": "selective_reject", "extension": "101", **values}
        return house.add(m.Rule, name="r", patterns=patterns, **fields)

    for good in ("#01", "#05", "*6123", "*6700612345678", "*", "+3120*"):
        assert problems_of(house, lambda good=good: add(good)) == []
    for bad in ("#09", "#03", "#04", "*72", "**"):
        assert problems_of(house, lambda bad=bad: add("+3120*", bad)) == [("nobodys_short_way", "patterns")]
    assert problems_of(house, lambda: add("#01", extension="102")) == [("nobodys_short_way", "patterns")]
    assert problems_of(house, lambda: add("#0?")) == [("bad_pattern", "patterns")]
    rule = add("#01")
    dial = Peek(house.changes.connection, house.company_id).find(m.SpeedDial, code="01")[0]
    house.changes.remove(dial)
    house.change(rule, name="Family")  # it fits nobody until there is a speed dial 01 again
