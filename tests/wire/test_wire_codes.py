"""The codes of every preset from a real phone: what is said is heard, and the next call goes by it (CALL-23)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from bench.lib.exchange import Exchange
from talking import CALLER_HZ
from town import QUEUE, Town, towns

from kiestoon.company.model import Forward, Queue, QueueMember


@pytest.fixture(scope="module")
def running_exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    with towns(tmp_path_factory.mktemp("exchange")) as exchange:
        yield exchange


@pytest.fixture
def town(exchange: Exchange, phone: Any, request: pytest.FixtureRequest) -> Town:
    return Town(exchange, phone, request.param)


@pytest.mark.parametrize("town", ["one-net"], indirect=True)
def test_the_codes_of_one_net(town: Town) -> None:
    town.dial("*72103")
    town.call_to_anna_rings(town.carla)
    town.bert.dial("*80101")  # not to be diverted
    assert "480" in str(town.bert.wait_for("CALL_CLOSED"))
    town.dial("*72*")
    town.dial("*73")
    town.call_to_anna_rings(town.anna)
    town.dial("*21")
    assert [row.voicemail for row in town.rows(Forward) if row.case == "always"] == [True]
    town.dial("*73")
    town.dial("*78")
    town.call_to_anna_is_refused("486")
    town.dial("*90103")
    town.call_to_anna_rings(town.carla)
    town.dial("*91")
    town.dial("*79")
    town.dial("*92103")
    town.call_to_anna_rings(town.carla, timeout_s=20)
    town.dial("*93")
    town.anna_calls("#01", town.carla)
    town.anna_calls("*66", town.carla)
    town.anna_calls("*69", town.bert)
    town.switches("reject_anonymous", on="*77", off="*87")
    town.switches("call_waiting", on="*43", off="#43")
    town.switches("hide_number", on="*31", off="#31")
    town.tests()


@pytest.mark.parametrize("town", ["one-net"], indirect=True)
def test_calls_to_a_phone_without_power_are_forwarded_until_that_is_ended_from_another_phone(
    town: Town, phone: Any
) -> None:
    """*94 and *95. Anna's other phone takes over once the first has gone."""
    town.dial("*94103")
    town.anna.stop()
    town.call_to_anna_rings(town.carla)
    town.anna = phone("101", site=town.site, tone_hz=CALLER_HZ)
    town.dial("*95")
    town.anna.stop()
    town.call_to_anna_is_refused("480")


@pytest.mark.parametrize("town", ["standard"], indirect=True)
def test_the_codes_of_standard(town: Town) -> None:
    town.statuses()
    town.dial("910", keys="11103#", until=lambda: town.forwards_to() == ["103"])
    town.call_to_anna_rings(town.carla)
    town.dial("910", keys="0", until=lambda: town.forwards_to() == [])
    town.call_to_anna_rings(town.anna)
    assert town.plan_chosen(keys="12#") == ("Plan 2", "until the schedule changes")
    assert town.plan_chosen("915*2", keys="") is None  # the key of the plan that somebody has chosen: back
    town.anna_calls("#01", town.carla)
    town.anna_calls("*66", town.carla)
    town.anna_calls("*69", town.bert)
    town.tests()


@pytest.mark.parametrize("town", ["3cx"], indirect=True)
def test_the_codes_of_3cx(town: Town) -> None:
    town.statuses()
    assert town.plan_chosen("*64", keys="21#") == ("Plan 1", "for good")
    town.tests()


@pytest.mark.parametrize("town", ["unify"], indirect=True)
def test_the_codes_of_unify(town: Town) -> None:
    town.dial("*11103")
    town.call_to_anna_rings(town.carla)
    town.dial("#1")
    town.dial("*495103")
    town.call_to_anna_rings(town.carla, timeout_s=20)
    town.dial("#495")
    town.dial("*97")
    town.call_to_anna_is_refused("486")
    town.dial("#97")
    town.call_to_anna_rings(town.anna)
    town.anna_calls("*701", town.carla)
    town.dial("#58")  # there is no callback to cancel, she is told
    town.switches("hide_number", on="*86", off="#86")
    town.switches("call_waiting", on="#490", off="*490")


@pytest.mark.parametrize("town", ["gigaset"], indirect=True)
def test_the_codes_of_gigaset(town: Town) -> None:
    town.anna_calls("*601", town.carla)


QUEUE_CODES = (("3cx", "*62", "*63"), ("one-net", "#83", "#82"), ("unify", "*85", "#85"))


@pytest.mark.parametrize(("town", "log_in", "log_out"), QUEUE_CODES, indirect=["town"])
def test_an_agent_logs_in_to_a_queue_and_out(town: Town, log_in: str, log_out: str) -> None:
    """The calls that follow are in ``test_wire_queue_codes``."""
    town.dial(f"{log_in}{QUEUE}")
    assert [(row.extension, row.logged_in) for row in town.rows(QueueMember)] == [("101", True)]
    town.dial(f"{log_out}{QUEUE}")
    assert not town.rows(QueueMember)


@pytest.mark.parametrize(("town", "on", "off"), [("one-net", "#70", "#71"), ("unify", "*44", "#44")], indirect=["town"])
def test_a_queue_goes_to_its_night_service_and_back(town: Town, on: str, off: str) -> None:
    for code, night in ((on, True), (off, False)):
        town.dial(f"{code}{QUEUE}")
        assert [row.night_forced for row in town.rows(Queue)] == [night]
