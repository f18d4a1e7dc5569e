"""Lists of lamps in one subscription (RFC 4662, V 10.1.2)."""

from __future__ import annotations

import msgspec
from lamp_world import PRESENCE, LampWorld, Watch
from test_lamp_kinds import grouped
from test_lamps import company, granted, replaced
from world import DeskPhone

from kiestoon.company.model import CompanyRows, WatchedLine

LIST = "lines"
CARLA = 3


def watching(rows: CompanyRows, *extensions: str) -> CompanyRows:
    """Carla (103) follows these lines."""
    lines = tuple(
        WatchedLine(id=number, company_id=1, user_id=CARLA, extension=extension, position=-number)
        for number, extension in enumerate(reversed(extensions), 1)
    )
    return msgspec.structs.replace(rows, watched_lines=lines)


def office(rows: CompanyRows) -> tuple[LampWorld, DeskPhone, DeskPhone, Watch]:
    """Anna and Bert telephone, Carla watches her list."""
    world = LampWorld(rows=rows)
    anna, bert = world.phone("anna", "192.0.2.1"), world.phone("bert", "192.0.2.2")
    bert.mode = "ring"
    return world, anna, bert, world.watcher("carla", "192.0.2.3").watch(LIST, lists=True)


def test_one_subscription_shows_every_line_in_its_order_and_follows_them() -> None:
    world, anna, bert, watch = office(watching(grouped(), "102", "310", "101"))
    assert watch.status == 200
    assert watch.lines == {"User 2": "off", "Support": "off", "User 1": "off"}
    assert list(watch.lines) == ["User 2", "Support", "User 1"]
    session = anna.dial("310")
    world.run()
    assert watch.lines == {"User 2": "blinks", "Support": "blinks", "User 1": "on"}
    bert.answer_waiting()
    world.run()
    assert watch.lines == {"User 2": "on", "Support": "on", "User 1": "on"}
    session.bye(world.network.now)
    world.run()
    assert set(watch.lines.values()) == {"off"}
    watch.phone.renew(watch)
    assert list(watch.lines) == ["User 2", "Support", "User 1"]


def test_who_reads_no_lists_is_told_so_and_presence_has_none() -> None:
    world = LampWorld(rows=watching(grouped(), "102"))
    carla = world.watcher("carla", "192.0.2.3")
    assert carla.watch(LIST).status == 421
    assert carla.watch(LIST, PRESENCE, lists=True).status == 404
    assert len(world.lamps.table) == 0


def test_rights_count_line_by_line_and_at_once() -> None:
    rows = watching(company(grouped(), lamp_rights="granted"), "102", "101")
    world, anna, bert, watch = office(rows)
    anna.dial("102")
    world.run()
    assert watch.lines == {"User 2": "off", "User 1": "off"}
    world.change(granted(rows, presence=True))
    assert watch.lines == {"User 2": "blinks", "User 1": "off"}
    bert.answer_waiting()
    world.run()
    world.change(rows)
    assert watch.lines == {"User 2": "off", "User 1": "off"}


def test_the_list_follows_its_rows_and_what_people_switch_on() -> None:
    rows = watching(grouped(), "102")
    world, anna, _, watch = office(rows)
    world.change(watching(replaced(rows, 2, do_not_disturb=True), "102", "101"))
    assert watch.lines == {"User 2": "on", "User 1": "off"}
    world.change(watching(rows, "101"))
    assert watch.lines == {"User 1": "off"}
    told = len(watch.notifies)
    anna.dial("102")
    world.run()
    assert watch.lines == {"User 1": "on"}
    assert len(watch.notifies) > told
    world.change(watching(rows))
    assert watch.lines == {}


def test_after_a_crash_the_list_goes_on_and_when_it_ends_nothing_is_left() -> None:
    world, anna, _, watch = office(watching(grouped(), "102", "101"))
    world.crash()
    world.run(2)
    anna.dial("102")
    world.run()
    assert watch.lines == {"User 2": "blinks", "User 1": "on"}
    watch.phone.renew(watch, expires_s=0)
    world.run(1)
    assert len(world.lamps.table) == 0
    assert not list(world.lamps.table.concerned("person", 1, "2"))
