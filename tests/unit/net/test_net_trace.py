"""Trace files, redaction, ladder, HEP and STUN."""

from __future__ import annotations

import os
import socket
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from net_peers import options

from kiestoon.net.hep import HepSender, encode_hep
from kiestoon.net.ladder import describe, render_ladder
from kiestoon.net.redact import redact
from kiestoon.net.stun import answer_binding, encode_binding_request, is_stun, parse_mapped_address
from kiestoon.net.trace import TracedMessage, call_id_of, fan_out, read_calls, read_trace
from kiestoon.net.trace_writer import TraceWriter
from kiestoon.sip.flow import Flow

FLOW = Flow("udp", "192.0.2.1", 5060, "198.51.100.7", 33221, 1)
OTHER = Flow("tls", "192.0.2.1", 5061, "2001:db8::9", 40000, 2)


# --- redaction ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Authorization", "Proxy-Authorization", "authorization"])
def test_digest_responses_are_hidden_and_the_rest_stays(name: str) -> None:
    clean = redact(
        f'X: 1\r\n{name}: Digest username="bob", response="0123abcd", uri="sip:x"\r\nY: response="k"\r\n'.encode()
    )
    assert b"0123abcd" not in clean
    assert b'username="bob"' in clean
    assert b'uri="sip:x"' in clean
    assert b'Y: response="k"' in clean


def test_folded_and_unquoted_responses_are_hidden() -> None:
    clean = redact(b"Authorization: Digest username=bob,\r\n response=0123abcd\r\nX: 1\r\n")
    assert b"0123abcd" not in clean
    assert clean.endswith(b"\r\nX: 1\r\n")


def test_basic_credentials_and_tokens_are_hidden() -> None:
    assert b"Zm9vOmJhcg" not in redact(b"Authorization: Basic Zm9vOmJhcg==\r\n")
    assert b"eyJ" not in redact(b"Proxy-Authorization: Bearer eyJhbGciOi\r\n")


def test_srtp_keys_are_hidden() -> None:
    clean = redact(b"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj|2^20\r\n")
    assert clean == b"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:***|2^20\r\n"


def test_a_message_without_secrets_is_passed_on_as_it_is() -> None:
    data = options()
    assert redact(data) is data


# --- files ----------------------------------------------------------------------------------------------------------


def test_messages_are_read_back_by_call_id_in_order(tmp_path: Path) -> None:
    writer = TraceWriter(tmp_path / "sip.trace")
    for number in range(6):
        writer("in" if number % 2 else "out", options(f"c{number % 3}"), FLOW, 100.0 + number)
    writer.close()
    found = read_calls(tmp_path / "sip.trace", {"c1", "c2"})
    assert [(message.call_id, message.wall_time) for message in found] == [
        ("c1", 101.0),
        ("c2", 102.0),
        ("c1", 104.0),
        ("c2", 105.0),
    ]
    assert found[0].flow == FLOW
    assert found[0].way == "in"


def test_trace_files_rotate_and_stay_bounded(tmp_path: Path) -> None:
    writer = TraceWriter(tmp_path / "t", file_bytes=2000, files=3, buffer_bytes=1)
    assert writer.settle()  # nothing to wait for
    for number in range(100):
        writer("in", options(f"c{number}"), FLOW, float(number))
    writer.close()
    files = sorted(tmp_path.iterdir())
    assert [file.name for file in files] == ["t", "t.1", "t.2"]
    assert all(file.stat().st_size < 2600 for file in files)
    times = [message.wall_time for message in read_trace(tmp_path / "t")]
    assert times == sorted(times)
    assert times[-1] == 99.0


def test_trace_files_are_readable_by_the_owner_only(tmp_path: Path) -> None:
    writer = TraceWriter(tmp_path / "t")
    writer("in", options(), FLOW, 0.0)
    writer.close()
    assert (tmp_path / "t").stat().st_mode & 0o777 == 0o600


