"""RTCP packets, and the reports a termination exchanges with its party."""

from __future__ import annotations

import contextlib
import random
import struct
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from media_rig import Phone, Rig

from kiestoon.media.protocol import Measure, Modify, QualityMeasured, Subtract
from kiestoon.media.rtcp import (
    BadRtcp,
    ReportBlock,
    SenderInfo,
    encode_report,
    interval_s,
    middle_bits,
    ntp_time,
    parse_rtcp,
)

BLOCK = ReportBlock(0xABCD, 51, 17, 70000, 33, 0x11112222, 0x8000)
INFO = SenderInfo(ntp_time(1_700_000_000.5), 12345, 100, 16000)


def test_a_sender_report_reads_back_as_written() -> None:
    found = parse_rtcp(encode_report(7, b"name", INFO, BLOCK, bye=True))
    assert (found.ssrc, found.sender, found.blocks, found.bye) == (7, INFO, [BLOCK], [7])


def test_a_receiver_report_reads_back_as_written() -> None:
    found = parse_rtcp(encode_report(7, b"name", None, BLOCK, bye=False))
    assert (found.ssrc, found.sender, found.blocks, found.bye) == (7, None, [BLOCK], [])


@pytest.mark.parametrize("lost", [-5, -0x800000, 0x7FFFFF, 0x1000000])
def test_cumulative_loss_is_a_clamped_signed_24_bit_number(lost: int) -> None:
    block = ReportBlock(1, 0, lost, 0, 0, 0, 0)
    found = parse_rtcp(encode_report(7, b"n", None, block, bye=False))
    assert found.blocks[0].lost == max(-0x800000, min(0x7FFFFF, lost))


@pytest.mark.parametrize("length", range(1, 9))
def test_every_packet_is_a_multiple_of_four_octets(length: int) -> None:
    assert len(encode_report(7, b"x" * length, None, None, bye=True)) % 4 == 0


def test_extended_reports_and_feedback_are_skipped() -> None:
    extended = struct.pack("!BBHI", 0x80, 207, 1, 9)
    feedback = struct.pack("!BBHII", 0x81, 205, 2, 9, 9)
    assert parse_rtcp(extended + feedback + encode_report(7, b"n", INFO, None, bye=False)).sender == INFO


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_arbitrary_octets_are_refused_or_read_never_worse(data: bytes) -> None:
    with contextlib.suppress(BadRtcp):
        parse_rtcp(data)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 115), st.binary(min_size=1, max_size=4))
def test_damaged_reports_are_refused_or_read_never_worse(where: int, damage: bytes) -> None:
    data = bytearray(encode_report(7, b"name", INFO, BLOCK, bye=True))
    data[where : where + len(damage)] = damage
    with contextlib.suppress(BadRtcp):
        parse_rtcp(bytes(data))


def test_intervals_are_spread_around_five_seconds() -> None:
    rng = random.Random(1)
    drawn = [interval_s(rng) for _ in range(1000)]
    assert min(drawn) > 2.0
    assert max(drawn) < 6.2
    assert len({round(each, 3) for each in drawn}) > 500


# --- on sockets ------------------------------------------------------------------------------------------------------


def _reports(phone: Phone) -> list:  # type: ignore[type-arg]
    return [parse_rtcp(data) for data in phone.raw_rtcp()]


def test_a_party_that_is_sent_to_gets_sender_reports(rig: Rig) -> None:
    one, other = rig.call()
    rig.talk(one, other, packets=400)
    reports = _reports(other)
    assert 1 <= len(reports) <= 4
    report = reports[-1]
    heard = other.heard()
    assert report.ssrc == heard[0].ssrc
    assert 0 < report.sender.packets <= 400
    assert report.sender.octets == report.sender.packets * 160
    position = (report.sender.timestamp - heard[0].timestamp) & 0xFFFFFFFF
    assert abs(position - report.sender.packets * 160) <= 320
    (block,) = report.blocks
    assert (block.ssrc, block.lost) == (other.ssrc, 0)


