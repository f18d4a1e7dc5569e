"""A browser at the media process: what ICE and DTLS let in and out, and what they keep away."""

from __future__ import annotations

import gc

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from media_rig import G722, PCMU, Phone, Rig
from webrtc_party import ICE, Browser, check, digest_of, is_record

from kiestoon.media.dtls import Identity
from kiestoon.media.ice import CONSENT_S
from kiestoon.media.protocol import (
    Add,
    Audit,
    Audited,
    CommandFailed,
    DigitReceived,
    DtlsPeer,
    IceCredentials,
    MediaFailed,
    Modify,
    SourceLatched,
    Stats,
    StatsReported,
    Stream,
    Subtract,
    Subtracted,
    Topology,
    Watch,
)
from kiestoon.media.rtcp import parse_rtcp
from kiestoon.media.webrtc import CLOSED_S, REPEAT_S, SETUP_S, WebRtc

RESTARTED = IceCredentials("again", "another-secret-of-some-length", "theirs2")


def bridge(rig: Rig, browser: Browser, phone: Phone) -> None:
    rig.do(Topology(1, ((browser.number, phone.number), (phone.number, browser.number))))


def stats(rig: Rig) -> StatsReported:
    rig.do(Stats())
    return rig.events(StatsReported)[-1]


@pytest.fixture(params=["client", "server"])
def browser(rig: Rig, request: pytest.FixtureRequest) -> Browser:
    """Connected, the exchange being DTLS client or server."""
    made = Browser(rig, request.param)
    made.connect()
    return made


def test_a_browser_and_a_phone_hear_each_other(rig: Rig, browser: Browser) -> None:
    phone = rig.phone()
    bridge(rig, browser, phone)
    browser.speak(b"a" * 160)
    phone.speak(b"b" * 160)
    rig.turn()
    assert [packet.payload for packet in phone.heard()] == [b"a" * 160]
    assert [packet.payload for packet in browser.heard()] == [b"b" * 160]
    assert rig.shared.drops.total() == 0


def test_two_browsers_hear_each_other_each_with_keys_of_its_own(rig: Rig) -> None:
    one, other = Browser(rig, "client"), Browser(rig, "server", number=102)
    one.connect()
    other.connect()
    rig.do(Topology(1, ((101, 102), (102, 101))))
    for _ in range(60):
        sent = one.speak(b"a" * 160)
        other.speak(b"b" * 160)
        rig.step()
    heard = one.heard()
    assert [packet.payload for packet in heard] == [b"b" * 160] * 60
    assert len({packet.ssrc for packet in heard}) == 1
    assert len(other.heard()) == 60
    assert sent not in other.wire


def test_other_formats_are_transcoded(rig: Rig) -> None:
    browser, phone = Browser(rig, codec=PCMU), rig.phone(send=G722)
    browser.connect()
    bridge(rig, browser, phone)
    for _ in range(20):
        browser.speak(b"\x20" * 160)
        phone.speak(b"\x11" * 160)
        rig.step()
    assert len(phone.heard()) > 10
    assert {packet.payload_type for packet in browser.heard()} == {0}


def test_keys_pressed_in_a_browser_are_heard(rig: Rig, browser: Browser) -> None:
    party = browser.stream_phone
    assert browser.sends is not None
    began = party.timestamp + 160
    for duration, last in ((160, False), (640, True), (640, True), (640, True)):
        party.seq += 1
        payload = bytes((5, 0x80 if last else 10)) + duration.to_bytes(2)
        packet = b"\x80\x65" + party.seq.to_bytes(2) + began.to_bytes(4) + party.ssrc.to_bytes(4) + payload
        browser.at.send(browser.sends.protect(packet))
        rig.turn()
    assert [event.digit for event in rig.events(DigitReceived)] == ["5"]


def test_reports_come_beside_speech_and_encrypted(rig: Rig, browser: Browser) -> None:
    phone = rig.phone()
    bridge(rig, browser, phone)
    for _ in range(500):
        browser.speak()
        phone.speak()
        browser.check()
        rig.step()
    found = [parse_rtcp(data) for data in browser.heard_rtcp()]
    assert found
    assert found[0].blocks[0].ssrc == browser.stream_phone.ssrc


