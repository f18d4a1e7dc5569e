"""Queues by code from a real phone: who is logged in is rung, and calls go as they are switched (ACD-6, V 23.3)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from arranged import to
from bench.lib.exchange import Exchange, Site
from bench.peers.baresip import Baresip
from parties import PhoneStarter
from talking import SPEECH_S

from kiestoon.company.code_presets import preset_codes
from kiestoon.company.model import Company, FeatureCode, Queue, QueueMember, Row, Schedule, WeekBlock
from kiestoon.store.database import Database
from kiestoon.store.load import list_rows
from kiestoon.store.write import Changes

AGENT_HZ, CALLER_HZ = 800, 440
ANNA, BERT, CARLA, CALLER = "101", "102", "103", "104"
SUPPORT, SALES, DESK = "301", "302", "303"
SITE = Site(
    name="Queue codes",
    domain="queue-codes.example",
    extensions=(ANNA, BERT, CARLA, CALLER),
    users={ANNA: {"is_supervisor": True}},
)
SWITCHES = {
    "#72": "queue_forward_on", "#73": "queue_forward_off", "#70": "night_service_on", "#71": "night_service_off",
}  # fmt: skip


def fill(changes: Changes) -> None:
    """The standard codes and those of supervisors. Anna, then Bert are members of Support and Sales, not logged in."""
    here: dict[str, Any] = {"id": 0, "company_id": 1}
    for row in preset_codes("standard", Company(id=1, name=SITE.name, domain=SITE.domain)):
        changes.add(row)
    for code, feature in SWITCHES.items():
        changes.add(FeatureCode(**here, feature=feature, code=code))
    always = tuple(WeekBlock(weekday, 0, 1440) for weekday in range(7))
    hours = changes.add(Schedule(**here, name="Always", blocks=always))
    support: dict[str, Any] = {"open": False, "forced_to": to(CARLA), "night": "busy", "office_schedule_id": hours.id}
    queues: Any = ((SUPPORT, "Support", support), (SALES, "Sales", {"open": False}), (DESK, "Desk", {}))
    for extension, name, fields in queues:
        queue = changes.add(Queue(**here, extension=extension, name=name, strategy="sequential", **fields))
        for position, agent in enumerate((ANNA, BERT) if extension != DESK else ()):
            changes.add(QueueMember(**here, queue_id=queue.id, extension=agent, position=position, logged_in=False))


@pytest.fixture(scope="module")
def running_exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    """For phones with MD5."""
    folder = tmp_path_factory.mktemp("queue-codes")
    with Exchange(folder, [SITE], fill=fill, sip={"digest": ("SHA-256", "MD5")}) as exchange:
        yield exchange


class Floor:
    """The phones of agents and of one caller, and what is in the database."""

    def __init__(self, exchange: Exchange, phone: PhoneStarter) -> None:
        self._exchange = exchange
        self.caller = phone(CALLER, site=SITE, tone_hz=CALLER_HZ)
        self.anna = phone(ANNA, site=SITE, tone_hz=AGENT_HZ)
        self.bert = phone(BERT, site=SITE, tone_hz=AGENT_HZ)

    def members(self, queue: str) -> list[tuple[str, bool]]:
        """Who is a member of a queue, by rank, and whether logged in."""
        (queue_id,) = (row.id for row in self._rows(Queue) if row.extension == queue)
        rows = sorted(self._rows(QueueMember), key=lambda row: row.position)
        return [(row.extension, row.logged_in) for row in rows if row.queue_id == queue_id]

    def switched(self) -> tuple[bool, bool]:
        """Whether Support is forwarded, and at night."""
        (row,) = (row for row in self._rows(Queue) if row.extension == SUPPORT)
        return row.forced, row.night_forced

    def _rows(self, row_type: type[Row]) -> list[Any]:
        database = Database(self._exchange.settings.database_url)
        try:
            return list_rows(database, row_type, 1)
        finally:
            database.close()

    def dial(self, agent: Baresip, code: str) -> None:
        """A code is dialled; by what is said then it is in force."""
        agent.dial(code.replace("#", "%23"))
        agent.wait_for("CALL_ESTABLISHED")
        agent.wait_for_change(1.0, timeout_s=SPEECH_S)
        agent.hang_up()
        agent.wait_for("CALL_CLOSED")

    def log_in_to_what_is_keyed(self, agent: Baresip, queue: str) -> None:
        """The queue is asked, and keyed in as telephone events (RFC 4733); what is said then is heard to its end."""
        agent.dial("903")
        agent.wait_for("CALL_ESTABLISHED")
        agent.wait_for_change(1.0, timeout_s=SPEECH_S)
        agent.send_digits(f"{queue}#")
        agent.wait_for("CALL_CLOSED", timeout_s=SPEECH_S)

    def wait_in(self, queue: str) -> None:
        """The caller is in the queue, and hears music."""
        self.caller.dial(queue)
        self.caller.wait_for("CALL_ESTABLISHED")
        self.caller.wait_for_change(425)

    def speaks(self, agent: Baresip) -> None:
        """The caller's call rings at the agent, who answers."""
        agent.accept()
        agent.wait_for_tone(CALLER_HZ)
        self.caller.wait_for_tone(AGENT_HZ)
        agent.hang_up()
        self.caller.wait_for("CALL_CLOSED")


