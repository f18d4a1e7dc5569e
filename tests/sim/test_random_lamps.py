"""Random stories of calls, watching phones and crashes over a bad network: in the end every lamp shows the truth."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from lamp_world import LampWorld, Watch, WatchingPhone
from network import Conditions
from test_lamps import replaced
from world import DeskPhone

from kiestoon.sip import events
from kiestoon.sip.session import Session

STEPS = 25
WATCHED = ("101", "102", "103")


class Story:
    """Anna and Bert telephone; Carla's two phones watch, one on UDP and one on TCP."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.world = LampWorld(seed)
        self.callers = [self.world.phone("anna", "192.0.2.1"), self.world.phone("bert", "192.0.2.2")]
        for phone in self.callers:
            phone.mode = "ring"
        self.watchers = [
            self.world.watcher("carla", "192.0.2.3"),
            self.world.watcher("carla2", "192.0.2.4", "tcp"),
        ]
        self.ports = iter(range(7000, 8000))
        for phone in self.watchers:
            self.subscribe_all(phone)
        self.world.make_worse(Conditions(loss=0.15, duplication=0.05, delay_s=0.05, jitter_s=0.2))

    def subscribe_all(self, phone: WatchingPhone) -> None:
        for name in WATCHED:
            phone.watch(name)

    # --- what may happen ---------------------------------------------------------------------------------------------

    def step(self) -> None:
        actions: list[Callable[[], None]] = [
            self.dial, self.dial, self.answer, self.answer, self.hang_up, self.hang_up,
            self.crash, self.move, self.cut_off, self.come_back, self.renew, self.reboot, self.want_peace,
        ]  # fmt: skip
        self.random.choice(actions)()
        self.world.run(self.random.uniform(0.1, 8))

    def dial(self) -> None:
        phone = self.random.choice(self.callers)
        phone.dial(self.random.choice(["101", "102", "200"]))

    def answer(self) -> None:
        for phone in self.callers:
            waiting = [each for each in phone.all(events.InviteReceived) if each.session.state == "early"]
            if waiting:
                phone.accept(waiting[-1].session, waiting[-1].request.body)
                return

    def hang_up(self) -> None:
        session = self.random.choice([*self.sessions(), None])
        if session is not None:
            session.bye(self.world.network.now)

    def sessions(self) -> list[Session]:
        return [session for phone in self.callers for session in phone.endpoint.sessions.values() if not session.over]

    def crash(self) -> None:
        if self.random.random() < 0.4:
            self.world.network.connections.clear()
            self.world.crash()

    def move(self) -> None:
        phone = self.random.choice(self.watchers)
        if phone.node.connected:
            self.world.move(phone, ("203.0.113.77", next(self.ports)))
            phone.register()

    def cut_off(self) -> None:
        self.random.choice(self.watchers).node.connected = False

    def come_back(self) -> None:
        for phone in self.watchers:
            if not phone.node.connected:
                phone.node.connected = True
                phone.register()

    def renew(self) -> None:
        phone = self.random.choice(self.watchers)
        if phone.node.connected and phone.watches:
            phone.renew(self.random.choice(phone.watches))

    def reboot(self) -> None:
        phone = self.random.choice(self.watchers)
        if phone.node.connected:
            phone.reboot()
            phone.register()
            self.subscribe_all(phone)

    def want_peace(self) -> None:
        rows = self.world.rows
        user = self.random.choice(rows.users)
        self.world.change(replaced(rows, user.id, do_not_disturb=not user.do_not_disturb))

    # --- the end -----------------------------------------------------------------------------------------------------

    def settle(self) -> None:
        """The network is well again; phones do what phones do: register, renew, and subscribe anew where refused."""
        self.world.make_worse(Conditions())
        self.come_back()
        self.world.run(45)
        for _ in range(2):
            for phone in (*self.callers, *self.watchers):
                phone.register()
            self.world.run(2)
            for phone in self.watchers:
                for watch in list(phone.watches):
                    if watch.notifies and watch.status == 200:
                        continue
                    phone.watches.remove(watch)
                    phone.watch(watch.name)
            self.world.run(45)

    def truth(self, name: str) -> str:
        x = self.world.exchange
        legs = [leg for leg in x.legs.values() if leg.party.number == name and leg.state != "ended"]
        if any(leg.state == "early" and not leg.incoming for leg in legs):
            return "blinks"
        if any(leg.state != "dialling" or leg.incoming for leg in legs):
            return "on"
        user = x.directory.user_by_extension(1, name)
        return "on" if user is not None and user.do_not_disturb else "off"

    def wrong(self) -> list[tuple[str, str, str, str]]:
        watches: list[Watch] = [watch for phone in self.watchers for watch in phone.watches]
        return [
            (watch.phone.name, watch.name, watch.lamp, self.truth(watch.name))
            for watch in watches
            if watch.lamp != self.truth(watch.name)
        ]


@pytest.mark.parametrize("seed", range(15))
def test_in_the_end_every_lamp_shows_the_truth(seed: int) -> None:
    story = Story(seed)
    for _ in range(STEPS):
        story.step()
    story.settle()
    assert not story.wrong(), story.world.network.ladder()[-6000:]
    for session in story.sessions():
        session.bye(story.world.network.now)
    story.world.run(45)
    assert not story.wrong(), story.world.network.ladder()[-6000:]
    assert {story.truth(name) for name in WATCHED} <= {"on", "off"}
    assert len(story.world.lamps.live) == 0


def test_the_story_can_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lamp that is not told is noticed."""
    story = Story(1)
    monkeypatch.setattr(story.world.lamps, "settle", lambda now: None)
    monkeypatch.setattr(story.world.lamps, "next_deadline", lambda now: None)
    phone: DeskPhone = story.callers[0]
    story.world.make_worse(Conditions())
    phone.dial("102")
    story.world.run(2)
    assert story.wrong()
