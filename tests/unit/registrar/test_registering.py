"""REGISTER from challenge to binding (RFC 3261 §10.3, RFC 3327, RFC 5626)."""

import msgspec
import pytest
from registration_world import OFFICE, WALL, Phone, World, flow

from kiestoon.registrar import BindingChanged, RegisterSettings
from kiestoon.sip.flow import Target


def contacts(response):
    return {str(contact.uri): contact.params for contact in response.contacts}


def test_a_register_without_credentials_is_challenged_with_both_algorithms():
    world = World()
    response = world.send(Phone().request(), flow())
    assert response.status == 401
    challenges = response.all("WWW-Authenticate")
    assert ["SHA-256" in challenges[0], "MD5" in challenges[1]] == [True, True]
    assert response.to.tag


def test_the_right_answer_binds_the_contact():
    world = World()
    response = world.register(Phone())
    assert response.status == 200
    assert contacts(response) == {"sip:phone@10.0.0.1:5060": {"expires": "3600"}}
    assert response.get("Date") == "Fri, 15 Jan 2027 08:16:40 GMT"
    binding = world.registrar.bindings_of(1)[0]
    assert binding.contact == "sip:phone@10.0.0.1:5060"
    assert binding.destination == flow()


def test_the_response_lists_all_contacts_with_what_is_left():
    world = World()
    phone = Phone()
    world.register(phone, expires="600")
    world.now += 100
    response = world.register(phone, contact="<sip:two@10.0.0.2>;q=0.5;expires=120")
    assert contacts(response) == {
        "sip:phone@10.0.0.1:5060": {"expires": "500"},
        "sip:two@10.0.0.2": {"expires": "120", "q": "0.5"},
    }


def test_a_register_without_contact_only_asks():
    world = World()
    phone = Phone()
    world.register(phone)
    world.registrar.take_changes()
    response = world.register(phone, contact=None, expires=None)
    assert list(contacts(response)) == ["sip:phone@10.0.0.1:5060"]
    assert world.registrar.take_changes() == []


def test_more_preferred_contacts_come_first():
    world = World()
    phone = Phone()
    world.register(phone, contact="<sip:a@h>;q=0.1, <sip:b@h>;q=0.9, <sip:c@h>")
    assert [binding.contact for binding in world.registrar.bindings_of(1)] == ["sip:c@h", "sip:b@h", "sip:a@h"]


def test_equivalent_contacts_are_one_binding():
    world = World()
    phone = Phone()
    world.register(phone, contact="<sip:phone@H.example;transport=tcp>")
    world.register(phone, contact="<sip:phone@h.EXAMPLE;Transport=TCP>")
    assert len(world.registrar.bindings_of(1)) == 1


@pytest.mark.parametrize(
    ("asked", "granted"),
    [("7200", 3600), ("60", 60), (None, 3600), ("99999999999999", 3600), ("soon", 3600)],
)
def test_expiry_is_cut_to_the_largest(asked, granted):
    world = World()
    world.register(Phone(), expires=asked)
    assert world.registrar.bindings_of(1)[0].remaining_s(world.now) == granted


def test_too_short_an_expiry_is_refused_with_the_least():
    world = World()
    response = world.register(Phone(), expires="59")
    assert (response.status, response.get("Min-Expires")) == (423, "60")
    assert world.registrar.bindings_of(1) == ()


def test_the_contacts_own_expiry_goes_before_the_header():
    world = World()
    world.register(Phone(), contact="<sip:p@h>;expires=300", expires="3600")
    assert world.registrar.bindings_of(1)[0].remaining_s(world.now) == 300


def test_expiry_0_removes_the_contact():
    world = World()
    phone = Phone()
    world.register(phone)
    response = world.register(phone, expires="0")
    assert (response.status, response.contacts) == (200, [])
    assert world.registrar.bindings_of(1) == ()


def test_star_removes_all():
    world = World()
    phone = Phone()
    world.register(phone, contact="<sip:a@h>, <sip:b@h>")
    response = world.register(phone, contact="*", expires="0")
    assert (response.status, response.contacts) == (200, [])


@pytest.mark.parametrize(("contact", "expires"), [("*", "60"), ("*", None), ("*, <sip:a@h>", "0")])
def test_star_needs_expires_0_and_nothing_beside_it(contact, expires):
    world = World()
    phone = Phone()
    world.register(phone)
    assert world.register(phone, contact=contact, expires=expires).status == 400
    assert len(world.registrar.bindings_of(1)) == 1


def test_a_request_that_was_overtaken_changes_nothing():
    world = World()
    phone = Phone()
    world.register(phone)
    assert world.register(phone, cseq=1, expires="0").status == 500
    assert len(world.registrar.bindings_of(1)) == 1


