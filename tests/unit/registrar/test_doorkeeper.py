"""Who is asking: devices, outside lines, strangers."""

import pytest
from registration_world import DOMAIN, OFFICE, Phone, World, flow

from kiestoon.registrar import (
    Challenge,
    DeviceCaller,
    DoorkeeperSettings,
    Drop,
    RefuseCaller,
    TrunkCaller,
)
from kiestoon.sip.message import Response


def identify(world, phone, **changes):
    changes.setdefault("method", "INVITE")
    changes.setdefault("uri", f"sip:102@{DOMAIN}")
    return world.doorkeeper.identify(phone.request(**changes), phone.flow, world.now)


def answered(world, phone, **changes):
    first = identify(world, phone, **changes)
    assert isinstance(first, Challenge)
    response = Response(first.status, first.reason, first.headers)
    return identify(world, phone, challenge=response, **changes)


# --- devices ---------------------------------------------------------------------------------------------------------


def test_an_invite_is_challenged_with_407_and_let_in_with_the_right_answer():
    world = World()
    verdict = answered(world, Phone())
    assert isinstance(verdict, DeviceCaller)
    assert verdict.device.id == 1
    challenge = identify(world, Phone())
    assert (challenge.status, challenge.headers[0][0]) == (407, "Proxy-Authenticate")


def test_unknown_user_and_wrong_password_get_the_same_answer():
    world = World()
    stranger = identify(world, Phone("nobody"), method="REGISTER", uri=f"sip:{DOMAIN}")
    known = identify(world, Phone("d1"), method="REGISTER", uri=f"sip:{DOMAIN}")
    assert (stranger.status, stranger.reason, len(stranger.headers)) == (known.status, known.reason, 2)
    wrong = answered(world, Phone("d1", secret="wrong"), method="REGISTER", uri=f"sip:{DOMAIN}")
    unknown = answered(world, Phone("nobody"), method="REGISTER", uri=f"sip:{DOMAIN}")
    locked_away = answered(world, Phone("off"), method="REGISTER", uri=f"sip:{DOMAIN}")
    assert wrong == unknown == locked_away == RefuseCaller(403, "Forbidden")


def test_unknown_users_cost_as_much_as_wrong_passwords():
    world = World()
    lookups = []
    verify = world.challenger.verify

    def counting(header, method, uri, lookup, now):
        lookups.append(header.login)
        return verify(header, method, uri, lookup, now)

    world.challenger.verify = counting
    answered(world, Phone("d1", secret="wrong"))
    answered(world, Phone("nobody"))
    assert lookups == ["d1", "nobody"]


def test_a_stale_nonce_is_challenged_again_and_counts_as_no_failure():
    world = World()
    phone = Phone()
    first = identify(world, phone)
    response = Response(first.status, first.reason, first.headers)
    world.now += 3_600
    verdict = identify(world, phone, challenge=response)
    assert isinstance(verdict, Challenge)
    assert "stale=true" in verdict.headers[0][1]


def test_a_device_registers_only_its_own_address():
    world = World()
    assert answered(world, Phone("d1"), method="REGISTER", uri=f"sip:{DOMAIN}", to_user="d2") == RefuseCaller(
        403, "Forbidden"
    )


def test_devices_that_must_encrypt_are_refused_without_tls():
    world = World()
    verdict = answered(world, Phone("safe"))
    assert (verdict.status, verdict.reason) == (403, "Encryption Required")
    assert isinstance(answered(world, Phone("safe", flow_=flow(transport="tls"))), DeviceCaller)


def test_the_bare_address_is_silence_unless_switched_on():
    world = World()
    phone = Phone(domain="192.0.2.1")
    assert isinstance(identify(world, phone, method="REGISTER", uri="sip:192.0.2.1"), Drop)
    world = World(doorkeeper=DoorkeeperSettings(bare_ip_domain=DOMAIN))
    assert isinstance(answered(world, phone, method="REGISTER", uri="sip:192.0.2.1"), DeviceCaller)


def test_broken_credentials_for_our_realm_are_400():
    world = World()
    header = (
        (
            "Proxy-Authorization",
            f'Digest username="d1", realm="{DOMAIN}", nonce="n", uri="sip:other@elsewhere", response="r"',
        ),
    )
    assert identify(world, Phone(), headers=header).status == 400


def test_credentials_for_another_realm_are_as_good_as_none():
    world = World()
    header = (("Authorization", 'Digest username="d1", realm="other", nonce="n", uri="u", response="r"'),)
    assert isinstance(identify(world, Phone(), headers=header), Challenge)


def test_an_anonymous_caller_is_known_by_the_domain_it_calls():
    world = World()
    phone = Phone()
    phone_request = phone.request(method="INVITE", uri=f"sip:102@{DOMAIN}")
    phone_request.set("From", '"Anonymous" <sip:anonymous@anonymous.invalid>;tag=f')
    assert isinstance(world.doorkeeper.identify(phone_request, phone.flow, world.now), Challenge)


# --- outside lines ---------------------------------------------------------------------------------------------------


def call_from(world, host, *, from_="<sip:+31201111111@provider>;tag=f", uri="sip:+31207654321@192.0.2.1", to=""):
    phone = Phone(flow_=flow(host))
    request = phone.request(method="INVITE", uri=uri)
    request.set("From", from_)
    request.set("To", to or f"<{uri}>")
    return world.doorkeeper.identify(request, phone.flow, world.now)


def test_a_line_is_known_by_its_source_range():
    verdict = call_from(World(), "203.0.113.9")
    assert isinstance(verdict, TrunkCaller)
    assert ([trunk.id for trunk in verdict.trunks], verdict.called) == ([50], "+31207654321")


