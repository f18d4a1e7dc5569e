"""Whatever arrives: no exception but the documented ones, no quadratic time, and what is read can be written again."""

from __future__ import annotations

import contextlib
import importlib.util
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiestoon.sip import headers as h
from kiestoon.sip.digest import Challenger, parse_authorization, parse_challenge
from kiestoon.sip.framing import FramingLost, StreamFramer
from kiestoon.sip.headers.identity import parse_privacy
from kiestoon.sip.message import Request, Response, UnsafeMessage
from kiestoon.sip.parse import BadMessage, parse_message
from kiestoon.sip.uri import BadUri, Uri, parse_uri
from kiestoon.sip.validate import Supports, check_request

ROOT = Path(__file__).parents[3]
_spec = importlib.util.spec_from_file_location("torture_loader", Path(__file__).parent / "torture" / "loader.py")
assert _spec is not None
assert _spec.loader is not None
_loader = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_loader)
SEEDS: list[bytes] = [*_loader.RFC4475.values(), *_loader.RFC5118.values()]
SUPPORTS = Supports(frozenset({"INVITE", "OPTIONS", "REGISTER"}), body_types=frozenset({"application/sdp"}))

PARSERS: list[Callable[[str], object]] = [
    h.parse_name_addr, h.parse_contact, h.parse_name_addrs, h.parse_via, h.parse_cseq, h.parse_rack, h.parse_rseq,
    h.parse_reasons, h.parse_retry_after, h.parse_warning, h.parse_alert_info, h.parse_session_expires, h.parse_min_se,
    h.parse_expires, h.parse_max_breadth, h.parse_date, h.parse_replaces, h.parse_target_dialog, h.parse_event,
    h.parse_subscription_state, h.parse_allow_events, h.parse_diversion, h.parse_history, parse_privacy,
    parse_authorization, parse_challenge, h.split_commas, h.parse_tokens, h.readable, parse_uri,
]  # fmt: skip


def use(data: bytes) -> Request | Response | None:
    """Parses and, when there is a message, uses everything a core would use."""
    try:
        message = parse_message(data)
    except BadMessage as bad:
        if bad.response is not None:
            bad.response.encode()
        return None
    _ = message.via.branch, message.call_id, message.cseq, message.from_.tag, message.to.tag, message.contacts
    _ = message.routes, message.record_routes, message.max_forwards, message.content_type
    _ = message.supported, message.required, message.allowed
    again = parse_message(message.encode())
    assert list(again.items()) == list(message.items())
    assert again.body == message.body
    if isinstance(message, Request):
        _ = message.target
        refusal = check_request(message, SUPPORTS, forwarding=True)
        if refusal is not None:
            refusal.encode()
        Response.answer(message, 180, to_tag="t").encode()
        for value in message.all("Authorization"):
            Challenger(b"k").verify(value, message.method, message.uri, lambda _u, _r: None, 1.0)
    return message


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_random_bytes(data: bytes) -> None:
    use(data)


@settings(max_examples=500, deadline=None)
@given(st.data())
def test_mutated_torture_messages(data: st.DataObject) -> None:
    message = bytearray(data.draw(st.sampled_from(SEEDS)))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(message)))
        size = data.draw(st.integers(0, 8))
        patch = data.draw(
            st.one_of(st.binary(max_size=6), st.sampled_from([b"\r\n", b" ", b";", b",", b'"', b"<", b"%"]))
        )
        message[at : at + size] = patch
    use(bytes(message))


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.sampled_from(SEEDS), max_size=4),
    st.lists(st.integers(1, 400), min_size=1, max_size=20),
    st.binary(max_size=20),
)
def test_streams_of_anything(messages: list[bytes], cuts: list[int], noise: bytes) -> None:
    stream, framer, at, turn = b"".join(messages) + noise, StreamFramer(), 0, 0
    with contextlib.suppress(FramingLost):
        while at < len(stream):
            size = cuts[turn % len(cuts)]
            framer.feed(stream[at : at + size])
            at, turn = at + size, turn + 1


_TEXT = st.text(
    st.one_of(st.sampled_from(list(' \t"\\<>;,:=@?%&[]*+-.0123456789abcSIP/')), st.characters()), max_size=60
)


@settings(max_examples=300, deadline=None)
@given(_TEXT)
def test_every_reader_refuses_with_its_own_exception(text: str) -> None:
    for parse in PARSERS:
        try:
            value = parse(text)
        except (h.BadHeader, BadUri):
            continue
        str(value)


@settings(max_examples=300, deadline=None)
@given(_TEXT, _TEXT, _TEXT, st.integers(0, 65535), _TEXT)
def test_written_addresses_are_read_back(display: str, user: str, value: str, port: int, tag: str) -> None:
    uri = Uri("sip", user, "", "example.com", port, {"p": value}, {"Subject": value})
    message = Request("OPTIONS", str(uri), [("From", str(h.NameAddr(display, uri, {"tag": tag})))])
    again = message.from_
    assert again.uri.host == "example.com"
    assert again.uri.port == port
    assert str(again.uri) == str(uri)
    try:
        message.encode()
    except UnsafeMessage as unsafe:
        assert "not text" in str(unsafe)  # noqa: PT017 - most examples must not raise


ATOMS = [
    "a", "1", " ", "\t", '"', "\\", '\\"', "<", ">", ";", ",", "=", ":", "@", "%", "%4", "%41", ".", "/", "[", "*", "(",
    "a=", ";a", ";a=b", "a,", '"a",', "<a>", "<a>,", " ,", ' "', "sip:", "a@", "a:", "\udcff", "é",
]  # fmt: skip
PREFIXES = [
    "",
    "<sip:",
    "sip:",
    "sip:a@",
    "<sip:a@b>;",
    '"',
    "tel:",
    "SIP/2.0/UDP ",
    "SIP/2.0/UDP a;",
    "Digest a=",
    "1 ",
]


@pytest.mark.parametrize("parse", PARSERS)
def test_no_reader_takes_quadratic_time(parse: Callable[[str], object]) -> None:
    for prefix in PREFIXES:
        for atom in ATOMS:
            text = (prefix + atom * (8_000 // len(atom)) + "\x7f")[:8_100]
            start = time.process_time()
            with contextlib.suppress(h.BadHeader, BadUri):
                parse(text)
            # Linear readers need about 5 ms for the worst of these, quadratic ones half a second.
            assert time.process_time() - start < 0.15, (prefix, atom)


def test_the_coverage_guided_fuzzer_finds_nothing_in_a_short_run() -> None:
    pytest.importorskip("atheris")
    run = subprocess.run(
        [sys.executable, "tests/fuzz/fuzz_sip_parser.py", "-runs=3000", "-max_total_time=10", "-max_len=2000"],
        cwd=ROOT,
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-2000:].decode(errors="replace")
