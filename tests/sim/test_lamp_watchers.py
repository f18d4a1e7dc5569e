"""No lamp stays wrong: lost and late messages, renewals, phones that move, restart or are away, a crash of ours."""

from __future__ import annotations

import pytest
from lamp_world import DIALOG, PRESENCE, LampWorld, Watch, WatchingPhone
from network import Conditions
from test_lamps import office
from world import DeskPhone

from kiestoon.phones.lamps.telling import AT_ONCE, PACE
from kiestoon.sip.flow import Output, Send
from kiestoon.sip.message import Request
from kiestoon.sip.session import Session

HOUR_S = 3600


def talk(world: LampWorld, anna: DeskPhone, bert: DeskPhone) -> Session:
    bert.mode = "answer"
    session = anna.dial("102")
    world.run()
    assert session.state == "confirmed"
    return session


def hang_up(world: LampWorld, session: Session) -> None:
    session.bye(world.network.now)
    world.run()


# --- a bad network ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(12))
def test_lost_doubled_and_reordered_messages_leave_the_lamp_right(seed: int) -> None:
    world = LampWorld(seed)
    anna, bert = world.phone("anna", "192.0.2.1"), world.phone("bert", "192.0.2.2")
    bert.mode = "answer"
    carla = world.watcher("carla", "192.0.2.3")
    world.make_worse(Conditions(loss=0.25, duplication=0.1, delay_s=0.05, jitter_s=0.3))
    lamps = [carla.watch(name) for name in ("101", "102")]
    world.run(40)
    for _ in range(4):
        session = anna.dial("102")
        world.run(20)
        session.bye(world.network.now)
        world.run(40)
    world.make_worse(Conditions())
    world.stay_registered(500)
    assert [lamp.lamp for lamp in lamps] == ["off", "off"], world.network.ladder()
    session = anna.dial("102")
    world.run(3)
    assert [lamp.lamp for lamp in lamps] == ["on", "on"], world.network.ladder()


def test_changes_while_a_notify_is_unanswered_end_in_one_more() -> None:
    world, anna, bert, carla = office()
    lamp = carla.watch("102")
    world.make_worse(Conditions(delay_s=3))
    session = anna.dial("102")
    world.run(4)
    before = len(lamp.notifies)
    session.cancel(world.network.now)
    world.run(30)
    assert lamp.lamp == "off"
    assert len(lamp.notifies) - before <= 2


# --- renewing --------------------------------------------------------------------------------------------------------


def test_a_renewed_subscription_is_told_its_state_and_lives_on() -> None:
    world, anna, bert, carla = office()
    lamp = carla.watch("102", expires_s=600)
    for _ in range(4):
        world.stay_registered(500)
        carla.renew(lamp, 600)
        assert (lamp.status, lamp.state) == (200, "active")
    talk(world, anna, bert)
    assert lamp.lamp == "on"


def test_what_is_not_renewed_ends_and_leaves_nothing() -> None:
    world, _, _, carla = office()
    lamp = carla.watch("102", expires_s=120)
    world.run(200)
    assert lamp.state == "terminated timeout"
    assert not world.lamps.table.subscriptions()
    assert not world.lamps.table.phones()


def test_a_phone_that_gives_a_lamp_up_is_told_once_more_and_forgotten() -> None:
    world, _, _, carla = office()
    lamp = carla.watch("102")
    carla.renew(lamp, 0)
    assert lamp.state == "terminated timeout"
    assert not world.lamps.table.subscriptions()
    world.engine.exchange.watching = None
    world.assert_nothing_left()


def test_asking_once_leaves_nothing() -> None:
    world, anna, bert, carla = office()
    talk(world, anna, bert)
    lamp = carla.watch("102", expires_s=0)
    assert (lamp.lamp, lamp.state) == ("on", "terminated timeout")
    assert not world.lamps.table.subscriptions()
    assert not world.lamps.table.resources_of(1)


# --- phones that are away --------------------------------------------------------------------------------------------


def test_a_phone_that_was_cut_off_shows_the_truth_as_soon_as_it_can_be_reached() -> None:
    world, anna, bert, carla = office()
    lamps = [carla.watch(name) for name in ("101", "102")]
    carla.node.connected = False
    talk(world, anna, bert)
    world.run(60)
    carla.node.connected = True
    world.run(310)  # it is asked again every five minutes at the latest
    assert [lamp.lamp for lamp in lamps] == ["on", "on"]


