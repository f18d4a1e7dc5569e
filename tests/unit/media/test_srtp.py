"""SDES-SRTP: what goes in and out encrypted, and what is refused."""

from __future__ import annotations

import os

import pytest
from media_rig import Phone, Rig, read_rtp

from kiestoon.media.protocol import CommandFailed, Measure, Modify, QualityMeasured, SrtpKey, SrtpSuite
from kiestoon.media.rtcp import ReportBlock, encode_report, parse_rtcp
from kiestoon.media.srtp import KEY_SALT_SIZE, SrtpReceiver, SrtpSender

SUITES = tuple(KEY_SALT_SIZE)


def _key(suite: SrtpSuite = "AES_CM_128_HMAC_SHA1_80") -> SrtpKey:
    return SrtpKey(suite, os.urandom(KEY_SALT_SIZE[suite]))


class SecurePhone:
    """A phone of the rig with keys of its own."""

    def __init__(self, rig: Rig, suite: SrtpSuite = "AES_CM_128_HMAC_SHA1_80") -> None:
        self.rig = rig
        self.sends, self.hears = _key(suite), _key(suite)
        self.protect = SrtpSender(self.sends)
        self.unprotect = SrtpReceiver(self.hears)
        self.phone: Phone = rig.phone(srtp_send=self.hears, srtp_receive=self.sends)

    def speak(self, payload: bytes = b"s" * 160) -> bytes:
        data = self.protect.protect(self.phone.packet(payload))
        self.phone.send(data)
        self.rig.turn()
        return data

    def heard(self) -> list[bytes]:
        return [read_rtp(self.unprotect.unprotect(data)).payload for data in self.phone.raw()]


@pytest.mark.parametrize("suite", SUITES)
def test_every_suite_is_decrypted_and_encrypted(rig: Rig, suite: SrtpSuite) -> None:
    secure = SecurePhone(rig, suite)
    plain = rig.phone()
    rig.join(secure.phone, plain)
    secure.speak(b"a" * 160)
    plain.speak(b"b" * 160)
    rig.turn()
    assert [packet.payload for packet in plain.heard()] == [b"a" * 160]
    assert secure.heard() == [b"b" * 160]


def test_two_secure_parties_hear_each_other(rig: Rig) -> None:
    one, other = SecurePhone(rig), SecurePhone(rig, "AEAD_AES_256_GCM")
    rig.join(one.phone, other.phone)
    for _ in range(30):
        one.speak(b"a" * 160)
        other.speak(b"b" * 160)
        rig.step()
    assert one.heard() == [b"b" * 160] * 30
    assert other.heard() == [b"a" * 160] * 30


def test_wrong_keys_are_dropped_and_counted(rig: Rig) -> None:
    secure, plain = SecurePhone(rig), rig.phone()
    rig.join(secure.phone, plain)
    secure.protect = SrtpSender(_key())
    for _ in range(3):
        secure.speak()
    assert plain.heard() == []
    assert rig.shared.drops["srtp_auth"] == 3


def test_unencrypted_packets_are_refused_where_srtp_is_agreed(rig: Rig) -> None:
    secure, plain = SecurePhone(rig), rig.phone()
    rig.join(secure.phone, plain)
    secure.phone.speak()
    rig.turn()
    assert plain.heard() == []
    assert rig.shared.drops["srtp_auth"] == 1


def test_replayed_packets_are_refused(rig: Rig) -> None:
    secure, plain = SecurePhone(rig), rig.phone()
    rig.join(secure.phone, plain)
    recorded = secure.speak()
    secure.speak()
    secure.phone.send(recorded)
    rig.turn()
    assert len(plain.heard()) == 2
    assert rig.shared.drops["srtp_replay"] == 1


def test_a_forged_packet_cannot_move_the_source(rig: Rig) -> None:
    secure, plain = SecurePhone(rig), rig.phone()
    rig.join(secure.phone, plain)
    secure.speak()
    thief = Phone()
    rig.phones.append(thief)
    thief.port = secure.phone.port
    for _ in range(10):
        thief.speak()
    rig.turn()
    plain.speak()
    rig.turn()
    assert thief.raw() == []
    assert len(secure.heard()) == 1


def test_an_authentic_packet_from_elsewhere_moves_it_at_once(rig: Rig) -> None:
    secure, plain = SecurePhone(rig), rig.phone()
    rig.join(secure.phone, plain)
    moved = Phone()
    rig.phones.append(moved)
    moved.port = secure.phone.port
    moved.send(secure.protect.protect(secure.phone.packet()))
    rig.turn()
    plain.speak()
    rig.turn()
    assert len(moved.raw()) == 1


def test_the_rollover_counter_survives_a_new_agreement_with_the_same_keys(rig: Rig) -> None:
    secure, plain = SecurePhone(rig), rig.phone()
    rig.join(secure.phone, plain)
    rig.engine.terminations[1].tx.seq = 0xFFFD
    secure.phone.seq = 0xFFF8
    for count in range(20):
        secure.speak(b"a" * 160)
        plain.speak(b"b" * 160)
        rig.turn()
        if count == 12:
            stream = rig.stream(secure.phone, srtp_send=secure.hears, srtp_receive=secure.sends)
            rig.do(Modify(1, stream))
    assert len(plain.heard()) == 20
    assert secure.heard() == [b"b" * 160] * 20


def test_a_new_key_begins_a_new_stream(rig: Rig) -> None:
    secure, plain = SecurePhone(rig), rig.phone()
    rig.join(secure.phone, plain)
    rig.talk(plain, packets=2)
    assert len(secure.heard()) == 2
    before = rig.engine.terminations[1].tx.ssrc
    fresh = _key()
    rig.do(Modify(1, rig.stream(secure.phone, srtp_send=fresh, srtp_receive=secure.sends)))
    secure.unprotect = SrtpReceiver(fresh)
    rig.talk(plain, packets=2)
    assert len(secure.heard()) == 2
    assert rig.engine.terminations[1].tx.ssrc != before


def test_reports_are_encrypted_too(rig: Rig) -> None:
    secure, plain = SecurePhone(rig), rig.phone()
    rig.join(secure.phone, plain)
    for _ in range(200):
        plain.speak()
        secure.speak()
        rig.step()
    (first, *_) = secure.phone.raw_rtcp()
    assert parse_rtcp(secure.unprotect.unprotect_rtcp(first)).sender is not None
    ours = rig.engine.terminations[1].tx.ssrc
    report = encode_report(secure.phone.ssrc, b"n", None, ReportBlock(ours, 0, 3, 0, 0, 0, 0), bye=False)
    target = (secure.phone.address[0], secure.phone.port + 1)
    secure.phone.rtcp.sendto(report, target)
    secure.phone.rtcp.sendto(secure.protect.protect_rtcp(report), target)
    rig.turn()
    rig.do(Measure(1))
    assert rig.events(QualityMeasured)[0].quality.remote_lost == 3
    assert rig.shared.drops["srtcp"] == 1


@pytest.mark.parametrize("suite", SUITES)
def test_a_key_of_the_wrong_length_fails_the_command(rig: Rig, suite: SrtpSuite) -> None:
    phone = rig.phone()
    rig.do(Modify(1, rig.stream(phone, srtp_send=SrtpKey(suite, b"short"))))
    (failed,) = rig.events(CommandFailed)
    assert failed.termination == 1
    assert "octets" in failed.reason
    assert rig.engine.terminations[1].stream is not None