def test_a_call_without_speech_costs_no_reports(rig: Rig) -> None:
    one, other = rig.call()
    rig.step(10.0)
    assert one.raw_rtcp() == []
    assert other.raw_rtcp() == []


def test_loss_is_reported_to_the_talker(rig: Rig) -> None:
    one, _ = rig.call()
    for _ in range(200):
        rig.talk(one)
        one.packet()
    block = _reports(one)[-1].blocks[0]
    assert 120 <= block.fraction_lost <= 136
    assert block.lost > 40


def test_the_partys_reports_give_round_trip_loss_and_jitter(rig: Rig) -> None:
    one, other = rig.call()
    rig.talk(one, other, packets=3)
    ours = one.heard()[0].ssrc
    lsr = middle_bits(ntp_time(time.time() - 0.250))
    block = ReportBlock(ours, 0, 12, 0, 80, lsr, int(0.1 * 65536))
    one.rtcp.sendto(encode_report(one.ssrc, b"n", None, block, bye=False), (one.address[0], one.port + 1))
    rig.turn()
    rig.do(Measure(1))
    (measured,) = rig.events(QualityMeasured)
    assert 145 <= measured.quality.round_trip_ms <= 200
    assert 92 <= measured.quality.delay_ms <= 130, "half the round trip, and 20 ms in each packet of G.711"
    assert measured.quality.remote_lost == 12
    assert measured.quality.remote_jitter_ms == 10.0


def test_reports_travel_beside_rtp_where_that_is_agreed(rig: Rig) -> None:
    one, other = rig.call(rtcp_mux=True, remote_rtcp=None)
    rig.talk(one, other, packets=3)
    ours = one.heard()[0].ssrc
    block = ReportBlock(ours, 0, 5, 0, 0, 0, 0)
    one.send(encode_report(one.ssrc, b"n", None, block, bye=False))
    rig.turn()
    rig.do(Measure(1))
    assert rig.events(QualityMeasured)[0].quality.remote_lost == 5
    rig.step(5.0)
    kinds = {data[1] for data in one.raw()}
    assert kinds & {200, 201}


def test_strangers_reports_are_dropped(rig: Rig) -> None:
    one, other = rig.call(remote=("127.0.0.9", 4000), remote_rtcp=None)
    rig.talk(one, other, packets=5)
    stranger = Phone("127.0.0.2")
    rig.phones.append(stranger)
    block = ReportBlock(rig.engine.terminations[1].tx.ssrc, 0, 999, 0, 0, 0, 0)
    stranger.rtcp.sendto(encode_report(5, b"n", None, block, bye=False), (one.address[0], one.port + 1))
    rig.turn()
    rig.do(Measure(1))
    assert rig.events(QualityMeasured)[0].quality.remote_lost == 0
    assert rig.shared.drops["rtcp"] == 1


def test_goodbye_is_said_at_the_end(rig: Rig) -> None:
    one, other = rig.call()
    rig.talk(one, other, packets=3)
    one.raw_rtcp()
    rig.do(Subtract(1))
    assert _reports(one)[-1].bye == [one.heard()[0].ssrc]


def test_broken_reports_are_counted(rig: Rig) -> None:
    one, other = rig.call()
    rig.talk(one, other)
    one.rtcp.sendto(b"\x80\xc8\xff\xff", (one.address[0], one.port + 1))
    rig.turn()
    assert rig.shared.drops["rtcp"] == 1


def test_the_rtcp_address_follows_the_agreement(rig: Rig) -> None:
    one, other = rig.call()
    rig.talk(one, other)
    moved = Phone()
    rig.phones.append(moved)
    rig.do(Modify(1, rig.stream(one, remote_rtcp=moved.rtcp_address)))
    rig.talk(one, other, packets=300)
    assert moved.raw_rtcp()
