"""Busy lamps of people: what they show, to whom, and how often phones are told."""

from __future__ import annotations

import msgspec
import pytest
from lamp_world import DIALOG, PRESENCE, LampWorld, WatchingPhone
from world import DOMAIN, EXCHANGE, DeskPhone, sample_rows

from kiestoon.company.model import (
    CompanyRows,
    Forward,
    LinePermission,
    Presence,
    PrivacyGrant,
    PrivacyGroup,
    PrivacyMember,
)
from kiestoon.company.model.row import Destination
from kiestoon.sip import events
from kiestoon.sip.digest import Credentials
from kiestoon.sip.flow import Target


def replaced(rows: CompanyRows, user_id: int, **changes: object) -> CompanyRows:
    """One person's row changed."""
    users = tuple(msgspec.structs.replace(u, **changes) if u.id == user_id else u for u in rows.users)
    return msgspec.structs.replace(rows, users=users)


def company(rows: CompanyRows, **changes: object) -> CompanyRows:
    return msgspec.structs.replace(rows, company=msgspec.structs.replace(rows.company, **changes))


def granted(rows: CompanyRows, **rights: bool) -> CompanyRows:
    """Carla (103) has these rights over Bert (102)."""
    return msgspec.structs.replace(
        rows,
        privacy_groups=(PrivacyGroup(id=1, company_id=1, name="reception"),),
        privacy_members=(PrivacyMember(id=1, company_id=1, group_id=1, extension="103"),),
        privacy_grants=(PrivacyGrant(id=1, company_id=1, group_id=1, extension="102", **rights),),
    )


def office(rows: CompanyRows | None = None) -> tuple[LampWorld, DeskPhone, DeskPhone, WatchingPhone]:
    """Anna and Bert telephone, Carla watches."""
    world = LampWorld(rows=rows)
    anna, bert = world.phone("anna", "192.0.2.1"), world.phone("bert", "192.0.2.2")
    bert.mode = "ring"
    return world, anna, bert, world.watcher("carla", "192.0.2.3")


def test_a_lamp_blinks_while_it_rings_is_on_in_a_call_and_off_after_it() -> None:
    world, anna, bert, carla = office()
    lamp = carla.watch("102")
    assert (lamp.status, lamp.state, lamp.lamp) == (200, "active", "off")
    session = anna.dial("102")
    world.run()
    assert lamp.lamp == "blinks"
    bert.answer_waiting()
    world.run()
    assert lamp.lamp == "on"
    session.bye(world.network.now)
    world.run()
    assert lamp.lamp == "off"
    assert lamp.versions() == list(range(len(lamp.notifies)))


def test_the_callers_lamp_shows_an_outgoing_call_from_its_first_moment() -> None:
    world, anna, bert, carla = office()
    lamp = carla.watch("101")
    anna.dial("102")
    world.run()
    assert lamp.lamp == "on"
    assert lamp.dialogs[0].get("direction") == "initiator"
    bert.answer_waiting()
    world.run()
    assert lamp.lamp == "on"


def test_a_call_costs_one_notify_for_each_change_that_can_be_seen() -> None:
    world, anna, bert, carla = office()
    lamp = carla.watch("102")
    session = anna.dial("102")
    world.run()
    bert.answer_waiting()
    world.run()
    bert.hold(bert.last(events.InviteReceived).session)
    world.run()
    session.bye(world.network.now)
    world.run()
    states = [each.body.partition(b"<state>")[2].partition(b"</state>")[0].decode() for each in lamp.notifies]
    assert states == ["terminated", "early", "confirmed", "confirmed", "terminated"]
    assert b"sip.rendering" in lamp.notifies[3].body


def test_several_phones_of_one_person_ring_as_one_call() -> None:
    world = LampWorld()
    anna = world.phone("anna", "192.0.2.1")
    for name, host in (("carla", "192.0.2.3"), ("carla2", "192.0.2.4")):
        world.phone(name, host).mode = "ring"
    bert = world.watcher("bert", "192.0.2.2")
    lamp = bert.watch("103")
    anna.dial("103")
    world.run()
    assert lamp.lamp == "blinks"
    assert len(lamp.dialogs) == 1


def test_a_phone_names_a_person_by_the_login_of_the_persons_phone_too() -> None:
    _, _, _, carla = office()
    assert carla.watch("bert").status == 200


