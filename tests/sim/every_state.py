"""A call in every state it can be in, what may cross whatever is done with it, and what must hold then.

The tables of ``test_every_operation`` and ``test_every_way_of_a_phone`` are made from these.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from invariants import check, check_records
from network import Conditions
from test_call_orders import orders
from test_listening_and_conferences import SUPERVISED
from test_outside_lines import call_in
from test_parking_and_pickup import PICKUP, with_codes
from test_random_conferences import MEETING
from world import DeskPhone, World

from kiestoon.calls.call import Call
from kiestoon.calls.leg import Leg
from kiestoon.company.model import Queue, QueueMember
from kiestoon.media.protocol import DigitReceived
from kiestoon.registrar import BindingChanged
from kiestoon.sip.session import Session

HOSTS: Final = {"anna": "192.0.2.1", "bert": "192.0.2.2", "carla": "192.0.2.3"}
NAMES: Final = {"101": "anna", "102": "bert", "103": "carla"}
QUEUE: Final = {
    "queues": (Queue(id=1, company_id=1, extension="600", name="Helpdesk", ring_s=60),),
    "queue_members": (QueueMember(id=1, company_id=1, queue_id=1, extension="102"),),
}
"""Its only agent is Bert."""
ROWS: Final = with_codes(**PICKUP, **SUPERVISED, **MEETING, **QUEUE)


@dataclass
class Scene:
    """A call in some state. ``by``: whose leg is operated; ``second``: that person's other call."""

    world: World
    by: str = "102"
    second: str = ""

    @property
    def target(self) -> tuple[Call, Leg]:
        """The operated leg and its call; the oldest where there are several."""
        found = [
            (call, leg)
            for call in self.world.exchange.calls.values()
            for leg in call.live_legs()
            if leg.party.number == self.by and call.id != self.second
        ]
        assert found, f"{self.by} is in no call\n{self.world.network.ladder()}"
        return found[0]

    @property
    def own_phone(self) -> DeskPhone:
        """Whose leg is operated."""
        return self.world.phones[NAMES[self.by]]

    def own_session(self, leg: Leg) -> Session | None:
        """The operated leg as the phone has it."""
        sessions = self.own_phone.endpoint.sessions.values()
        return next((each for each in sessions if each.call_id == leg.sip_call_id), None)


def begin(anna: str = "answer", bert: str = "answer", carla: str = "answer") -> Scene:
    """Three phones, and what each does with calls to it."""
    world = World(rows=ROWS)
    for (name, host), mode in zip(HOSTS.items(), (anna, bert, carla), strict=True):
        world.phone(name, host, registered=False).mode = mode
    world.restore_logins(logins())
    return Scene(world)


@cache
def logins() -> tuple[BindingChanged, ...]:
    """How the phones have logged in: once will do for thousands of scenes."""
    world = World(rows=ROWS)
    for name, host in HOSTS.items():
        world.phone(name, host)
    return tuple(world.engine.bindings)


def dial(scene: Scene, who: str, number: str) -> Session:
    session = scene.world.phones[who].dial(number)
    scene.world.run(2)
    return session


# --- states ----------------------------------------------------------------------------------------------------------


def ringing() -> Scene:
    scene = begin(bert="ring")
    dial(scene, "anna", "102")
    return scene


def calling() -> Scene:
    scene = ringing()
    scene.by = "101"
    return scene


def talking() -> Scene:
    scene = begin()
    dial(scene, "anna", "102")
    return scene


def talking_as_who_called() -> Scene:
    scene = talking()
    scene.by = "101"
    return scene


def talking_outside() -> Scene:
    scene = begin()
    scene.world.provider()
    call_in(scene.world, "+31201234562")
    scene.world.run(2)
    return scene


def dialled_outside() -> Scene:
    scene = begin()
    scene.world.provider()
    dial(scene, "bert", "00201112222")
    return scene


def held() -> Scene:
    scene = talking()
    hold(scene, "bert")
    return scene


def held_by_the_other() -> Scene:
    scene = talking()
    hold(scene, "anna")
    return scene


def hold(scene: Scene, who: str) -> None:
    phone = scene.world.phones[who]
    (session,) = [each for each in phone.endpoint.sessions.values() if each.state == "confirmed"]
    phone.hold(session)
    phone.direction = "sendrecv"
    scene.world.run(2)


def press(scene: Scene, keys: str) -> None:
    """Keys in the operated call; nothing that they lead to has arrived yet."""
    world = scene.world
    termination = scene.target[1].termination
    for key in keys:
        world.media.events.append(DigitReceived(termination, key, 100))
        world.network.drain(world.node)