def test_the_exchange_says_nothing_before_it_is_asked(rig: Rig) -> None:
    browser, phone = Browser(rig, "client"), rig.phone()
    bridge(rig, browser, phone)
    for _ in range(100):
        phone.speak()
        rig.step()
    browser.exchange()
    assert (browser.wire, browser.responses) == ([], [])


def test_nothing_leaves_unencrypted_while_the_handshake_is_under_way(rig: Rig) -> None:
    browser, phone = Browser(rig, "server"), rig.phone()
    bridge(rig, browser, phone)
    browser.check()
    for _ in range(50):
        phone.speak()
        rig.step(0.2)
    browser.exchange()
    assert browser.wire == []
    rig.do(Subtract(browser.number))  # no goodbye in the clear either
    browser.exchange()
    assert browser.wire == []


def test_before_the_handshake_no_speech_is_let_in(rig: Rig) -> None:
    browser, phone = Browser(rig), rig.phone()
    bridge(rig, browser, phone)
    browser.check()
    for _ in range(5):
        browser.at.send(browser.stream_phone.packet())
    rig.turn()
    assert phone.heard() == []
    assert rig.shared.drops["foreign_source"] == 5


def test_no_handshake_begins_for_an_address_that_proved_nothing(rig: Rig) -> None:
    browser = Browser(rig, "server")
    browser.dtls.start()
    hello = browser.dtls.outgoing()[0]
    browser.at.send(hello)
    browser.exchange()
    assert (browser.wire, browser.responses) == ([], [])
    assert rig.shared.drops["foreign_source"] == 1


def test_a_stranger_with_the_wrong_password_gets_a_refusal_and_nothing_else(rig: Rig) -> None:
    browser = Browser(rig, "client")
    refused = browser.check(password="not-the-password-at-all")
    assert refused is not None
    assert browser.wire == []
    assert rig.events(SourceLatched) == []
    assert rig.shared.drops["stun"] == 1


def test_a_certificate_of_somebody_else_is_found_out(rig: Rig) -> None:
    browser = Browser(rig, "server", promised=digest_of(Identity().fingerprint))
    phone = rig.phone()
    bridge(rig, browser, phone)
    browser.check()
    browser.dtls.start()
    browser.exchange()
    (failed,) = rig.events(MediaFailed)
    assert (failed.termination, "promised" in failed.reason) == (browser.number, True)
    phone.speak()
    browser.exchange()
    assert all(is_record(data) for data in browser.wire)
    assert stats(rig).dtls_failed == 1


def test_speech_from_another_address_is_not_heard_even_with_the_right_keys(rig: Rig, browser: Browser) -> None:
    phone = rig.phone()
    bridge(rig, browser, phone)
    elsewhere = Phone()
    elsewhere.port = browser.port
    rig.phones.append(elsewhere)
    browser.speak(phone=elsewhere)
    assert phone.heard() == []
    assert rig.shared.drops["foreign_source"] == 1


def test_replayed_speech_is_dropped(rig: Rig, browser: Browser) -> None:
    phone = rig.phone()
    bridge(rig, browser, phone)
    sent = browser.speak()
    browser.at.send(sent)
    rig.turn()
    assert len(phone.heard()) == 1
    assert rig.shared.drops["srtp_replay"] == 1


def test_a_browser_that_changes_networks_is_followed_with_the_same_keys(rig: Rig, browser: Browser) -> None:
    phone = rig.phone()
    bridge(rig, browser, phone)
    browser.speak()
    first = browser.at
    second = browser.move()
    assert browser.check() is not None
    browser.speak()
    browser.speak(phone=first)  # what was under way on the old path still counts
    phone.speak()
    rig.turn()
    assert len(phone.heard()) == 3
    assert [len(each.raw()) for each in (first, second)] == [0, 1]
    latched = [event.port for event in rig.events(SourceLatched) if event.termination == browser.number]
    assert latched == [first.address[1], second.address[1]]
    assert stats(rig).dtls_completed == 1


def test_an_ice_restart_keeps_the_keys(rig: Rig, browser: Browser) -> None:
    phone = rig.phone()
    bridge(rig, browser, phone)
    browser.speak()
    browser.ice = RESTARTED
    rig.do(Modify(browser.number, browser.stream()))
    browser.speak()  # on the old path, while the new one is being found
    browser.move()
    assert browser.check() is not None
    browser.speak()
    phone.speak()
    rig.turn()
    assert len(phone.heard()) == 3
    assert len(browser.heard()) == 1
    assert stats(rig).dtls_completed == 1


