"""What the commands that look inside tell of live calls, and what an administrator does to them."""

from __future__ import annotations

import pytest
from test_basic_calls import in_call

from kiestoon.app.admin_socket import CommandError
from kiestoon.app.live_view import LiveView
from kiestoon.media.protocol import Quality


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
