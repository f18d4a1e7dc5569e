"""A company with a queue: Anna, Bert and Carla are its agents, callers come from outside."""

from __future__ import annotations

from typing import Any

import msgspec
from test_outside_lines import call_in
from test_parking_and_pickup import with_codes
from world import World

from kiestoon.company.model import Number, Queue, QueueMember
from kiestoon.sip import events
from kiestoon.sip.session import Session

QUEUE = "300"
QUEUE_NUMBER = "+31201234570"
AGENTS = ("101", "102", "103")


def queue_rows(*members: dict[str, Any], rows: dict[str, Any] | None = None, **values: Any) -> Any:
    """The queue Support (300) with these members; without any: everybody, in the order of the extensions."""
    rows = dict(rows or {})
    listed = members or tuple({"extension": extension} for extension in AGENTS)
    more_queues = rows.pop("queues", ())
    more_members = rows.pop("queue_members", ())
    queue = Queue(id=1, company_id=1, extension=QUEUE, name="Support", **values)
    own = tuple(
        QueueMember(id=n, company_id=1, queue_id=1, **{"position": n, **member}) for n, member in enumerate(listed, 1)
    )
    sample = with_codes(queues=(queue, *more_queues), queue_members=(*own, *more_members), **rows)
    number = Number(id=8, company_id=1, e164=QUEUE_NUMBER, extension=QUEUE)
    return msgspec.structs.replace(sample, numbers=(*sample.numbers, number))


class QueueWorld(World):
    """``agents``: their phones, which ring until the test answers."""

    def __init__(self, *members: dict[str, Any], phones: int = 3, seed: int = 1, **values: Any) -> None:
        super().__init__(seed, queue_rows(*members, **values), recordings_folder="/recordings")
        names = ("anna", "bert", "carla")[:phones]
        self.agents = [self.phone(name, f"192.0.2.{n}") for n, name in enumerate(names, 1)]
        for agent in self.agents:
            agent.mode = "ring"
        self.line: Any = None

    def call(self, number: str = QUEUE_NUMBER, wait_s: float = 1.0) -> Session:
        """Somebody calls from outside."""
        self.line, session = call_in(self, number)
        self.run(wait_s)
        return session

    def ringing(self) -> list[str]:
        """Whose phones ring now, by name."""
        return [agent.name for agent in self.agents if is_ringing(agent)]

    def caller_hears(self, session: Session) -> set[str]:
        """What a caller from outside hears."""
        heard: set[str] = self.line.hears(session)
        return heard

    def change_rows(self, **tables: Any) -> None:
        """Rows become others, as when somebody writes them."""
        self.rows = msgspec.structs.replace(self.rows, **tables)
        self.exchange.directory.replace(self.rows)
        self.engine.configuration_changed(self.network.now)
        self.network.drain(self.node)

    def change_member(self, extension: str, **fields: Any) -> None:
        """One member's row."""
        members = tuple(
            msgspec.structs.replace(member, **fields) if member.extension == extension else member
            for member in self.rows.queue_members
        )
        self.change_rows(queue_members=members)

    def change_queue(self, **fields: Any) -> None:
        """The queue's row."""
        first, *others = self.rows.queues
        self.change_rows(queues=(msgspec.structs.replace(first, **fields), *others))


def is_ringing(phone: Any) -> bool:
    """Whether its last call rings."""
    calls = phone.all(events.InviteReceived)
    return bool(calls) and calls[-1].session.state == "early"


def rung(phone: Any) -> int:
    """How often it has been called."""
    return len(phone.all(events.InviteReceived))


def lift(world: World, phone: Any) -> Session:
    """The agent answers."""
    phone.answer_waiting()
    world.run()
    session: Session = phone.last(events.InviteReceived).session
    return session


def hang_up(world: World, *sessions: Session) -> None:
    for session in sessions:
        session.bye(world.network.now)
        world.run(0.5)