@pytest.mark.parametrize("name", ["999", "", "nobody", "x" * 300, "%00"])
def test_what_does_not_exist_is_not_found(name: str) -> None:
    _, _, _, carla = office()
    assert carla.watch(name).status == 404


def test_another_companys_domain_is_not_found() -> None:
    world, _, _, carla = office()
    other = msgspec.structs.replace(sample_rows().company, id=2, domain="other.example")
    world.exchange.directory.replace(CompanyRows(company=other))
    assert carla.watch("102", domain="other.example").status == 404
    assert carla.watch("102", domain="198.51.100.1").status == 200


def test_a_stranger_is_not_let_in() -> None:
    world, _, _, _ = office()
    stranger = WatchingPhone(world, "nobody", "192.0.2.66")
    assert stranger.watch("102").status == 403
    assert not world.lamps.table.subscriptions()


# --- rights ----------------------------------------------------------------------------------------------------------


def test_who_calls_is_told_to_nobody_without_a_right() -> None:
    world, anna, bert, carla = office()
    lamp = carla.watch("102")
    anna.dial("102")
    world.run()
    assert lamp.party("remote") == ("", "")
    assert lamp.dialogs[0].get("call-id") is None


def test_who_may_hear_of_calls_sees_caller_and_called_line() -> None:
    world, anna, bert, carla = office(granted(sample_rows(), notify=True))
    lamp = carla.watch("102")
    anna.dial("102")
    world.run()
    assert lamp.party("remote") == ("User 1", f"sip:101@{DOMAIN}")
    assert lamp.party("local") == ("User 2", f"sip:102@{DOMAIN}")
    assert lamp.dialogs[0].get("call-id") is None


@pytest.mark.parametrize("mirrored", [False, True])
def test_who_may_pick_up_gets_a_dialog_a_replaces_can_name(mirrored: bool) -> None:
    """Phones write the watched phone's tag as to-tag (RFC 5359 §2.16), or as the exchange itself has the dialog."""
    world, anna, bert, carla = office(granted(sample_rows(), pickup=True))
    lamp, hers = carla.watch("102"), carla.watch("103")
    session = anna.dial("102")
    world.run()
    dialog = lamp.dialogs[0]
    tags = [dialog.get("local-tag"), dialog.get("remote-tag")]
    to_tag, from_tag = reversed(tags) if mirrored else tags
    replaces = f"{dialog.get('call-id')};to-tag={to_tag};from-tag={from_tag};early-only"
    second = carla.endpoint.invite(
        carla.now, uri=f"sip:102@{DOMAIN}", to=f"<sip:102@{DOMAIN}>", from_=f"<sip:carla@{DOMAIN}>",
        destination=[Target("udp", *EXCHANGE)], body=carla.offer(), headers=[("Replaces", replaces)],
        credentials=Credentials("carla", "secret of carla"),
    )  # fmt: skip
    carla.offers[second.id] = carla.offers[0]
    world.run()
    assert anna.hears(session) == {carla.sends_to(second)}, world.network.ladder()
    assert bert.last(events.Cancelled)
    assert (lamp.lamp, hers.lamp) == ("off", "on")
    assert hers.party("remote")[0] == "User 1"


def test_an_answered_call_is_not_for_taking() -> None:
    world, anna, bert, carla = office(granted(sample_rows(), pickup=True))
    lamp = carla.watch("102")
    anna.dial("102")
    world.run()
    assert lamp.dialogs[0].get("call-id")
    bert.answer_waiting()
    world.run()
    assert lamp.dialogs[0].get("call-id") is None


def test_everybody_is_told_names_where_the_company_wants_it() -> None:
    world, anna, bert, carla = office(sample_rows(lamp_names="everybody"))
    lamp = carla.watch("102")
    anna.dial("102")
    world.run()
    assert lamp.party("remote") == ("User 1", f"sip:101@{DOMAIN}")


def test_a_withheld_caller_stays_unknown() -> None:
    world, _, bert, carla = office(sample_rows(lamp_names="everybody"))
    lamp = carla.watch("102")
    provider = world.provider()
    provider.endpoint.invite(
        world.network.now, uri="sip:+31201234562@198.51.100.1", to="<sip:+31201234562@198.51.100.1>",
        from_="<sip:+31612345678@203.0.113.10>", destination=[world.node.target()], body=provider.offer(),
        headers=[("Privacy", "id")],
    )  # fmt: skip
    world.run()
    assert lamp.lamp == "blinks"
    assert lamp.party("remote") == ("Anoniem", "sip:anonymous@anonymous.invalid")
    assert b"612345678" not in lamp.notifies[-1].body