def test_a_record_cut_off_by_a_crash_ends_the_file_quietly(tmp_path: Path) -> None:
    path = tmp_path / "t"
    writer = TraceWriter(path)
    for number in range(3):
        writer("in", options(), FLOW, float(number))
    writer.close()
    path.write_bytes(path.read_bytes()[:-10])
    assert len(list(read_trace(path))) == 2
    path.write_bytes(b"\xff\xff\xff\xff rubbish")
    assert list(read_trace(path)) == []


def test_a_disk_that_fails_stops_the_trace_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    writer = TraceWriter(tmp_path / "file" / "below", buffer_bytes=1)
    writer("in", options(), FLOW, 0.0)
    assert writer.settle()
    assert writer.broken
    writer("in", options(), FLOW, 0.0)
    writer.resume()
    (tmp_path / "file").unlink()
    writer("in", options("c2"), FLOW, 1.0)
    writer.close()
    assert [message.call_id for message in read_trace(tmp_path / "file" / "below")] == ["c2"]


def test_a_slow_disk_makes_nobody_wait_and_what_does_not_fit_is_dropped_and_counted(tmp_path: Path) -> None:
    fifo = tmp_path / "t"
    os.mkfifo(fifo)  # opened for writing it waits for a reader: a disk that hangs
    size = len(options())
    writer = TraceWriter(fifo, buffer_bytes=1, most_bytes=3 * size)
    for number in range(5):
        writer("in", options(f"c{number}"), FLOW, float(number))
    assert writer.waiting_bytes == 3 * size
    assert writer.dropped == 2
    assert not writer.settle(timeout_s=0.01)
    with fifo.open("rb") as disk:  # it goes on
        assert writer.settle()
        assert writer.waiting_bytes == 0
        writer("in", options("c5"), FLOW, 5.0)
        writer.close()
        written = disk.read()
    assert [number for number in range(6) if b"Call-ID: c%d\r\n" % number in written] == [0, 1, 2, 5]


def test_flushing_writes_what_is_pending_and_secrets_never_reach_the_disk(tmp_path: Path) -> None:
    writer = TraceWriter(tmp_path / "t")
    for number in range(200):
        header = 'Authorization: Digest response="0123abcd"\r\n' if number == 150 else ""
        writer("in", options(f"c{number}", extra=header), FLOW, float(number))
    assert writer.waiting_bytes == 0
    writer.flush()
    assert writer.settle()
    assert len(list(read_trace(tmp_path / "t"))) == 200
    assert b"0123abcd" not in (tmp_path / "t").read_bytes()
    writer.close()


def test_fan_out_feeds_every_tap() -> None:
    seen: list[str] = []
    fan_out(lambda *_: seen.append("a"), lambda *_: seen.append("b"))("in", b"", FLOW, 0.0)
    assert seen == ["a", "b"]


@pytest.mark.parametrize("line", [b"Call-ID: c9", b"i:c9  ", b"CALL-ID \t: c9"])
def test_call_id_is_found_in_raw_bytes_in_every_spelling(line: bytes) -> None:
    assert call_id_of(b"BYE sip:x SIP/2.0\r\nTo: x\r\n" + line + b"\r\n\r\ni: body") == "c9"


def test_call_id_in_a_body_does_not_count() -> None:
    assert call_id_of(b"BYE sip:x SIP/2.0\r\nTo: x\r\n\r\nCall-ID: c9\r\n") == ""


# --- ladder ---------------------------------------------------------------------------------------------------------


def test_ladder_has_a_column_per_party_and_an_arrow_per_message() -> None:
    text = render_ladder(
        [
            TracedMessage(1_700_000_000.0, "in", FLOW, options()),
            TracedMessage(1_700_000_000.0125, "out", OTHER, options()),
            TracedMessage(1_700_000_000.5, "out", FLOW, b"SIP/2.0 180 Ringing\r\nCSeq: 1 INVITE\r\n\r\n"),
        ]
    )
    lines = text.splitlines()
    assert "c1" in lines[0]
    assert lines[2].split() == ["Kiestoon", "udp:198.51.100.7:33221", "tls:[2001:db8::9]:40000"]
    assert "<" in lines[3]
    assert "OPTIONS" in lines[3]
    assert lines[4].lstrip().startswith("+12.5 ms")
    assert ">" in lines[4]
    assert "180 Ringing (INVITE)" in lines[5]
    assert render_ladder([]) == ""