def test_a_caller_whose_name_looks_like_a_device_is_still_the_lines():
    verdict = call_from(World(), "203.0.113.9", from_="<sip:d1@provider>;tag=f", uri=f"sip:+31207654321@{DOMAIN}")
    assert isinstance(verdict, TrunkCaller)


def test_claiming_to_be_a_device_from_a_lines_address_needs_the_password():
    assert isinstance(call_from(World(), "203.0.113.9", from_=f"<sip:d1@{DOMAIN}>;tag=f"), Challenge)


@pytest.mark.parametrize(("transport", "refused"), [("udp", True), ("tcp", True), ("tls", False), ("wss", False)])
def test_a_line_that_must_encrypt_is_refused_in_the_clear(transport, refused):
    phone = Phone(flow_=flow("203.0.113.99", transport=transport))
    request = phone.request(method="INVITE", uri="sip:+31207654321@192.0.2.1")
    request.set("From", "<sip:+31612345678@provider>;tag=f")
    verdict = World().doorkeeper.identify(request, phone.flow, 1_000.0)
    if refused:
        assert verdict == RefuseCaller(403, "Encryption Required")
    else:
        assert [trunk.id for trunk in verdict.trunks] == [53]


def test_strangers_get_silence():
    assert isinstance(call_from(World(), "203.0.113.200"), Drop)


def test_a_registered_lines_calls_come_from_where_we_logged_in():
    world = World()
    world.doorkeeper.trunk_registered(52, "line52", ["203.0.113.77"])
    verdict = call_from(world, "203.0.113.77", uri="sip:line52@192.0.2.1", to="<sip:+31207654321@provider>")
    assert ([trunk.id for trunk in verdict.trunks], verdict.called) == ([52], "+31207654321")
    assert call_from(world, "203.0.113.77").called == "+31207654321"
    world.doorkeeper.trunk_unregistered(52)
    assert isinstance(call_from(world, "203.0.113.77"), Drop)


def test_a_line_with_a_login_answers_a_challenge():
    world = World()
    phone = Phone("linelogin", secret="line-secret", domain="elsewhere.example", flow_=flow("203.0.113.200"))
    verdict = answered(world, phone, uri="sip:+31207654321@192.0.2.1")
    assert isinstance(verdict, TrunkCaller)
    assert [trunk.id for trunk in verdict.trunks] == [51]
    wrong = Phone("linelogin", secret="x", domain="elsewhere.example", flow_=flow("203.0.113.200"))
    assert answered(world, wrong, uri="sip:+31207654321@192.0.2.1") == RefuseCaller(403, "Forbidden")


def test_lines_do_not_register_here():
    world = World()
    phone = Phone("x", domain="provider", flow_=flow("203.0.113.9"))
    assert world.register(phone) is None


# --- scanners and bans -----------------------------------------------------------------------------------------------


def test_scanners_get_silence_and_a_ban():
    world = World()
    header = (("User-Agent", "friendly-scanner"),)
    assert isinstance(identify(world, Phone(), headers=header), Drop)
    assert not world.guard.allowed(OFFICE)
    assert [ban.reason for ban in world.guard.bans(world.now)] == ["scanner"]


def test_asking_for_unknown_domains_again_and_again_bans():
    world = World()
    for _ in range(12):
        assert isinstance(identify(world, Phone(domain="x.example"), uri="sip:1@x.example"), Drop)
    assert not world.guard.allowed(OFFICE)


def test_guessing_passwords_bans():
    world = World()
    for _ in range(12):
        identify_or_none = identify(world, Phone("d1", secret="guess"))
        if isinstance(identify_or_none, Challenge):
            answered(world, Phone("d1", secret="guess"))
    assert not world.guard.allowed(OFFICE)
    assert world.register(Phone("d2")) is None


def test_one_phone_with_an_old_password_does_not_ban_its_office():
    world = World()
    colleague = Phone("d2")
    assert world.register(colleague).status == 200
    for _ in range(200):
        world.now += 1
        world.register(Phone("d1", secret="old"))
    assert world.guard.allowed(OFFICE)
    assert world.register(colleague).status == 200
    assert world.register(Phone("d1")).status == 403  # slowed down, whatever it answers
    world.now += 600
    assert world.register(Phone("d1")).status == 200


def test_a_forged_source_cannot_ban_an_office():
    world = World()
    world.register(Phone("d2"))
    header = (
        ("Authorization", f'Digest username="d9", realm="{DOMAIN}", nonce="forged", uri="sip:{DOMAIN}", response="00"'),
    )
    for number in range(100):
        identify(world, Phone(f"x{number}"), method="REGISTER", uri=f"sip:{DOMAIN}", headers=header)
        identify(world, Phone(domain="unknown.example"), headers=(("User-Agent", "sipvicious"),))
    assert world.guard.allowed(OFFICE)


@pytest.mark.parametrize(
    "header", ["", "x", "Digest", "Basic Zm9v", 'Digest username="', "Digest a=b, a=b", "Digest ,,,"]
)
def test_hostile_authorization_headers_never_raise(header):
    world = World()
    verdict = identify(world, Phone(), headers=(("Authorization", header),))
    assert isinstance(verdict, Challenge | RefuseCaller)


def test_only_those_we_have_to_do_with_learn_that_we_are_here():
    world = World()
    phone = Phone(flow_=flow(OFFICE))
    assert not world.doorkeeper.knows(OFFICE, world.now)
    world.register(phone)
    assert world.register(phone).status == 200
    assert world.doorkeeper.knows(OFFICE, world.now)
    assert world.doorkeeper.knows("203.0.113.9", world.now)
    assert world.doorkeeper.knows("127.0.0.1", world.now)
    assert not world.doorkeeper.knows("203.0.113.200", world.now)