def consulting() -> Scene:
    scene = held()
    scene.second = scene.target[0].id
    dial(scene, "bert", "103")
    first, second = scene.second, scene.target[0].id
    scene.by, scene.second = "102", second
    assert scene.target[0].id == first
    return scene


def consulting_who_rings() -> Scene:
    scene = begin(carla="ring")
    dial(scene, "anna", "102")
    hold(scene, "bert")
    first = scene.target[0].id
    dial(scene, "bert", "103")
    scene.second = next(call.id for call in scene.world.exchange.calls.values() if call.id != first)
    return scene


def holding_by_keys() -> Scene:
    """Who is on hold is in a call of its own."""
    scene = talking()
    first = scene.target[0].id
    press(scene, "##")
    scene.world.run(3)
    scene.second = first
    assert scene.world.exchange.held, scene.world.network.ladder()
    return scene


def consulting_by_keys() -> Scene:
    scene = talking()
    consult_by_keys(scene)
    return scene


def consulting_who_rings_by_keys() -> Scene:
    scene = begin(carla="ring")
    dial(scene, "anna", "102")
    consult_by_keys(scene)
    return scene


def consult_by_keys(scene: Scene) -> None:
    first = scene.target[0].id
    press(scene, "##103#")
    scene.world.run(2)
    scene.second = first
    assert len(scene.world.exchange.legs) == 3, scene.world.network.ladder()


def in_conference() -> Scene:
    scene = talking()
    operate(scene, "add", "103")
    assert len(scene.target[0].bridge or ()) == 3, scene.world.network.ladder()
    return scene


def parked() -> Scene:
    scene = talking()
    assert operate(scene, "park", "lot 3") == {}
    scene.world.finish_prompts()  # who parked is told where, and let go
    scene.world.run(2)
    scene.by = "101"
    return scene


def transferred_and_ringing() -> Scene:
    scene = begin(carla="ring")
    dial(scene, "anna", "102")
    assert operate(scene, "transfer", "103") == {}
    scene.by = "103"
    return scene


def transferred_and_waiting() -> Scene:
    scene = transferred_and_ringing()
    scene.by = "101"
    return scene


def called_back_by_a_recall() -> Scene:
    scene = transferred_and_ringing()
    scene.world.phones["bert"].mode = "ring"
    scene.world.run(25)
    scene.by = "102"
    assert scene.target[1].state != "ended"
    return scene


def at_a_menu() -> Scene:
    scene = begin()
    dial(scene, "bert", "200")
    return scene


def at_a_code() -> Scene:
    """Somebody who hears an announcement."""
    scene = begin()
    dial(scene, "bert", "909")
    return scene


def in_a_room() -> Scene:
    scene = begin()
    for who in ("anna", "bert"):
        go_in(scene, who)
    assert len(scene.target[0].bridge or ()) == 2, scene.world.network.ladder()
    return scene


def alone_in_a_room() -> Scene:
    scene = begin()
    go_in(scene, "bert")
    return scene


def on_the_way_into_a_room() -> Scene:
    scene = begin()
    dial(scene, "bert", "800")
    return scene


def go_in(scene: Scene, who: str) -> None:
    dial(scene, who, "800")
    for _ in range(3):
        scene.world.finish_prompts()
        scene.world.run(0.2)


def calling_a_group() -> Scene:
    scene = begin(anna="ring", carla="ring")
    dial(scene, "bert", "300")
    return scene


def in_a_group_call() -> Scene:
    scene = begin()
    dial(scene, "bert", "300")
    assert len(scene.target[0].bridge or ()) == 3, scene.world.network.ladder()
    return scene


def waiting_in_a_queue() -> Scene:
    """Nobody can be rung."""
    scene = begin(bert="busy")
    dial(scene, "anna", "600")
    scene.by = "101"
    return scene


def offered_from_a_queue() -> Scene:
    """Anna waits, and hears music, while Bert's phone rings for her."""
    scene = begin(bert="ring")
    dial(scene, "anna", "600")
    scene.by = "101"
    return scene


def rung_by_a_queue() -> Scene:
    """The same, as Bert can operate it."""
    scene = offered_from_a_queue()
    scene.by = "102"
    return scene


def serving_a_caller() -> Scene:
    scene = begin()
    dial(scene, "anna", "600")
    return scene


STATES: Final[dict[str, Callable[[], Scene]]] = {
    state.__name__: state
    for state in (
        ringing, calling, talking, talking_as_who_called, talking_outside, dialled_outside, held, held_by_the_other,
        consulting, consulting_who_rings, holding_by_keys, consulting_by_keys, consulting_who_rings_by_keys,
        in_conference, parked, transferred_and_ringing, transferred_and_waiting, called_back_by_a_recall, at_a_menu,
        at_a_code, in_a_room, alone_in_a_room, on_the_way_into_a_room, calling_a_group, in_a_group_call,
        waiting_in_a_queue, offered_from_a_queue, rung_by_a_queue, serving_a_caller,
    )
}  # fmt: skip