@pytest.fixture
def floor(exchange: Exchange, phone: PhoneStarter) -> Floor:
    return Floor(exchange, phone)


def rang(phone: Baresip) -> int:
    """How often, as far as it has told."""
    phone.command("reginfo")  # whatever it told before is read by then
    return sum(event.type == "CALL_INCOMING" for event in phone.history)


def test_who_logs_in_by_code_is_rung_for_who_waits_already_and_not_after_logging_out(floor: Floor) -> None:
    floor.wait_in(SUPPORT)
    floor.dial(floor.anna, f"903{SUPPORT}")
    assert floor.members(SUPPORT) == [(ANNA, True), (BERT, False)]
    floor.speaks(floor.anna)
    floor.dial(floor.bert, "9031")  # everywhere where he is a member
    floor.dial(floor.anna, f"904{SUPPORT}")
    assert floor.members(SUPPORT) == [(ANNA, False), (BERT, True)]
    assert floor.members(SALES) == [(ANNA, False), (BERT, True)]
    rung = rang(floor.anna)
    floor.caller.dial(SUPPORT)
    floor.speaks(floor.bert)
    assert rang(floor.anna) == rung
    floor.dial(floor.bert, "9041")
    assert floor.members(SUPPORT) == floor.members(SALES) == [(ANNA, False), (BERT, False)]


def test_in_an_open_queue_one_is_a_member_as_long_as_one_is_logged_in(floor: Floor) -> None:
    floor.wait_in(DESK)
    floor.log_in_to_what_is_keyed(floor.bert, DESK)
    assert floor.members(DESK) == [(BERT, True)]
    floor.speaks(floor.bert)
    floor.dial(floor.bert, f"904{DESK}")
    assert floor.members(DESK) == []


def test_a_supervisor_sends_calls_elsewhere_or_to_the_night_and_back(floor: Floor, phone: PhoneStarter) -> None:
    """V 23.3.2, V 23.3.4. An agent who may not is told so, and nothing changes."""
    carla = phone(CARLA, site=SITE, tone_hz=AGENT_HZ)
    floor.dial(floor.bert, f"#72{SUPPORT}")
    assert floor.switched() == (False, False)
    floor.dial(floor.anna, f"#72{SUPPORT}")
    assert floor.switched() == (True, False)
    floor.caller.dial(SUPPORT)
    floor.speaks(carla)
    floor.dial(floor.anna, f"#73{SUPPORT}")
    floor.dial(floor.anna, f"#70{SUPPORT}")
    assert floor.switched() == (False, True)
    floor.caller.dial(SUPPORT)
    assert "486" in str(floor.caller.wait_for("CALL_CLOSED"))
    floor.dial(floor.anna, f"#71{SUPPORT}")
    assert floor.switched() == (False, False)
    floor.wait_in(SUPPORT)
    floor.caller.hang_up()
    floor.caller.wait_for("CALL_CLOSED")
