"""Who rings in place of a member who does not answer, while somebody is asked to confirm (E 4.2.1, V 9.1.2)."""

from __future__ import annotations

from typing import Any

from ringing_world import MOBILE, OTHER, lift, press, rung
from test_forwarding import rung as was_rung
from world import DeskPhone, World

from kiestoon.calls.causes import NO_ANSWER
from kiestoon.calls.conversation import Conversation
from kiestoon.company.model import User
from kiestoon.routing import Decision, DialOutside, Later, RingAll, RingUser
from kiestoon.sip import events
from kiestoon.sip.session import Session

IN_PLACE_S = 10


def person(world: World, number: int) -> RingUser:
    """Somebody's phones."""
    (index,) = world.exchange.directory
    user: User = index.users[number]
    return RingUser(user, index.devices_of(number))


def outside(number: str, of: int = 0) -> DialOutside:
    """A telephone outside, with confirmation; ``of``: whose."""
    return DialOutside((1,), number, "mobile", "NL", confirm=True, user_id=of)


def in_place_of(world: World, member: int, after_s: int = IN_PLACE_S) -> Later:
    """Carla rings."""
    return Later(after_s, member, (person(world, 3),))


class Group:
    """Bert calls members who are all rung at once."""

    def __init__(self, *members: int, mobiles: tuple[DialOutside, ...], ring_s: int = 60, after_s: int = 0) -> None:
        self.world = World()
        self.anna, self.bert, self.carla = (
            self.world.phone(name, f"192.0.2.{n}") for n, name in enumerate(("anna", "bert", "carla"), 1)
        )
        self.provider = self.world.provider()
        for phone in (self.anna, self.carla, self.provider):
            phone.mode = "ring"
        people = tuple(person(self.world, member) for member in members)
        later = in_place_of(self.world, 1, after_s or IN_PLACE_S)
        self.call(RingAll(people, mobiles, ring_s, later=(later,)))

    def call(self, step: RingAll) -> None:
        async def ring(caller: Conversation, _: object) -> None:
            await caller.reach(Decision(step, (), 1))
            await caller.refuse(NO_ANSWER)

        services: Any = self.world.exchange.services
        services["menu"] = ring
        self.session: Session = self.bert.dial("200")
        self.world.run()

    def machine_hangs_up(self, mobile: Session) -> None:
        mobile.bye(self.world.network.now)
        self.world.run(0.5)

    def speaks_with(self, phone: DeskPhone, session: Session) -> None:
        assert self.bert.hears(self.session) == {phone.sends_to(session)}, self.world.network.ladder()
        self.session.bye(self.world.network.now)
        self.world.assert_nothing_left()


def test_a_member_is_replaced_in_time_while_somebody_else_is_asked() -> None:
    group = Group(1, mobiles=(outside(OTHER),))
    mobile = lift(group.provider, OTHER)
    group.world.run(IN_PLACE_S - 2)
    assert not was_rung(group.carla)
    group.world.run(1)
    assert rung(group.carla).state == "early", group.world.network.ladder()
    assert rung(group.anna).state == "ended"
    press(group.provider, mobile, "1")
    group.speaks_with(group.provider, mobile)


def test_a_member_who_is_being_asked_is_left_alone_and_may_confirm() -> None:
    group = Group(1, mobiles=(outside(MOBILE, of=1),))
    group.world.run(IN_PLACE_S - 3)
    mobile = lift(group.provider, MOBILE)
    group.world.run(5)
    assert not was_rung(group.carla)
    assert rung(group.anna).state == "early", "all phones of the person ring on"
    press(group.provider, mobile, "1")
    group.speaks_with(group.provider, mobile)


def test_a_member_at_whose_mobile_a_machine_answered_is_replaced_as_soon_as_that_is_known() -> None:
    group = Group(1, mobiles=(outside(MOBILE, of=1),))
    group.world.run(IN_PLACE_S - 3)
    mobile = lift(group.provider, MOBILE)
    group.world.run(5)
    group.machine_hangs_up(mobile)
    assert rung(group.anna).state == "ended", group.world.network.ladder()
    group.speaks_with(group.carla, lift(group.carla))


def test_a_machine_that_answers_early_leaves_the_members_phones_their_time() -> None:
    group = Group(1, mobiles=(outside(MOBILE, of=1),))
    group.machine_hangs_up(lift(group.provider, MOBILE))
    group.world.run(IN_PLACE_S - 4)
    assert not was_rung(group.carla)
    group.world.run(3)
    assert rung(group.anna).state == "ended"
    group.speaks_with(group.carla, lift(group.carla))


def test_nothing_is_waited_for_when_a_machine_answered_at_the_members_last_phone() -> None:
    group = Group(mobiles=(outside(MOBILE, of=1),))
    group.machine_hangs_up(lift(group.provider, MOBILE))
    group.speaks_with(group.carla, lift(group.carla))


def test_nobody_is_replaced_after_the_groups_time_which_ends_when_nobody_is_asked_any_more() -> None:
    group = Group(1, mobiles=(outside(MOBILE, of=1),), ring_s=20, after_s=18)
    group.world.run(16)
    mobile = lift(group.provider, MOBILE)
    group.world.run(5)
    assert rung(group.anna).state == "early", "whoever is asked has time to press the key"
    group.machine_hangs_up(mobile)
    assert group.session.state == rung(group.anna).state == "ended", group.world.network.ladder()
    assert not was_rung(group.carla)
    group.world.assert_nothing_left()
    assert group.world.records[-1].outcome == "no_answer"


def test_a_member_who_declines_is_not_replaced() -> None:
    group = Group(1, mobiles=(outside(OTHER),))
    rung(group.anna).reject(group.world.network.now, 486)
    group.world.run(IN_PLACE_S + 2)
    assert not was_rung(group.carla)
    mobile = lift(group.provider, OTHER)
    press(group.provider, mobile, "1")
    group.speaks_with(group.provider, mobile)


def test_whoever_two_members_name_rings_once() -> None:
    group = Group(mobiles=(outside(OTHER),))
    group.session.cancel(group.world.network.now)
    group.world.run()
    turns = (in_place_of(group.world, 1), in_place_of(group.world, 2, IN_PLACE_S + 2))
    mobiles = (outside(OTHER), outside(MOBILE, of=2))
    group.call(RingAll((person(group.world, 1),), mobiles, 60, later=turns))
    group.world.run(IN_PLACE_S + 3)
    assert len(group.carla.all(events.InviteReceived)) == 1, group.world.network.ladder()
    assert group.provider.last(events.Cancelled)
    group.speaks_with(group.carla, lift(group.carla))
