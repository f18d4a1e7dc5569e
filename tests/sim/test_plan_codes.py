"""Number plans switched by telephone: the dialogue of E 8.2.7 (RTE-4)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest
from code_world import ANNA, BERT, CARLA, ZONE, CodeWorld
from test_outside_lines import call_in

from kiestoon.company.model import (
    Number,
    NumberPlan,
    NumberScheme,
    PlanMapping,
    PlanOverride,
    PlanPeriod,
    User,
    WeekBlock,
)
from kiestoon.sip import events

HOW, SCHEME, PLAN = "nl/plan-ask-how", "nl/plan-ask-scheme", "nl/plan-ask-plan"
MAIN = "+31201234500"


@pytest.fixture
def world() -> Iterator[CodeWorld]:
    """One scheme: by day (9-17 on weekdays) the number leads to Bert, else to Carla. It is Monday noon."""
    town = CodeWorld("standard")
    town.change(User, town.user(ANNA).id, may_configure_time=True)
    scheme = town.add(NumberScheme(id=0, company_id=1, name="Main", is_main=True))
    number = town.add(Number(id=0, company_id=1, e164=MAIN))
    for position, (name, extension) in enumerate((("Day", BERT), ("Evening", CARLA)), 1):
        plan = town.add(NumberPlan(id=0, company_id=1, scheme_id=scheme.id, name=name, position=position,
                                   is_fallback=name == "Evening"))  # fmt: skip
        town.add(PlanMapping(id=0, company_id=1, plan_id=plan.id, number_id=number.id, extension=extension))
    day = tuple(WeekBlock(weekday, 9 * 60, 17 * 60) for weekday in range(5))
    town.add(PlanPeriod(id=0, company_id=1, scheme_id=scheme.id, plan_id=1, blocks=day))
    yield town
    town.assert_nothing_left()


def override(world: CodeWorld) -> tuple[int, int] | None:
    """Plan and end (ms)."""
    row = next(iter(world.rows_of(PlanOverride)), None)
    return None if row is None else (row.plan_id, row.until_ms)


def reached(world: CodeWorld) -> str:
    """Whose phone rings for a call from outside."""
    phones = [world.desk(extension) for extension in (BERT, CARLA)]
    before = {phone.name: len(phone.events) for phone in phones}
    _, session = call_in(world, MAIN)
    world.run(1)
    rung = [
        phone.name
        for phone in phones
        if any(isinstance(event, events.InviteReceived) for event in phone.events[before[phone.name] :])
    ]
    session.bye(world.network.now)
    world.run(2)
    return rung[0].removesuffix("-desk") if len(rung) == 1 else str(rung)


def test_a_temporary_change_lasts_until_the_schedules_next_one(world: CodeWorld) -> None:
    assert reached(world) == "bert"
    talk = world.call("915")
    assert talk.hears == HOW
    talk.key("1")
    assert talk.hears == PLAN  # there is but one scheme: nothing to ask
    talk.key("2#")
    end = int(datetime(2026, 3, 2, 17, tzinfo=ZONE).timestamp() * 1000)
    assert override(world) == (2, end)
    assert talk.listen() == ["nl/plan-temporary plan=Evening"]
    assert reached(world) == "carla"
    assert world.trail() == [("Anna (phone)", "plan_overrides")]


def test_a_permanent_change_lasts_until_somebody_ends_it(world: CodeWorld) -> None:
    talk = world.call("915")
    talk.key("22#")
    assert talk.listen() == ["nl/plan-permanent plan=Evening"]
    assert override(world) == (2, 0)
    talk = world.call("915")
    talk.key("3")
    assert talk.listen() == ["nl/plan-schedule plan=Day"]
    assert override(world) is None
    assert reached(world) == "bert"


def test_without_a_schedule_to_wait_for_a_temporary_change_is_permanent(world: CodeWorld) -> None:
    world.remove(world.rows_of(PlanPeriod)[0])
    talk = world.call("915")
    talk.key("11#")
    assert talk.listen() == ["nl/plan-permanent plan=Day"]
    assert override(world) == (1, 0)


def test_with_several_schemes_the_number_of_one_is_asked(world: CodeWorld) -> None:
    other = world.add(NumberScheme(id=0, company_id=1, name="Branch", position=2))
    world.add(NumberPlan(id=0, company_id=1, scheme_id=other.id, name="Closed", position=1))
    talk = world.call("915")
    talk.key("2")
    assert talk.hears == SCHEME
    talk.key("2#")
    assert talk.hears == PLAN
    talk.key("1#")
    assert talk.listen() == ["nl/plan-permanent plan=Closed"]
    talk = world.call("915")
    talk.key("32#")
    assert talk.listen() == ["nl/plan-schedule-none"]
    assert override(world) is None


def test_a_hash_behind_a_choice_is_no_answer_to_the_next_question(world: CodeWorld) -> None:
    talk = world.call("915")
    talk.key("2#")
    talk.listen()
    talk.key("2#")
    assert talk.listen() == ["nl/plan-permanent plan=Evening"]


# --- keys with a plan's lamp -----------------------------------------------------------------------------------------


def test_a_key_switches_to_its_plan_and_pressed_again_back_to_the_schedule(world: CodeWorld) -> None:
    assert world.call("915*2").listen() == ["nl/plan-permanent plan=Evening"]
    assert override(world) == (2, 0)
    assert reached(world) == "carla"
    assert world.call("915*2").listen() == ["nl/plan-schedule plan=Day"]
    assert override(world) is None
    assert reached(world) == "bert"
    assert world.trail() == [("Anna (phone)", "plan_overrides")] * 2


def test_a_key_of_the_plan_that_the_schedule_has_active_changes_nothing(world: CodeWorld) -> None:
    assert world.call("915*1").listen() == ["nl/plan-now plan=Day"]
    assert override(world) is None


def test_plan_0_is_the_schedule(world: CodeWorld) -> None:
    world.call("915*2").listen()
    assert world.call("915*0").listen() == ["nl/plan-schedule plan=Day"]
    assert override(world) is None


def test_a_key_names_the_scheme_where_there_are_several(world: CodeWorld) -> None:
    other = world.add(NumberScheme(id=0, company_id=1, name="Branch", position=2))
    world.add(NumberPlan(id=0, company_id=1, scheme_id=other.id, name="Closed", position=1))
    assert world.call("9152*1").listen() == ["nl/plan-permanent plan=Closed"]
    assert world.call("9152*1").listen() == ["nl/plan-schedule-none"]


@pytest.mark.parametrize("dialled", ["915*9", "9157*1", "9157*0"])
def test_a_key_of_a_plan_there_is_not_says_so(world: CodeWorld, dialled: str) -> None:
    assert world.call(dialled).listen() == ["nl/plan-unknown-plan"]
    assert override(world) is None


def test_a_key_takes_the_right_to_it_too(world: CodeWorld) -> None:
    assert world.call("915*2", by=BERT).listen() == ["nl/not-permitted"]
    world.call("915*2").listen()
    assert world.call("915*2", by=BERT).listen() == ["nl/not-permitted"]
    assert override(world) == (2, 0)


def test_numbers_and_choices_that_are_not_there_are_said_so_and_asked_again(world: CodeWorld) -> None:
    talk = world.call("915")
    talk.key("7")
    assert talk.listen() == ["nl/invalid-choice", HOW]
    talk.key("2")
    talk.key("9#")
    assert talk.listen() == ["nl/plan-unknown-plan", PLAN]
    talk.key("0#")
    assert talk.listen() == ["nl/plan-unknown-plan", PLAN]
    talk.key("8#")
    assert talk.listen() == ["nl/plan-unknown-plan", "nl/goodbye"]
    assert talk.over
    assert world.writing.asked == []


def test_whoever_keys_nothing_is_let_go(world: CodeWorld) -> None:
    talk = world.call("915")
    for _ in range(3):
        talk.finish()
        talk.wait(9)
        assert talk.hears == "nl/nothing-keyed"
        talk.finish()
    assert talk.listen() == ["nl/goodbye"]


def test_it_takes_the_right_to_it(world: CodeWorld) -> None:
    assert world.call("915", by=BERT).listen() == ["nl/not-permitted"]
    assert override(world) is None


def test_the_right_is_looked_at_when_it_is_written(world: CodeWorld) -> None:
    talk = world.call("915")
    talk.key("2")
    world.change(User, world.user(ANNA).id, may_configure_time=False)
    talk.key("2#")
    assert talk.listen() == ["nl/not-permitted"]
    assert override(world) is None


def test_a_plan_that_is_removed_meanwhile_is_not_switched_to(world: CodeWorld) -> None:
    talk = world.call("915")
    talk.key("2")
    world.remove(next(row for row in world.rows_of(NumberPlan) if row.name == "Evening"))
    talk.key("2#")
    assert talk.listen() == ["nl/not-possible-now"]
    assert override(world) is None


def test_a_plan_that_would_leave_a_number_without_target_is_refused(world: CodeWorld) -> None:
    world.add(NumberPlan(id=0, company_id=1, scheme_id=1, name="Empty", position=3))
    talk = world.call("915")
    talk.key("23#")
    assert talk.listen() == ["nl/not-possible-now"]
    assert override(world) is None


@pytest.mark.parametrize("keys", ["", "2", "22#"])
def test_hanging_up_before_the_plan_is_keyed_changes_nothing(world: CodeWorld, keys: str) -> None:
    talk = world.call("915")
    talk.key(keys)
    talk.hang_up()
    assert override(world) == ((2, 0) if keys == "22#" else None)


def test_when_it_cannot_be_written_the_caller_hears_so(world: CodeWorld) -> None:
    talk = world.call("915")
    world.writing.broken = True
    talk.key("22#")
    assert talk.listen() == ["nl/not-possible-now"]
    assert override(world) is None
    assert reached(world) == "bert"


def test_a_company_without_schemes_has_nothing_to_switch() -> None:
    town = CodeWorld("standard")
    town.change(User, town.user(ANNA).id, may_configure_time=True)
    assert town.call("915").listen() == ["nl/service-not-available"]
    town.assert_nothing_left()