def test_an_overtaken_star_changes_nothing():
    world = World()
    phone = Phone()
    world.register(phone)
    assert world.register(phone, cseq=1, contact="*", expires="0").status == 500
    assert len(world.registrar.bindings_of(1)) == 1


def test_a_rebooted_phone_with_a_new_call_id_starts_its_count_anew():
    world = World()
    phone = Phone()
    world.register(phone, cseq=50)
    assert world.register(phone, cseq=1, call_id="after-reboot").status == 200


def test_one_bad_contact_fails_the_whole_request():
    world = World()
    phone = Phone()
    world.register(phone)
    assert world.register(phone, contact="<sip:new@h>, <tel:+31201234567>").status == 400
    assert [b.contact for b in world.registrar.bindings_of(1)] == ["sip:phone@10.0.0.1:5060"]


def test_over_the_limit_the_contact_that_expires_first_goes():
    world = World(max_per_device=2)
    phone = Phone()
    for name in "abc":
        world.now += 10
        world.register(phone, contact=f"<sip:{name}@h>")
    assert {b.contact for b in world.registrar.bindings_of(1)} == {"sip:b@h", "sip:c@h"}


def test_more_contacts_than_allowed_in_one_request_are_refused():
    world = World(register=RegisterSettings(max_contacts=2))
    assert world.register(Phone(), contact="<sip:a@h>, <sip:b@h>, <sip:c@h>").status == 403


def test_a_contact_named_twice_in_one_request_is_one_binding():
    world = World()
    assert world.register(Phone(), contact="<sip:a@h>, <sip:a@h>;q=0.2").status == 200
    assert [b.q for b in world.registrar.bindings_of(1)] == [200]


def test_unknown_required_extensions_are_refused():
    world = World()
    response = world.register(Phone(), headers=(("Require", "gruu, path"),))
    assert (response.status, response.get("Unsupported")) == (420, "gruu")


# --- RFC 3327 and 5626 -----------------------------------------------------------------------------------------------


def test_path_is_kept_and_told_to_phones_that_know_it():
    world = World()
    path = (("Path", "<sip:edge1;lr>, <sip:edge2;lr>"), ("Supported", "path"))
    response = world.register(Phone(), headers=path)
    assert response.all("Path") == ["<sip:edge1;lr>", "<sip:edge2;lr>"]
    assert world.registrar.bindings_of(1)[0].path == ("<sip:edge1;lr>", "<sip:edge2;lr>")


INSTANCE = '+sip.instance="<urn:uuid:00000000-0000-1000-8000-AABBCCDDEEFF>"'
OUTBOUND = (("Supported", "path, outbound"),)


def test_the_same_instance_and_reg_id_replace_whatever_the_contact():
    world = World()
    phone = Phone()
    world.register(phone, contact=f"<sip:p@10.0.0.1>;{INSTANCE};reg-id=1", headers=OUTBOUND)
    response = world.register(phone, contact=f"<sip:p@10.9.9.9>;{INSTANCE};reg-id=1", headers=OUTBOUND)
    assert list(contacts(response)) == ["sip:p@10.9.9.9"]
    assert response.get("Require") == "outbound"
    assert contacts(response)["sip:p@10.9.9.9"]["reg-id"] == "1"
    world.register(phone, contact=f"<sip:p@10.8.8.8>;{INSTANCE};reg-id=2", headers=OUTBOUND)
    assert len(world.registrar.bindings_of(1)) == 2


def test_flows_over_connections_are_told_the_keep_alive_interval():
    world = World()
    phone = Phone(flow_=flow(transport="tls", number=9))
    response = world.register(phone, contact=f"<sip:p@h>;{INSTANCE};reg-id=1", headers=OUTBOUND)
    assert response.get("Flow-Timer") == "120"


def test_reg_id_without_outbound_is_an_ordinary_contact():
    world = World()
    response = world.register(Phone(), contact=f"<sip:p@h>;{INSTANCE};reg-id=1")
    assert "Require" not in response
    assert "reg-id" not in contacts(response)["sip:p@h"]


def test_outbound_through_a_proxy_that_keeps_no_flows_is_439():
    world = World()
    through = (("Via", "SIP/2.0/UDP edge;branch=z9hG4bKe"), *OUTBOUND)
    response = world.register(Phone(), contact=f"<sip:p@h>;{INSTANCE};reg-id=1", headers=through)
    assert response.status == 439
    with_ob = (*through, ("Path", "<sip:tok@edge;lr;ob>"))
    response = world.register(Phone(), contact=f"<sip:p@h>;{INSTANCE};reg-id=1", headers=with_ob)
    assert response.status == 200


