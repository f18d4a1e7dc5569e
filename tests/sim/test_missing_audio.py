"""A party of whom nothing is heard is told of once, and only when it should be heard; no call ends for it."""

from __future__ import annotations

from test_basic_calls import in_call
from world import World

from kiestoon.app.live_view import LiveView
from kiestoon.media.protocol import RtpLost, RtpResumed
from kiestoon.sip import events


class Silence:
    """Anna calls Bert; ``lose`` and ``find`` are what the media process tells of one party's packets."""

    def __init__(self) -> None:
        self.world, self.anna, self.bert, self.session, self.other = in_call(World(no_rtp_s=20.0))

    def lose(self, name: str) -> None:
        self._tell(RtpLost(self.termination(name).number, 20_000))

    def find(self, name: str) -> None:
        self._tell(RtpResumed(self.termination(name).number))

    def termination(self, name: str):
        phone, session = (self.anna, self.session) if name == "anna" else (self.bert, self.other)
        return self.world.media.at(int(phone.sends_to(session)))

    def _tell(self, event) -> None:
        self.world.media.events.append(event)
        self.world.network.drain(self.world.node)
        self.world.run()

    def silent(self) -> str:
        """What ``kiestoon calls`` shows."""
        (call,) = LiveView(self.world.exchange, lambda: self.world.network.now).calls({})
        return call["no_audio_from"]

    @property
    def counted(self) -> int:
        return self.world.exchange.counters.get("rtp_lost", 0)

    def end(self) -> None:
        assert self.session.state == self.other.state == "confirmed"
        self.session.bye(self.world.network.now)
        self.world.assert_nothing_left()


def test_every_party_is_watched_for_the_set_time() -> None:
    it = Silence()
    for name in ("anna", "bert"):
        assert [watch.no_rtp_ms for watch in it.termination(name).watches] == [20_000]
    it.end()


def test_a_silent_party_is_told_of_once_until_it_is_heard_again() -> None:
    it = Silence()
    it.lose("bert")
    assert (it.silent(), it.counted) == ("102", 1)
    it.lose("bert")
    assert it.counted == 1
    it.find("bert")
    assert it.silent() == ""
    it.lose("bert")
    assert (it.silent(), it.counted) == ("102", 2)
    it.end()


def test_nobody_is_expected_to_speak_while_one_of_them_holds() -> None:
    it = Silence()
    it.anna.hold(it.session)
    it.world.run()
    it.lose("anna")
    it.lose("bert")
    assert (it.silent(), it.counted) == ("", 0)
    it.end()


def test_after_a_hold_the_time_begins_anew() -> None:
    it = Silence()
    it.anna.hold(it.session)
    it.world.run()
    it.lose("bert")
    it.anna.resume(it.session)
    it.world.run()
    assert (it.silent(), it.counted) == ("", 0)
    assert len(it.termination("bert").watches) == 2
    assert len(it.termination("anna").watches) == 1  # packets of its are no question
    it.lose("bert")
    assert (it.silent(), it.counted) == ("102", 1)
    it.end()


def test_a_party_told_of_is_not_shown_while_it_is_on_hold() -> None:
    it = Silence()
    it.lose("bert")
    it.anna.hold(it.session)
    it.world.run()
    assert it.silent() == ""
    it.end()


def test_a_phone_that_rings_need_not_send_and_has_the_time_once_it_answers() -> None:
    world = World(no_rtp_s=20.0)
    anna, bert = world.phone("anna", "192.0.2.1"), world.phone("bert", "192.0.2.2")
    bert.mode = "early"
    session = anna.dial("102")
    world.run()
    for number in list(world.media.terminations):
        world.media.events.append(RtpLost(number, 20_000))
    world.network.drain(world.node)
    assert not world.exchange.counters.get("rtp_lost")
    other = bert.last(events.InviteReceived).session
    other.accept(world.network.now, b"")
    world.run()
    assert session.state == "confirmed"
    assert [len(item.watches) for item in world.media.terminations.values()] == [2, 2]
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_whoever_takes_the_calls_over_watches_anew() -> None:
    it = Silence()
    it.lose("bert")
    assert it.world.crash() == 1
    assert it.silent() == ""
    assert len(it.termination("bert").watches) == 2
    it.lose("bert")
    assert it.silent() == "102"
    it.session.bye(it.world.network.now)
    it.world.assert_nothing_left()