def test_a_company_may_let_only_privacy_groups_see_lamps() -> None:
    world, _, _, carla = office(granted(sample_rows(lamp_rights="granted"), presence=True))
    assert carla.watch("102").status == 200
    assert carla.watch("101").status == 403
    assert carla.watch("103").status == 200  # her own


def test_a_hidden_line_is_seen_by_those_permitted_only() -> None:
    rows = replaced(sample_rows(), 2, hide_line=True)
    _, _, _, carla = office(rows)
    assert carla.watch("102").status == 403
    permitted = msgspec.structs.replace(
        rows, line_permissions=(LinePermission(id=1, company_id=1, user_id=2, viewer_id=3),)
    )
    _, _, _, carla = office(permitted)
    assert carla.watch("102").status == 200


def test_hiding_the_line_darkens_lamps_at_once_and_showing_it_lights_them_again() -> None:
    world, anna, bert, carla = office()
    lamp = carla.watch("102")
    bert.mode = "answer"
    anna.dial("102")
    world.run()
    assert lamp.lamp == "on"
    shown = world.rows
    world.change(replaced(shown, 2, hide_line=True))
    assert (lamp.lamp, lamp.state) == ("off", "active")
    world.change(shown)
    assert lamp.lamp == "on"


def test_a_right_given_on_a_running_subscription_shows_names_at_once() -> None:
    world, anna, _, carla = office()
    lamp = carla.watch("102")
    anna.dial("102")
    world.run()
    assert lamp.party("remote") == ("", "")
    world.change(granted(world.rows, notify=True))
    assert lamp.party("remote") == ("User 1", f"sip:101@{DOMAIN}")
    world.change(msgspec.structs.replace(world.rows, privacy_grants=()))
    assert lamp.party("remote") == ("", "")


def test_a_right_taken_away_holds_even_before_its_turn_in_the_review() -> None:
    world, anna, bert, carla = office(granted(sample_rows(), notify=True))
    lamp = carla.watch("102")
    bert.mode = "answer"
    anna.dial("102")
    world.run()
    assert lamp.party("remote") == ("User 1", f"sip:101@{DOMAIN}")
    rows = replaced(world.rows, 1, name="Anna")
    world.exchange.directory.replace(msgspec.structs.replace(rows, privacy_grants=()))
    world.lamps.configuration_changed([1], world.network.now)
    (subscription,) = world.lamps.table.subscriptions()
    world.lamps.touch("person", 1, "2")
    world.lamps.teller.settle(world.network.now)  # a call event that is faster than the review
    assert "User 1" not in subscription.context.text


def test_a_removed_extension_ends_its_subscriptions() -> None:
    world, _, _, carla = office()
    lamp = carla.watch("102")
    rows = world.rows
    world.change(msgspec.structs.replace(
        rows, users=tuple(u for u in rows.users if u.id != 2), devices=tuple(d for d in rows.devices if d.user_id != 2),
        numbers=tuple(n for n in rows.numbers if n.extension != "102"),
    ))  # fmt: skip
    assert lamp.state == "terminated noresource"
    assert not world.lamps.table.subscriptions()


def test_a_renumbered_person_is_not_watched_under_the_old_number() -> None:
    world, _, _, carla = office()
    lamp = carla.watch("102")
    rows = replaced(world.rows, 2, extension="105")
    world.change(msgspec.structs.replace(rows, numbers=()))
    assert lamp.state == "terminated noresource"
    assert carla.watch("105").status == 200


def test_a_removed_phone_watches_nothing_any_more() -> None:
    world, _, _, carla = office()
    lamp = carla.watch("102")
    rows = world.rows
    world.change(msgspec.structs.replace(rows, devices=tuple(d for d in rows.devices if d.username != "carla")))
    assert lamp.state == "terminated rejected"


def test_a_phone_with_a_new_password_must_ask_again() -> None:
    world, _, _, carla = office()
    lamp = carla.watch("102")
    world.engine.forget_device(3, world.network.now)
    world.network.drain(world.node)
    world.run()
    assert lamp.state == "terminated deactivated"
    assert not world.lamps.table.subscriptions()