def test_hold_and_resume_keep_keys_and_path(rig: Rig, browser: Browser) -> None:
    phone = rig.phone()
    bridge(rig, browser, phone)
    for direction, heard in (("sendonly", 0), ("sendrecv", 1)):
        rig.do(Modify(browser.number, browser.stream(direction=direction)))
        browser.speak()
        phone.speak()
        rig.turn()
        assert len(browser.heard()) == 1
        assert len(phone.heard()) == heard
    assert stats(rig).dtls_completed == 1


def test_another_certificate_in_a_new_agreement_means_another_handshake(rig: Rig, browser: Browser) -> None:
    phone = rig.phone()
    bridge(rig, browser, phone)
    browser.speak()
    old_keys = browser.sends
    browser.identity = Identity()
    browser.promised = digest_of(browser.identity.fingerprint)
    browser.handshake()
    rig.do(Modify(browser.number, browser.stream()))
    assert old_keys is not None
    browser.at.send(old_keys.protect(browser.stream_phone.packet()))
    browser.connect()
    browser.speak()
    assert len(phone.heard()) == 2
    assert rig.shared.drops["foreign_source"] == 1
    assert stats(rig).dtls_completed == 2


def test_an_impossible_agreement_changes_nothing(rig: Rig, browser: Browser) -> None:
    phone = rig.phone()
    bridge(rig, browser, phone)
    for wrong in (
        browser.stream(dtls=None),
        browser.stream(ice=None),
        browser.stream(dtls=DtlsPeer("server", (("md5", bytes(16)),))),
    ):
        rig.do(Modify(browser.number, wrong))
    assert len(rig.events(CommandFailed)) == 3
    browser.speak()
    assert len(phone.heard()) == 1


def test_an_impossible_first_agreement_gives_the_port_back(rig: Rig) -> None:
    port = rig.lease()
    rig.do(Add(1, 7, port, Stream(None, None, PCMU, (PCMU,), ice=ICE, dtls=DtlsPeer("server", ()))))
    (failed,) = rig.events(CommandFailed)
    assert "fingerprint" in failed.reason
    rig.do(Add(1, 7, port, Stream(None, None, PCMU, (PCMU,))), Subtract(7))
    assert len(rig.events(Subtracted)) == 1


def test_a_browser_may_become_a_phone(rig: Rig, browser: Browser) -> None:
    phone, plain = rig.phone(), Phone()
    rig.phones.append(plain)
    plain.port = browser.port
    bridge(rig, browser, phone)
    browser.speak()
    rig.do(Modify(browser.number, browser.stream(ice=None, dtls=None, remote=plain.address)))
    plain.speak()
    phone.speak()
    rig.turn()
    assert len(phone.heard()) == 2
    assert len(plain.heard()) == 1


def test_a_browser_that_closes_and_does_not_hang_up_is_given_up(rig: Rig, browser: Browser) -> None:
    browser.dtls.close()
    browser.exchange()
    rig.step(CLOSED_S - 0.5)
    assert rig.events(MediaFailed) == []
    rig.step(1.0)
    assert [event.reason for event in rig.events(MediaFailed)] == ["closed by the party"]


def test_nothing_is_sent_to_a_browser_that_has_closed(rig: Rig, browser: Browser) -> None:
    phone = rig.phone()
    bridge(rig, browser, phone)
    browser.dtls.close()
    browser.exchange()
    browser.wire.clear()
    phone.speak()
    rig.step(1.0)
    browser.exchange()
    assert browser.wire == []


def test_noise_does_not_keep_a_closed_browser_alive(rig: Rig, browser: Browser) -> None:
    browser.dtls.close()
    browser.exchange()
    for _ in range(int(CLOSED_S) + 1):
        browser.at.send(b"\x17" * 40)
        rig.step(1.0)
    assert len(rig.events(MediaFailed)) == 1


def test_a_browser_that_goes_without_a_word_is_given_up(rig: Rig, browser: Browser) -> None:
    phone = rig.phone()
    bridge(rig, browser, phone)
    for _ in range(10):
        assert browser.check(nominate=False) is not None
        rig.step(5.0)
    assert rig.events(MediaFailed) == []
    rig.step(CONSENT_S)
    assert [event.reason for event in rig.events(MediaFailed)] == ["no check for consent in time"]
    browser.exchange()
    browser.media.clear()
    phone.speak()
    rig.turn()
    assert browser.heard() == []


