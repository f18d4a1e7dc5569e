"""Queues by telephone: agents log in and out, supervisors forward them and switch them to night (ACD-6, V 23.3)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from code_world import ANNA, BERT, CARLA, CodeWorld

from kiestoon.company.model import Destination, Queue, QueueMember, Schedule, User, WeekBlock

SUPPORT, SALES, DESK = "301", "302", "303"
ASK, SWITCH_ASK = "nl/queue-ask", "nl/queue-switch-ask"
TO_CARLA = Destination("extension", CARLA)


@pytest.fixture
def world() -> Iterator[CodeWorld]:
    """Anna and Bert are members of Support, which is closed."""
    town = CodeWorld("one-net")
    queue = town.add(Queue(id=0, company_id=1, extension=SUPPORT, name="Support", open=False, forced_to=TO_CARLA))
    for position, extension in enumerate((BERT, ANNA), 1):
        member = QueueMember(id=0, company_id=1, queue_id=queue.id, extension=extension, position=position)
        town.add(member)
    yield town
    town.assert_nothing_left()


def open_queue(world: CodeWorld, extension: str = DESK, name: str = "Desk") -> Queue:
    return world.add(Queue(id=0, company_id=1, extension=extension, name=name))


def agents(world: CodeWorld, extension: str = SUPPORT) -> list[tuple[str, bool]]:
    """Members of a queue by rank, and whether they are logged in."""
    queue = queue_of(world, extension)
    rows = sorted(world.rows_of(QueueMember), key=lambda row: row.position)
    return [(row.extension, row.logged_in) for row in rows if row.queue_id == queue.id]


def queue_of(world: CodeWorld, extension: str = SUPPORT) -> Queue:
    return next(row for row in world.rows_of(Queue) if row.extension == extension)


# --- agents ----------------------------------------------------------------------------------------------------------


def test_who_can_mean_one_queue_only_is_not_asked(world: CodeWorld) -> None:
    assert world.call("#82").listen() == ["nl/queue-logged-out queue=Support"]
    assert agents(world) == [(BERT, True), (ANNA, False)]
    assert world.call("#83").listen() == ["nl/queue-logged-in queue=Support"]
    assert agents(world) == [(BERT, True), (ANNA, True)]
    assert world.trail() == [("Anna (phone)", "queue_members")] * 2


def test_the_rank_is_kept_while_somebody_is_logged_out(world: CodeWorld) -> None:
    for code in ("#82", "#83"):
        world.call(code, by=BERT).listen()
    assert agents(world) == [(BERT, True), (ANNA, True)]


def test_an_open_queue_takes_anybody_who_then_is_a_member_as_long_as_he_is_logged_in(world: CodeWorld) -> None:
    open_queue(world)
    assert world.call("#83", by=CARLA).listen() == ["nl/queue-logged-in queue=Desk"]  # Support is closed to her
    assert agents(world, DESK) == [(CARLA, True)]
    assert world.call("#82", by=CARLA).listen() == ["nl/queue-logged-out queue=Desk"]
    assert agents(world, DESK) == []


def test_where_several_can_be_meant_the_queue_is_asked(world: CodeWorld) -> None:
    open_queue(world)
    talk = world.call("#83")
    assert talk.hears == ASK
    talk.key(f"{DESK}#")
    assert talk.listen() == ["nl/queue-logged-in queue=Desk"]
    talk = world.call("#82")
    assert talk.hears == ASK
    talk.key(f"{SUPPORT}#")
    assert talk.listen() == ["nl/queue-logged-out queue=Support"]
    assert (agents(world), agents(world, DESK)) == ([(BERT, True), (ANNA, False)], [(ANNA, True)])


def test_one_stands_for_all_queues_that_one_is_a_member_of(world: CodeWorld) -> None:
    open_queue(world, SALES, "Sales")
    desk = open_queue(world)
    world.add(QueueMember(id=0, company_id=1, queue_id=desk.id, extension=ANNA, logged_in=False))
    talk = world.call("#82")
    talk.key("1#")
    assert talk.listen() == ["nl/queue-logged-out-all"]
    assert (agents(world), agents(world, DESK)) == ([(BERT, True), (ANNA, False)], [(ANNA, False)])
    assert world.call("#831").listen() == ["nl/queue-logged-in-all"]
    assert (agents(world), agents(world, DESK)) == ([(BERT, True), (ANNA, True)], [(ANNA, True)])
    assert agents(world, SALES) == []  # open, but she has never been one of its members


def test_the_queue_can_be_dialled_behind_the_code() -> None:
    world = CodeWorld("standard")
    open_queue(world, SALES, "Sales")
    open_queue(world)
    assert world.call(f"903{DESK}").listen() == ["nl/queue-logged-in queue=Desk"]
    assert world.call(f"904{DESK}").listen() == ["nl/queue-logged-out queue=Desk"]
    assert world.call(f"903{SALES}").listen() == ["nl/queue-logged-in queue=Sales"]
    assert world.call("9041").listen() == ["nl/queue-logged-out-all"]
    world.assert_nothing_left()


def test_only_members_log_in_to_a_closed_queue(world: CodeWorld) -> None:
    assert world.call(f"#83{SUPPORT}", by=CARLA).listen() == ["nl/queue-closed"]
    assert agents(world) == [(BERT, True), (ANNA, True)]
    assert world.trail() == []


@pytest.mark.parametrize("dialled", ["#83", "#831", "#82", "#821"])
def test_whoever_has_no_queue_hears_so(world: CodeWorld, dialled: str) -> None:
    assert world.call(dialled, by=CARLA).listen() == ["nl/queue-none"]


def test_logging_out_where_one_is_no_member_changes_nothing(world: CodeWorld) -> None:
    open_queue(world)
    assert world.call(f"#82{DESK}", by=CARLA).listen() == ["nl/queue-logged-out queue=Desk"]
    assert world.call(f"#82{SUPPORT}", by=CARLA).listen() == ["nl/queue-closed"]
    assert world.trail() == []


def test_the_same_again_changes_nothing_and_says_how_it_stands(world: CodeWorld) -> None:
    assert world.call("#83").listen() == ["nl/queue-logged-in queue=Support"]
    assert world.trail() == []


@pytest.mark.parametrize("extension", ["309", BERT, "0"])
def test_what_is_no_queue_is_said_so(world: CodeWorld, extension: str) -> None:
    open_queue(world)
    assert world.call(f"#83{extension}").listen() == ["nl/queue-unknown"]
    talk = world.call("#83")
    for _ in range(2):
        talk.key(f"{extension}#")
        assert talk.listen() == ["nl/queue-unknown", ASK]
    talk.key(f"{extension}#")
    assert talk.listen() == ["nl/queue-unknown", "nl/goodbye"]
    assert world.writing.asked == []


def test_a_queue_that_is_closed_or_removed_meanwhile_is_not_logged_in_to(world: CodeWorld) -> None:
    desk = open_queue(world)
    talk = world.call("#83")
    world.change(Queue, desk.id, open=False)
    talk.key(f"{DESK}#")
    assert talk.listen() == ["nl/queue-closed"]
    talk = world.call("#83", by=BERT)
    assert talk.listen() == ["nl/queue-logged-in queue=Support"]
    world.change(Queue, desk.id, open=True)
    talk = world.call("#83")
    world.remove(queue_of(world, DESK))
    talk.key(f"{DESK}#")
    assert talk.listen() == ["nl/not-possible-now"]


def test_whoever_keys_nothing_or_hangs_up_has_changed_nothing(world: CodeWorld) -> None:
    open_queue(world)
    world.call("#82").hang_up()
    talk = world.call("#83")
    talk.hang_up()
    talk = world.call("#83")
    for _ in range(3):
        talk.finish()
        talk.wait(9)
        assert talk.hears == "nl/nothing-keyed"
        talk.finish()
    assert talk.listen() == ["nl/goodbye"]
    assert agents(world, DESK) == []


def test_a_login_that_cannot_be_written_is_not_confirmed(world: CodeWorld) -> None:
    world.writing.broken = True
    assert world.call("#82").listen() == ["nl/not-possible-now"]
    assert agents(world) == [(BERT, True), (ANNA, True)]


# --- supervisors -----------------------------------------------------------------------------------------------------


@pytest.fixture
def led(world: CodeWorld) -> CodeWorld:
    """Anna is a supervisor, and Support has a night service."""
    world.change(User, world.user(ANNA).id, is_supervisor=True)
    day = tuple(WeekBlock(weekday, 9 * 60, 17 * 60) for weekday in range(5))
    hours = world.add(Schedule(id=0, company_id=1, name="Hours", blocks=day))
    world.change(Queue, 1, night="busy", office_schedule_id=hours.id)
    return world


@pytest.mark.parametrize(
    ("on", "off", "said", "field"),
    [("#72", "#73", "queue-forward", "forced"), ("#70", "#71", "queue-night", "night_forced")],
)
def test_a_queue_is_switched_and_asked_by_its_supervisor(
    led: CodeWorld, on: str, off: str, said: str, field: str
) -> None:
    for dialled, stands in ((on, True), (off, False)):
        told = [f"nl/{said}-{'on' if stands else 'off'} queue=Support"]
        assert led.call(dialled).listen() == told
        assert getattr(queue_of(led), field) is stands
        assert led.call(f"{on}*").listen() == led.call(f"{off}*").listen() == told
    assert led.trail() == [("Anna (phone)", "queues")] * 2


def test_calls_go_by_the_switch_at_once(led: CodeWorld) -> None:
    led.desk(ANNA)
    led.desk(CARLA)
    assert led.outcome_of_call(SUPPORT, by=BERT) == f"answered by {ANNA}"
    led.call("#72").listen()
    assert led.outcome_of_call(SUPPORT, by=BERT) == f"answered by {CARLA}"
    led.call("#73").listen()
    led.call("#70").listen()  # during office hours
    assert led.outcome_of_call(SUPPORT, by=BERT) == "refused 486"
    led.call("#71").listen()
    assert led.outcome_of_call(SUPPORT, by=BERT) == f"answered by {ANNA}"


def test_calls_go_by_logins_at_once(world: CodeWorld) -> None:
    world.desk(ANNA)
    world.call("#82", by=BERT).listen()
    assert world.outcome_of_call(SUPPORT, by=CARLA) == f"answered by {ANNA}"
    for code, agent in (("#82", ANNA), ("#83", BERT)):
        world.call(code, by=agent).listen()
    assert world.outcome_of_call(SUPPORT, by=CARLA) == f"answered by {BERT}"


@pytest.mark.parametrize("code", ["#72", "#73", "#70", "#71"])
def test_agents_who_are_no_supervisors_may_not(led: CodeWorld, code: str) -> None:
    for dialled in (code, f"{code}{SUPPORT}", f"{code}*"):
        assert led.call(dialled, by=BERT).listen() == ["nl/not-permitted"]
    assert not queue_of(led).forced


def test_supervisors_may_in_their_own_queues_only(led: CodeWorld) -> None:
    open_queue(led)
    assert led.call(f"#72{DESK}").listen() == ["nl/not-permitted"]
    assert led.call("#72").listen() == ["nl/queue-forward-on queue=Support"]  # the only one she may


def test_the_right_to_configure_time_is_enough_in_every_queue(led: CodeWorld) -> None:
    open_queue(led)
    led.change(User, led.user(CARLA).id, may_configure_time=True)
    assert led.call(f"#72{SUPPORT}", by=CARLA).listen() == ["nl/queue-forward-on queue=Support"]
    talk = led.call("#73", by=CARLA)
    assert talk.hears == SWITCH_ASK
    talk.key(f"{SUPPORT}#")
    assert talk.listen() == ["nl/queue-forward-off queue=Support"]
    talk = led.call("#70*", by=CARLA)
    assert talk.hears == SWITCH_ASK
    talk.key(SUPPORT)
    talk.wait(9)
    assert talk.listen() == ["nl/queue-night-off queue=Support"]


@pytest.mark.parametrize(
    ("code", "fields", "said"),
    [
        ("#72", {"forced_by_code": False}, "queue-not-by-code"),
        ("#73", {"forced_by_code": False, "forced": True}, "queue-not-by-code"),
        ("#70", {"night_by_code": False}, "queue-not-by-code"),
        ("#71", {"night_by_code": False, "night_forced": True}, "queue-not-by-code"),
        ("#72", {"forced_to": Destination()}, "queue-nowhere"),
        ("#70", {"night": "off"}, "queue-night-none"),
        ("#71", {"night": "off"}, "queue-night-none"),
        ("#70*", {"night": "off"}, "queue-night-none"),
    ],
)
def test_what_cannot_be_switched_is_said_so(led: CodeWorld, code: str, fields: dict[str, object], said: str) -> None:
    before = led.change(Queue, 1, **fields)
    assert led.call(code).listen() == [f"nl/{said}"]
    assert queue_of(led) == before


def test_a_queue_there_is_not_is_said_so_and_asked_again(led: CodeWorld) -> None:
    open_queue(led)
    led.change(User, led.user(ANNA).id, may_configure_time=True)
    assert led.call("#72309").listen() == ["nl/queue-unknown"]
    talk = led.call("#72")
    talk.key(f"{BERT}#")
    assert talk.listen() == ["nl/queue-unknown", SWITCH_ASK]
    talk.key(f"{SUPPORT}#")
    assert talk.listen() == ["nl/queue-forward-on queue=Support"]


def test_the_right_is_looked_at_when_it_is_written(led: CodeWorld) -> None:
    open_queue(led)
    led.change(User, led.user(ANNA).id, may_configure_time=True)
    talk = led.call("#72")
    led.change(User, led.user(ANNA).id, may_configure_time=False, is_supervisor=False)
    talk.key(f"{SUPPORT}#")
    assert talk.listen() == ["nl/not-permitted"]
    assert not queue_of(led).forced


def test_a_switch_that_cannot_be_written_is_not_confirmed(led: CodeWorld) -> None:
    led.writing.broken = True
    assert led.call("#72").listen() == ["nl/not-possible-now"]
    assert not queue_of(led).forced


def test_a_company_without_queues_has_nothing_to_switch() -> None:
    town = CodeWorld("one-net")
    assert town.call("#72").listen() == ["nl/service-not-available"]
    town.assert_nothing_left()