# --- what crosses it -------------------------------------------------------------------------------------------------


def of(scene: Scene, own: bool) -> list[tuple[DeskPhone, Session]]:
    """The phones that are in a call: who operates (``own``), or the others."""
    return [
        (phone, session)
        for phone in scene.world.phones.values()
        if (phone.name == NAMES[scene.by]) == own
        for session in phone.endpoint.sessions.values()
        if session.state in ("calling", "early", "accepted", "confirmed")
    ]


def who_operates_hangs_up(scene: Scene) -> None:
    for phone, session in of(scene, own=True):
        session.bye(phone.now)


def the_others_hang_up(scene: Scene) -> None:
    for phone, session in of(scene, own=False):
        session.bye(phone.now)


def glare_with_who_operates(scene: Scene) -> None:
    offer(scene, own=True)


def glare_with_the_others(scene: Scene) -> None:
    offer(scene, own=False)


def offer(scene: Scene, own: bool) -> None:
    """A hold that crosses whatever the exchange sends (RFC 3261 §14.1: 491)."""
    for phone, session in of(scene, own):
        if session.state == "confirmed" and session.exchange == "settled" and not session.wish:
            phone.hold(session)
            phone.direction = "sendrecv"


def messages_are_lost(scene: Scene) -> None:
    scene.world.make_worse(Conditions(loss=1.0))
    scene.world.run(1.2)
    scene.world.make_worse(Conditions())


def messages_come_twice_and_late(scene: Scene) -> None:
    scene.world.make_worse(Conditions(duplication=0.5, jitter_s=0.4))
    scene.world.run(3)
    scene.world.make_worse(Conditions())


def the_control_process_is_killed(scene: Scene) -> None:
    scene.world.crash()


def media_is_cut_off(scene: Scene) -> None:
    scene.world.media.disconnect()
    scene.world.run(2)
    scene.world.mend_media()


CROSSINGS: Final = (
    who_operates_hangs_up, the_others_hang_up, glare_with_who_operates, glare_with_the_others,
    messages_are_lost, messages_come_twice_and_late, the_control_process_is_killed, media_is_cut_off,
)  # fmt: skip
HANGING_UP: Final = (who_operates_hangs_up, the_others_hang_up)


def cross(scene: Scene, crossing: Callable[[Scene], None]) -> bool:
    """Let it happen; whether everybody who is on the line has to stay there."""
    crossing(scene)
    scene.world.network.drain(scene.world.node)
    return crossing not in HANGING_UP


# --- what is done, and what must hold --------------------------------------------------------------------------------


def operate(scene: Scene, operation: str, to: str = "") -> dict[str, Any]:
    """Do it, and let it come to its end."""
    answer = ask(scene, operation, to)
    scene.world.run(2)
    return answer


def ask(scene: Scene, operation: str, to: str) -> dict[str, Any]:
    """Do it; nothing that is sent has arrived yet."""
    call, leg = scene.target
    acting = 3 if operation in ("take", "listen", "barge") else None
    return orders(scene.world).operate(
        1, call.id, operation, leg=leg.id, acting_user=acting, to=to, second=scene.second, device_id=0
    )


def close(scene: Scene) -> None:
    """Everybody hangs up, and nothing may be left."""
    world = scene.world
    for phone in world.phones.values():
        phone.mode = "busy"
        for session in list(phone.endpoint.sessions.values()):
            session.bye(world.network.now)
    world.run(40)
    world.finish_prompts()
    for phone in world.phones.values():
        for session in list(phone.endpoint.sessions.values()):
            session.bye(world.network.now)
    world.assert_nothing_left()
    check(world)
    check_records(world)


def heard(scene: Scene) -> set[frozenset[int]]:
    """Which of the media process' terminations hear each other."""
    return {frozenset(edge) for edges in scene.world.media.edges.values() for edge in edges}


def standing(scene: Scene) -> set[tuple[str, int]]:
    """Who is on the line, beside who operates."""
    return {(phone.name, session.id) for phone, session in of(scene, own=False)}


def on_the_line(scene: Scene) -> set[tuple[str, int]]:
    """Those of them who have been answered."""
    phones = scene.world.phones
    return {
        (name, number)
        for name, number in standing(scene)
        if phones[name].endpoint.sessions[number].state == "confirmed"
    }


@contextmanager
def named(*what: str) -> Iterator[None]:
    """Says in which row of a table something went wrong."""
    try:
        yield
    except Exception as wrong:
        wrong.add_note(", ".join(what))
        raise