def test_a_closed_connection_takes_its_flows_along():
    world = World()
    phone = Phone(flow_=flow(transport="tls", number=9))
    world.register(phone, contact=f"<sip:p@h>;{INSTANCE};reg-id=1", headers=OUTBOUND)
    world.registrar.take_changes()
    world.registrar.connection_closed(phone.flow, world.now)
    assert world.registrar.bindings_of(1) == ()
    assert [change.binding for change in world.registrar.take_changes()] == [None]


def test_a_closed_connection_leaves_ordinary_contacts_to_be_resolved():
    world = World()
    phone = Phone(flow_=flow(transport="tcp", number=9))
    world.register(phone)
    world.registrar.connection_closed(phone.flow, world.now)
    assert world.registrar.bindings_of(1)[0].destination is None


def test_closing_another_flow_with_the_same_number_on_udp_changes_nothing():
    world = World()
    phone = Phone(flow_=flow(number=9))
    world.register(phone)
    world.registrar.connection_closed(flow(transport="tcp", number=9), world.now)
    assert world.registrar.bindings_of(1)[0].destination == phone.flow


# --- time and restarts -----------------------------------------------------------------------------------------------


def test_bindings_expire_on_time():
    world = World()
    world.register(Phone("d1"), expires="60")
    world.register(Phone("d2"), expires="600")
    world.registrar.take_changes()
    assert world.registrar.next_deadline() == world.now + 60
    world.now += 60
    world.registrar.handle_timers(world.now)
    assert world.registrar.bindings_of(1) == ()
    assert len(world.registrar.bindings_of(2)) == 1
    assert [(c.device_id, c.expires_wall_s) for c in world.registrar.take_changes()] == [(1, 0.0)]


def test_refreshes_keep_one_deadline_per_device():
    world = World()
    phone = Phone()
    for _ in range(300):
        world.now += 30
        world.register(phone, expires="60")
        world.registrar.handle_timers(world.now)
    assert len(world.bindings._heap) < 10
    assert len(world.registrar.bindings_of(1)) == 1


def test_registering_and_leaving_over_and_over_leaves_nothing_behind():
    world = World()
    phone = Phone()
    for _ in range(200):
        world.now += 1
        world.register(phone)
        world.register(phone, contact="*", expires="0")
    assert len(world.bindings._heap) < 100
    assert world.bindings.devices_at(OFFICE) == 0


def test_changes_restore_the_table_after_a_restart():
    world = World()
    phone = Phone()
    world.register(phone, contact="<sip:a@10.0.0.1>", expires="600")
    world.register(phone, contact="<sip:b@10.0.0.1>", expires="600")
    world.register(phone, contact="<sip:b@10.0.0.1>", expires="0")
    changes = world.registrar.take_changes()
    again = World()
    again.now = world.now + 100  # the wall clock goes on, the process is another
    again.registrar.restore(changes, again.now)
    assert [b.contact for b in again.registrar.bindings_of(1)] == ["sip:a@10.0.0.1"]
    binding = again.registrar.bindings_of(1)[0]
    assert binding.remaining_s(again.now) == 500
    assert binding.destination == Target("udp", OFFICE, 5060)
    assert again.registrar.next_deadline() is not None


def test_what_expired_while_down_is_not_restored():
    world = World()
    world.register(Phone(), expires="600")
    again = World()
    again.now = world.now + 700
    again.registrar.restore(world.registrar.take_changes(), again.now)
    assert again.registrar.bindings_of(1) == ()


def test_connections_do_not_outlive_the_process():
    world = World()
    world.register(Phone(flow_=flow(transport="tcp", number=4)))
    again = World()
    again.registrar.restore(world.registrar.take_changes(), again.now)
    assert again.registrar.bindings_of(1)[0].destination is None


def test_changes_carry_wall_clock_time():
    world = World()
    world.register(Phone(), expires="600")
    assert [c.expires_wall_s for c in world.registrar.take_changes()] == [WALL + world.now + 600]


def test_a_deleted_device_is_forgotten():
    world = World()
    world.register(Phone())
    world.registrar.forget_device(1, world.now)
    assert world.registrar.bindings_of(1) == ()


def test_changes_survive_the_journals_bytes():
    world = World()
    world.register(Phone(flow_=flow(transport="tls", number=3)), contact=f"<sip:p@h>;{INSTANCE}")
    world.register(Phone("d2"), contact="*", expires="0")
    changes = world.registrar.take_changes()
    assert changes
    packed = msgspec.msgpack.encode(changes)
    assert msgspec.msgpack.decode(packed, type=list[BindingChanged]) == changes
