"""IP listing: desk phones call outside from addresses the company knows only (DEV-5, E 6.8)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from code_world import ANNA, BERT
from desk_world import ASK_EXTENSION, DORA, IN, PIN, DeskWorld
from test_outside_lines import call_in
from test_transfers import refer
from world import DOMAIN, DeskPhone

from kiestoon.company.model import AllowedAddress, Device
from kiestoon.sip import events

OUTSIDE = "00612345678"
NEEDS_LOGIN = "nl/desk-login-needed code=901"


@pytest.fixture
def world() -> Iterator[DeskWorld]:
    """Anna's phone is at an address nobody has logged in from."""
    town = DeskWorld()
    town.set_company(ip_listing=True)
    town.provider()
    town.desk(ANNA)
    yield town
    town.assert_nothing_left()


def goes_out(world: DeskWorld, name: str, number: str = OUTSIDE) -> bool:
    """Whether a call leaves by the line; if not, why is said."""
    (provider,) = (phone for phone in world.phones.values() if phone.name.startswith("provider"))
    before = len(provider.events)
    session = world.phones[name].dial(number)
    world.run(2)
    invites = [event for event in provider.events[before:] if isinstance(event, events.InviteReceived)]
    if session.state == "confirmed":
        session.bye(world.network.now)
    elif session.state != "ended":
        heard = [each.removeprefix("file:/prompts/").removesuffix(".ogg") for each in world.phones[name].hears(session)]
        assert heard == [NEEDS_LOGIN]
        world.finish_prompts()
    world.run(2)
    assert bool(invites) or world.records[-1].sip_status == 403
    return bool(invites)


def moved(world: DeskWorld, name: str, host: str) -> DeskPhone:
    """The phone registers from another address."""
    phone = DeskPhone(world, name, host, seed=len(world.network.nodes) + 100)
    phone.register()
    world.run(1)
    assert phone.last(events.ResponseReceived).status == 200
    return phone


def test_from_an_unknown_address_nothing_goes_outside_before_a_login(world: DeskWorld) -> None:
    assert not goes_out(world, "anna-desk")
    assert world.says("anna-desk", IN, f"101#{PIN}#") == ["nl/desk-logged-in name=Anna"]
    assert world.device("anna-desk").known_address == "192.0.2.1"
    assert goes_out(world, "anna-desk")


def test_a_new_address_needs_a_new_login(world: DeskWorld) -> None:
    world.says("anna-desk", IN, f"101#{PIN}#")
    moved(world, "anna-desk", "192.0.2.77")
    assert not goes_out(world, "anna-desk")
    world.says("anna-desk", IN, f"101#{PIN}#")
    assert goes_out(world, "anna-desk")
    moved(world, "anna-desk", "192.0.2.1")
    assert not goes_out(world, "anna-desk")  # only the latest is known


def test_a_bound_phone_is_made_known_by_its_own_person_only(world: DeskWorld) -> None:
    assert world.says("anna-desk", IN, f"104#{PIN}#") == ["nl/desk-bound"]
    assert world.on("anna-desk") == "Anna"
    assert not goes_out(world, "anna-desk")
    world.says("anna-desk", IN, f"101#{PIN}#")
    assert world.says("anna-desk", IN) == ["nl/desk-bound"]  # there is nothing to be gained any more


def test_colleagues_emergency_numbers_and_incoming_calls_need_none(world: DeskWorld) -> None:
    world.desk(BERT)
    session = world.phones["anna-desk"].dial(BERT)
    world.run(1)
    assert session.state == "confirmed"
    session.bye(world.network.now)
    world.run(1)
    assert goes_out(world, "anna-desk", "112")
    _, call = call_in(world, "+31201234101")
    world.run(1)
    assert call.state == "confirmed"
    call.bye(world.network.now)
    world.run(1)


@pytest.mark.parametrize(
    ("first", "last", "goes"),
    [("192.0.2.1", "", True), ("192.0.2.0", "192.0.2.255", True), ("192.0.2.2", "192.0.2.9", False),
     ("2001:db8::1", "2001:db8::ff", False)],
)  # fmt: skip
def test_an_allowed_address_or_range_needs_none(world: DeskWorld, first: str, last: str, goes: bool) -> None:
    world.add(AllowedAddress(id=0, company_id=1, first_address=first, last_address=last))
    assert goes_out(world, "anna-desk") == goes


def test_where_it_is_off_every_address_will_do_and_a_login_is_remembered_all_the_same(world: DeskWorld) -> None:
    world.set_company(ip_listing=False)
    assert goes_out(world, "anna-desk")
    world.free("flex-desk")
    world.log_in("flex-desk")
    world.set_company(ip_listing=True)
    assert goes_out(world, "flex-desk")


def test_programs_and_mobiles_may_call_from_everywhere(world: DeskWorld) -> None:
    world.add(
        Device(
            id=0,
            company_id=1,
            username="app-of-dora",
            secret="secret of app-of-dora",
            user_id=world.user(DORA).id,
            kind="mobile",
        )
    )
    world.phone("app-of-dora", "198.51.100.200")
    assert goes_out(world, "app-of-dora")


def test_a_login_with_a_wrong_pin_makes_nothing_known(world: DeskWorld) -> None:
    talk = world.dial_from("anna-desk", IN)
    assert talk.hears == ASK_EXTENSION
    talk.key("101#000000#")
    assert talk.hears == "nl/desk-wrong"
    talk.hang_up()
    assert not goes_out(world, "anna-desk")


def test_a_phone_that_may_not_call_outside_sends_no_calls_there_either(world: DeskWorld) -> None:
    """Neither by transferring, nor by diverting, nor by a forwarding set there."""
    bert, anna = world.desk(BERT), world.phones["anna-desk"]
    assert world.dial_from("anna-desk", "910").listen()[:1] == [NEEDS_LOGIN]
    world.run(2)
    session = bert.dial(ANNA)
    world.run(1)
    refer(world, anna, anna.last(events.InviteReceived).session, OUTSIDE)
    world.run(2)
    assert session.state == "confirmed"
    session.bye(world.network.now)
    world.run(2)
    anna.mode = "abroad"
    session = bert.dial(ANNA)
    world.run(1)
    anna.last(events.InviteReceived).session.redirect(world.network.now, [f"sip:{OUTSIDE}@{DOMAIN}"])
    world.run(3)
    assert session.state == "ended"
    assert world.records[-1].sip_status == 480