def test_a_failure_is_told_again_until_the_party_is_taken_away(rig: Rig, browser: Browser) -> None:
    """Call control may just have died; its successor has to learn of it."""
    browser.dtls.close()
    browser.exchange()
    rig.step(CLOSED_S + 0.5)
    assert len(rig.events(MediaFailed)) == 1
    rig.step(REPEAT_S)
    assert len(rig.events(MediaFailed)) == 1
    rig.do(Subtract(browser.number))
    rig.step(2 * REPEAT_S)
    assert rig.events(MediaFailed) == []


@pytest.mark.parametrize(("checks", "reason"), [(0, "no address proved in time"), (1, "no handshake in time")])
def test_half_a_beginning_is_given_up_in_time(rig: Rig, checks: int, reason: str) -> None:
    browser = Browser(rig, "server")
    for _ in range(int(SETUP_S)):
        if checks:
            browser.check()
        rig.step(1.0)
    rig.step(1.0)
    assert [event.reason for event in rig.events(MediaFailed)] == [reason]


def test_the_audit_tells_what_a_restarted_control_process_compares(rig: Rig, browser: Browser) -> None:
    rig.do(Audit())
    (audited,) = rig.events(Audited)
    assert audited.contexts[0].terminations[0].stream == browser.stream()
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(audited), type=Audited) == audited


def test_an_ended_browser_is_told_and_leaves_nothing_to_a_collector(rig: Rig, browser: Browser) -> None:
    phone = rig.phone()
    bridge(rig, browser, phone)
    browser.speak()
    gc.collect()
    gc.disable()
    try:
        rig.do(Subtract(browser.number))
        assert not any(isinstance(each, WebRtc) for each in gc.get_objects())
    finally:
        gc.enable()
    browser.exchange()
    assert browser.dtls.closed


def test_the_port_of_a_browser_serves_a_phone_next(rig: Rig, browser: Browser) -> None:
    pair = rig.engine.terminations[browser.number].pair
    rig.do(Subtract(browser.number))
    rig.step(3.0)
    while (port := rig.lease()) != pair.port:
        pass
    party, other = Phone(), rig.phone(context=2)
    rig.phones.append(party)
    party.port = port
    rig.do(Add(2, 50, port, rig.stream(party)), Topology(2, ((50, other.number), (other.number, 50))))
    browser.at.send(check())
    party.speak()
    rig.turn()
    assert len(other.heard()) == 1


def test_after_a_failure_a_new_agreement_begins_anew(rig: Rig, browser: Browser) -> None:
    phone = rig.phone()
    bridge(rig, browser, phone)
    browser.speak()
    browser.dtls.close()
    browser.exchange()
    rig.step(CLOSED_S + 0.5)
    browser.handshake()
    rig.do(Modify(browser.number, browser.stream()))
    browser.connect()
    browser.speak()
    phone.speak()
    rig.turn()
    assert len(phone.heard()) == 2
    assert len(browser.heard()) == 1


@settings(max_examples=60, deadline=None)
@given(packets=st.lists(st.tuples(st.booleans(), st.binary(min_size=1, max_size=80)), max_size=20))
@pytest.mark.parametrize("role", ["client", "server"])
def test_whatever_comes_the_call_goes_on(role: str, packets: list[tuple[bool, bytes]]) -> None:
    """From the browser's own address, which is easily forged, and from a stranger's."""
    rig = Rig()
    try:
        browser, phone = Browser(rig, role), rig.phone()
        bridge(rig, browser, phone)
        browser.connect()
        stranger = Phone()
        stranger.port = browser.port
        rig.phones.append(stranger)
        for own, data in packets:
            (browser.at if own else stranger).send(data)
            rig.turn()
        browser.speak()
        phone.speak()
        rig.turn()
        assert len(phone.heard()) == 1
        assert len(browser.heard()) == 1
        assert rig.events(CommandFailed) == []
        assert rig.events(MediaFailed) == []
    finally:
        rig.close()


def test_a_silent_browser_is_reported_like_any_party(rig: Rig, browser: Browser) -> None:
    rig.do(Watch(browser.number, no_rtp_ms=1000))
    browser.speak()
    rig.step(2.0)
    assert rig.engine.terminations[browser.number].rx.received == 1