def test_ladder_shows_hostile_bytes_harmlessly() -> None:
    assert "\x1b" not in describe(b"SIP/2.0 200 \x1b[2J\r\nCSeq: 1 X\x1b\r\n\r\n")


@given(st.binary(max_size=200))
def test_ladder_survives_any_bytes(data: bytes) -> None:
    render_ladder([TracedMessage(0.0, "in", FLOW, data), TracedMessage(1.0, "out", OTHER, data)])


# --- HEP ------------------------------------------------------------------------------------------------------------


def chunks(packet: bytes) -> dict[int, bytes]:
    assert packet[:4] == b"HEP3"
    assert struct.unpack(">H", packet[4:6])[0] == len(packet)
    found = {}
    at = 6
    while at < len(packet):
        _, kind, length = struct.unpack_from(">HHH", packet, at)
        found[kind] = packet[at + 6 : at + length]
        at += length
    return found


def test_hep_packet_names_source_and_destination_by_direction() -> None:
    found = chunks(encode_hep("in", options(), FLOW, 1_700_000_000.25, capture_id=7, password="pw"))
    assert (found[1], found[2]) == (b"\x02", b"\x11")
    assert (found[3], found[4]) == (bytes([198, 51, 100, 7]), bytes([192, 0, 2, 1]))
    assert (found[7], found[8]) == (struct.pack(">H", 33221), struct.pack(">H", 5060))
    assert (found[9], found[10]) == (struct.pack(">I", 1_700_000_000), struct.pack(">I", 250_000))
    assert (found[11], found[12]) == (b"\x01", struct.pack(">I", 7))
    assert (found[14], found[15], found[17]) == (b"pw", options(), b"c1")


def test_hep_packet_for_ipv6_over_tls() -> None:
    found = chunks(encode_hep("out", options(), OTHER, 0.0))
    assert (found[1], found[2]) == (b"\x0a", b"\x06")
    assert found[6] == socket.inet_pton(socket.AF_INET6, "2001:db8::9")
    assert len(found[5]) == 16


def test_hep_sender_sends_redacted_messages_over_udp() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as homer:
        homer.bind(("127.0.0.1", 0))
        homer.settimeout(5)
        sender = HepSender("127.0.0.1", homer.getsockname()[1])
        sender("in", options(extra='Authorization: Digest response="cafe"\r\n'), FLOW, 1.0)
        found = chunks(homer.recv(65535))
        sender.close()
    assert b"cafe" not in found[15]
    assert b"OPTIONS" in found[15]


# --- STUN -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("host", "port"), [("192.0.2.7", 40123), ("2001:db8::7", 1)])
def test_binding_request_is_answered_with_the_mapped_address(host: str, port: int) -> None:
    request = encode_binding_request(b"abcdefghijkl")
    assert is_stun(request)
    response = answer_binding(request, host, port)
    assert response is not None
    assert response[8:20] == b"abcdefghijkl"
    assert parse_mapped_address(response) == (host, port)
    assert answer_binding(response, host, port) is None


def test_xor_mapped_address_is_that_of_rfc_5769() -> None:
    transaction = bytes.fromhex("b7e7a701bc34d686fa87dfae")
    response = answer_binding(encode_binding_request(transaction), "192.0.2.1", 32853)
    assert response is not None
    assert response[20:] == bytes.fromhex("002000080001a147e112a643")


@given(st.binary(max_size=60))
def test_stun_reader_survives_any_bytes(data: bytes) -> None:
    for hostile in (data, b"\x01\x01" + struct.pack(">H", len(data)) + b"\x21\x12\xa4\x42" + bytes(12) + data):
        is_stun(hostile)
        parse_mapped_address(hostile)
        answer_binding(hostile, "192.0.2.1", 1)
