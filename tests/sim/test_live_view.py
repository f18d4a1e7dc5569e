"""What the commands that look inside tell of live calls, and what an administrator does to them."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_basic_calls import in_call
from world import PROVIDER, World

from kiestoon.app.admin_socket import CommandError
from kiestoon.app.live_orders import LiveOrders
from kiestoon.app.live_view import LiveView
from kiestoon.media.protocol import Quality
from kiestoon.sip import events


def test_live_calls_show_how_they_sound_at_worst_and_each_leg_its_own_figures() -> None:
    world, _, _, session, _ = in_call()
    view = LiveView(world.exchange, lambda: world.network.now)
    terminations = view.terminations()
    assert set(terminations) == set(world.media.terminations)
    assert set(terminations.values()) == {world.media}
    first, second = terminations
    figures = {
        first: Quality(packets_received=100, mos=4.4, jitter_ms=1.0),
        second: Quality(packets_received=98, packets_lost=2, mos=4.1, jitter_ms=3.0),
    }
    (row,) = view.calls(figures)
    assert (row["mos"], row["loss_percent"], row["jitter_ms"]) == (4.1, 2.0, 3.0)
    assert [leg["quality"]["mos"] for leg in row["legs"]] == [4.4, 4.1]
    (row,) = view.calls({})
    assert (row["mos"], [leg["quality"] for leg in row["legs"]]) == (None, [None, None])
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_a_live_call_is_told_like_a_record_without_its_end() -> None:
    world, _, _, session, _ = in_call()
    view = LiveView(world.exchange, lambda: world.network.now)
    (call_id,) = world.exchange.calls
    told = view.call(call_id, {next(iter(view.terminations(call_id))): Quality(packets_received=1, mos=4.0)})
    assert (told["caller_number"], told["final_party"], told["closed_ms"], told["outcome"]) == ("101", "102", 0, "")
    assert "102 was dialled" in told["reasons"]
    assert [leg["outcome"] for leg in told["legs"]] == ["", ""]
    assert told["legs"][0]["quality"]["mos"] == 4.0
    assert told["legs"][0]["answered_ms"] > 0
    assert view.terminations("no such call") == {}
    with pytest.raises(CommandError, match="no call nobody"):
        view.call("nobody", {})
    session.bye(world.network.now)
    world.assert_nothing_left()


def orders(world: World) -> LiveOrders:
    return LiveOrders(
        world.engine, None, lambda: world.network.now, lambda: world.network.drain(world.node),
        (Path("server.pem"), Path("server.key")),
    )  # fmt: skip


def test_a_call_hung_up_by_hand_ends_on_both_sides_with_a_record() -> None:
    world, _, _, session, other = in_call()
    (call_id,) = world.exchange.calls
    orders(world).hang_up(call_id)
    world.run()
    assert session.state == other.state == "ended"
    (record,) = world.records
    assert (record.outcome, record.ended_by, record.cause) == ("answered", "exchange", 31)
    with pytest.raises(CommandError, match="no call"):
        orders(world).hang_up(call_id)
    world.assert_nothing_left()


def test_a_call_hung_up_while_it_rings_stops_ringing() -> None:
    world = World()
    anna, bert = world.phone("anna", "192.0.2.1"), world.phone("bert", "192.0.2.2")
    bert.mode = "ring"
    session = anna.dial("102")
    world.run()
    orders(world).hang_up(next(iter(world.exchange.calls)))
    world.run()
    assert session.state == "ended"
    assert bert.last(events.Cancelled)
    world.assert_nothing_left()


def test_bans_are_listed_and_lifted() -> None:
    world = World()
    view, guard = LiveView(world.exchange, lambda: world.network.now), world.exchange.doorkeeper.guard
    assert view.bans() == []
    guard.ban("203.0.113.66", world.network.now, 90.0, "failed logins")
    assert view.bans() == [{"source": "203.0.113.66", "for_s": 90, "times": 1, "reason": "failed logins"}]
    orders(world).unban("203.0.113.66")
    assert view.bans() == []
    assert guard.allowed("203.0.113.66")
    with pytest.raises(CommandError, match="is not banned"):
        orders(world).unban("203.0.113.66")


def test_lines_show_what_went_wrong_last() -> None:
    world = World()
    anna = world.phone("anna", "192.0.2.1")
    provider = world.provider(PROVIDER)
    provider.mode = "unavailable"
    view = LiveView(world.exchange, lambda: world.network.now)
    assert [row["last_failure"] for row in view.lines()] == ["", ""]
    anna.dial("00207654321")
    world.run(5)
    first, second = view.lines()
    assert (first["line"], first["last_failure"], first["tried_last"]) == (
        "first",
        "call: 503 Service Unavailable",
        True,
    )
    assert first["failed_s_ago"] in range(6)
    assert (first["registered"], second["tried_last"]) == (None, False)
    world.run(60)
    assert not view.lines()[0]["tried_last"]


def test_a_device_with_a_new_password_is_called_no_more_until_it_logs_in() -> None:
    world = World()
    world.phone("bert", "192.0.2.2")
    assert world.exchange.registrar.bindings_of(2)
    orders(world).forget_device(2)
    assert not world.exchange.registrar.bindings_of(2)