def test_the_rights_are_those_of_the_person_logged_in_on_the_phone() -> None:
    rows = granted(sample_rows(lamp_rights="granted"), presence=True)
    nobody = tuple(msgspec.structs.replace(d, user_id=None) if d.username == "carla" else d for d in rows.devices)
    world, anna, bert, carla = office(msgspec.structs.replace(rows, devices=nobody))
    bert.mode = "answer"
    anna.dial("102")
    world.run()
    lamp = carla.watch("102")
    assert (lamp.status, lamp.lamp) == (200, "off")  # dark until somebody logs in who may see it
    world.change(rows)
    assert lamp.lamp == "on"
    world.change(msgspec.structs.replace(rows, devices=nobody))
    assert lamp.lamp == "off"


# --- without a call --------------------------------------------------------------------------------------------------


def test_do_not_disturb_lights_the_lamp_and_says_so() -> None:
    world, _, _, carla = office()
    lamp = carla.watch("102")
    calm = world.rows
    world.change(replaced(calm, 2, do_not_disturb=True))
    assert lamp.lamp == "on"
    assert lamp.party("remote")[0] == "Niet storen"
    assert lamp.dialogs[0].get("call-id") is None
    world.change(company(world.rows, lamp_do_not_disturb=False))
    assert lamp.lamp == "off"
    world.change(calm)
    assert lamp.lamp == "off"


def test_forwarding_everything_lights_the_lamp_unless_the_company_does_not_want_it() -> None:
    world, _, _, carla = office()
    lamp = carla.watch("102")
    to = Destination("extension", "101")
    rows = world.rows
    world.change(
        msgspec.structs.replace(rows, forwards=(Forward(id=1, company_id=1, extension="102", case="always", to=to),))
    )
    assert lamp.lamp == "on"
    assert lamp.party("remote")[0] == "Doorgeschakeld"
    world.change(company(world.rows, lamp_forwarding=False))
    assert lamp.lamp == "off"
    world.change(
        msgspec.structs.replace(rows, forwards=(Forward(id=1, company_id=1, extension="102", case="busy", to=to),))
    )
    assert lamp.lamp == "off"


def test_a_status_shows_until_it_runs_out() -> None:
    rows = sample_rows()
    until_ms = int((1000.0 + 600) * 1000)
    lunch = Presence(id=1, company_id=1, user_id=2, status="do_not_disturb", until_ms=until_ms, note="deadline")
    world, _, _, carla = office(msgspec.structs.replace(rows, presences=(lunch,)))
    lamp, seen = carla.watch("102"), carla.watch("102", PRESENCE)
    assert lamp.lamp == "on"
    assert seen.activity == "busy"
    assert "deadline" in seen.note
    world.run(700)
    assert lamp.lamp == "off"
    assert (seen.activity, seen.note) == ("", "")


def test_presence_tells_status_calls_and_whether_a_phone_is_there() -> None:
    rows = sample_rows()
    meeting = Presence(id=1, company_id=1, user_id=2, status="meeting", note="room 3")
    world, anna, bert, carla = office(msgspec.structs.replace(rows, presences=(meeting,)))
    bert.mode = "answer"
    seen = carla.watch("102", PRESENCE)
    assert (seen.basic, seen.activity, seen.note) == ("open", "meeting", "In bespreking, room 3")
    session = anna.dial("102")
    world.run()
    assert seen.activity == "on-the-phone"
    session.bye(world.network.now)
    world.run()
    assert seen.activity == "meeting"
    bert.register(expires_s=0)
    world.run()
    assert seen.basic == "closed"


def test_presence_that_is_not_for_colleagues_shows_calls_only() -> None:
    rows = replaced(sample_rows(), 2, presence_visibility="none")
    meeting = Presence(id=1, company_id=1, user_id=2, status="meeting", note="secret")
    world, anna, bert, carla = office(msgspec.structs.replace(rows, presences=(meeting,)))
    bert.mode = "answer"
    seen = carla.watch("102", PRESENCE)
    assert (seen.activity, seen.note) == ("", "")
    anna.dial("102")
    world.run()
    assert seen.activity == "on-the-phone"


def test_a_hidden_line_with_visible_presence_shows_the_status_and_no_calls() -> None:
    rows = replaced(sample_rows(), 2, hide_line=True)
    meeting = Presence(id=1, company_id=1, user_id=2, status="meeting")
    world, anna, bert, carla = office(msgspec.structs.replace(rows, presences=(meeting,)))
    bert.mode = "answer"
    seen = carla.watch("102", PRESENCE)
    assert carla.watch("102", DIALOG).status == 403
    anna.dial("102")
    world.run()
    assert seen.activity == "meeting"