def test_registering_again_is_enough_for_a_phone_that_was_cut_off() -> None:
    world, anna, bert, carla = office()
    lamps = [carla.watch(name) for name in ("101", "102")]
    carla.node.connected = False
    session = talk(world, anna, bert)
    world.stay_registered(1000)
    hang_up(world, session)
    talk(world, anna, bert)
    carla.node.connected = True
    carla.register()
    world.run(1)
    assert [lamp.lamp for lamp in lamps] == ["on", "on"]


def test_a_phone_that_is_away_is_asked_by_one_subscription_only() -> None:
    world, anna, bert, carla = office()
    for name in ("101", "102", "103", "200"):
        carla.watch(name)
    carla.node.connected = False
    talk(world, anna, bert)
    world.run(40)
    before = world.notifies()
    for _ in range(5):
        world.run(20)
        hang_up(world, talk(world, anna, bert))
    sent = world.node.sent[-(world.notifies() - before) :] if world.notifies() > before else []
    asked = {each.call_id for each in sent if isinstance(each, Request) and each.method == "NOTIFY"}
    assert len(asked) <= 1


def test_a_phone_that_never_comes_back_is_forgotten_when_its_time_is_over() -> None:
    world, anna, bert, carla = office()
    for name in ("101", "102"):
        carla.watch(name, expires_s=1800)
    carla.node.connected = False
    talk(world, anna, bert)
    world.run(2000)
    assert not world.lamps.table.subscriptions()
    assert not world.lamps.table.phones()
    assert world.lamps.next_deadline(world.network.now) is None


# --- phones that restart or move -------------------------------------------------------------------------------------


def test_a_restarted_phone_gets_nothing_for_its_old_life_and_everything_for_the_new() -> None:
    world, anna, bert, carla = office()
    for name in ("101", "102", "103"):
        carla.watch(name)
    carla.reboot()
    carla.register()
    world.run(2)
    assert not world.lamps.table.subscriptions()  # it did not know them any more
    lamp = carla.watch("102")
    talk(world, anna, bert)
    assert lamp.lamp == "on"
    assert len(world.lamps.table.subscriptions()) == 1


def test_a_restarted_phone_that_subscribes_at_once_leaves_no_more_than_a_few_old_ones() -> None:
    world, _, _, carla = office()
    for _ in range(10):
        carla.watches.clear()
        carla.watch("102")
    assert len(world.lamps.table.subscriptions()) <= 4


@pytest.mark.parametrize("again", ["by registering", "by renewing"])
def test_a_phone_behind_a_router_that_gave_it_another_address_is_found(again: str) -> None:
    world, anna, bert, carla = office()
    lamps = [carla.watch(name) for name in ("101", "102")]
    world.move(carla, ("203.0.113.77", 6001))
    if again == "by registering":
        carla.register()
    else:
        carla.renew(lamps[0])
        carla.register()
    world.run(1)
    session = talk(world, anna, bert)
    assert [lamp.lamp for lamp in lamps] == ["on", "on"], world.network.ladder()
    hang_up(world, session)
    assert [lamp.lamp for lamp in lamps] == ["off", "off"]


def test_what_was_on_its_way_to_the_old_address_is_told_at_the_new_one() -> None:
    world, anna, bert, carla = office()
    lamp = carla.watch("102")
    world.move(carla, ("203.0.113.77", 6001))
    talk(world, anna, bert)
    assert lamp.lamp == "off"
    carla.register()
    world.run(0.5)
    assert lamp.lamp == "on"


def test_a_phone_on_tcp_whose_connection_broke_is_reached_by_its_new_one() -> None:
    world = LampWorld()
    anna, bert = world.phone("anna", "192.0.2.1"), world.phone("bert", "192.0.2.2")
    carla = world.watcher("carla", "192.0.2.3", "tcp")
    lamps = [carla.watch(name) for name in ("101", "102")]
    world.move(carla, ("203.0.113.77", 6001))
    talk(world, anna, bert)
    world.run(5)
    carla.register()
    world.run(2)
    assert [lamp.lamp for lamp in lamps] == ["on", "on"], world.network.ladder()


# --- our own crash ---------------------------------------------------------------------------------------------------


def test_after_a_crash_every_lamp_is_told_the_truth() -> None:
    world, anna, bert, carla = office()
    lamps = {name: carla.watch(name) for name in ("101", "102", "103")}
    seen = carla.watch("102", PRESENCE)
    session = talk(world, anna, bert)
    world.crash()
    hang_up(world, session)
    world.run(2)
    assert {name: lamp.lamp for name, lamp in lamps.items()} == {"101": "off", "102": "off", "103": "off"}
    assert seen.activity == ""
    for lamp in lamps.values():
        numbers = [each.cseq.number for each in lamp.notifies]
        assert numbers == sorted(numbers)
        assert lamp.versions() == sorted(lamp.versions())
    talk(world, anna, bert)
    assert lamps["102"].lamp == "on"


def test_a_call_that_ended_with_the_crash_does_not_stay_on_the_lamp() -> None:
    world, anna, bert, carla = office()
    lamp = carla.watch("102")
    anna.dial("102")
    world.run()
    assert lamp.lamp == "blinks"
    world.crash()
    world.run(2)
    assert lamp.lamp == "off"


@pytest.mark.parametrize("crashes", [1, 2, 3])
def test_numbers_grow_over_crashes_even_if_the_journal_was_not_compacted(crashes: int) -> None:
    world, anna, bert, carla = office()
    lamp = carla.watch("102")
    for _ in range(crashes):
        world.crash()
        world.run(2)
        hang_up(world, talk(world, anna, bert))
    numbers = [each.cseq.number for each in lamp.notifies]
    assert len(numbers) == len(set(numbers))
    assert numbers == sorted(numbers)
    assert lamp.versions() == sorted(set(lamp.versions()))
    assert lamp.lamp == "off"


def test_after_a_crash_a_subscription_can_be_renewed_and_ended() -> None:
    world, anna, bert, carla = office()
    lamp = carla.watch("102", expires_s=600)
    world.stay_registered(500)
    world.crash()
    world.run(2)
    carla.renew(lamp, 600)
    assert lamp.status == 200
    world.stay_registered(500)
    talk(world, anna, bert)
    assert lamp.lamp == "on"
    carla.renew(lamp, 0)
    assert not world.lamps.table.subscriptions()


def test_a_phone_on_tcp_is_told_when_it_has_connected_again_after_a_crash() -> None:
    world = LampWorld()
    anna, bert = world.phone("anna", "192.0.2.1"), world.phone("bert", "192.0.2.2")
    carla = world.watcher("carla", "192.0.2.3", "tcp")
    lamp = carla.watch("102")
    session = talk(world, anna, bert)
    world.network.connections.clear()
    world.crash()
    hang_up(world, session)
    carla.register()
    world.run(2)
    assert lamp.lamp == "off"


def test_what_expired_or_was_removed_while_we_were_down_is_not_taken_up() -> None:
    world, _, _, carla = office()
    carla.watch("102", expires_s=120)
    carla.watch("101")
    world.network.now += 200
    world.crash()
    assert len(world.lamps.table.subscriptions()) == 1


def test_after_a_crash_thousands_are_told_in_time_and_never_in_a_burst() -> None:
    world, anna, bert, carla = office()
    phones = [WatchingPhone(world, "carla", f"192.0.2.{n}") for n in range(10, 20)]
    for phone in phones:
        for _ in range(3):
            for name in ("101", "102", "103", "200"):
                phone.watch(name)
    number = len(world.lamps.table.subscriptions())
    assert number == 120
    world.crash()
    before = world.notifies()
    world.run(0.05)
    assert world.notifies() - before == PACE[0]
    world.run(1)
    assert world.notifies() - before == number


# --- many at once ----------------------------------------------------------------------------------------------------


def test_a_change_with_many_watchers_goes_out_in_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    world, anna, bert, carla = office()
    lamps: list[Watch] = []
    for n in range(40):
        phone = WatchingPhone(world, "carla", f"192.0.2.{50 + n}")
        lamps += [phone.watch("102") for _ in range(3)]
    portions: list[int] = []
    outputs = world.engine.outputs

    def counted() -> list[Output]:
        found = list(outputs())
        portions.append(sum(isinstance(each, Send) and each.data.startswith(b"NOTIFY") for each in found))
        return found

    monkeypatch.setattr(world.engine, "outputs", counted)
    anna.dial("102")
    world.run(1)
    assert {lamp.lamp for lamp in lamps} == {"blinks"}
    assert sum(portions) == len(lamps)
    assert max(portions) == AT_ONCE


def test_a_device_cannot_fill_the_exchange_with_subscriptions() -> None:
    world, _, _, carla = office()
    statuses = set()
    for n in range(35):
        phone = WatchingPhone(world, "carla", f"198.18.0.{n + 1}")
        for name in ("101", "102", "103") * 4:
            statuses.add(phone.watch(name).status)
    assert statuses == {200, 403}
    assert len(world.lamps.table.subscriptions()) == 400


def test_a_fault_in_lamps_costs_no_call(monkeypatch: pytest.MonkeyPatch) -> None:
    world, anna, bert, carla = office()
    carla.watch("102", DIALOG)

    def broken(*_: object) -> None:
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr(world.lamps.teller, "look", broken)
    monkeypatch.setattr(world.lamps.live, "changed", broken)
    hang_up(world, talk(world, anna, bert))
