"""Messages as values: headers in any spelling, cheap edits, safe output."""

from __future__ import annotations

import gc

import pytest

from kiestoon.sip.headers import BadHeader, encode_display
from kiestoon.sip.message import Message, Request, Response, UnsafeMessage
from kiestoon.sip.parse import parse_message
from kiestoon.sip.tokens import Tokens, new_branch, new_call_id, new_tag


def invite() -> Request:
    return Request(
        "INVITE",
        "sip:bob@example.com",
        [
            ("Via", "SIP/2.0/UDP a.example.com;branch=z9hG4bKa"),
            ("From", '"Alice" <sip:alice@example.com>;tag=1'),
            ("To", "<sip:bob@example.com>"),
            ("Call-ID", "x1"),
            ("CSeq", "7 INVITE"),
            ("Max-Forwards", "70"),
        ],
    )


@pytest.mark.parametrize("name", ["From", "from", "FROM", "f", "F"])
def test_headers_are_found_in_any_case_and_compact_form(name: str) -> None:
    assert invite().get(name) == '"Alice" <sip:alice@example.com>;tag=1'
    assert name in invite()


def test_unknown_headers_keep_their_spelling_and_are_found_in_any_case() -> None:
    message = invite()
    message.add("X-RTP-Stat", "a, b")
    message.add("x-rtp-stat", "c")
    assert message.all("X-Rtp-Stat") == ["a, b", "c"]
    assert b"X-RTP-Stat: a, b\r\nX-RTP-Stat: c\r\n" in message.encode()


def test_lists_are_split_outside_quotes_and_brackets_only() -> None:
    message = invite()
    message.add("Contact", '"Doe, Jane" <sip:a,b@x.nl;p="q">;q="1,2", <sip:c@y.nl>')
    message.add("m", "<sip:d@z.nl>")
    assert message.all("Contact") == ['"Doe, Jane" <sip:a,b@x.nl;p="q">;q="1,2"', "<sip:c@y.nl>", "<sip:d@z.nl>"]
    assert message.get("Contact") == '"Doe, Jane" <sip:a,b@x.nl;p="q">;q="1,2"'


def test_credentials_and_dates_are_never_split() -> None:
    message = invite()
    message.add("Authorization", 'Digest username="a", realm="b"')
    message.add("Date", "Sat, 15 Oct 2005 04:44:56 GMT")
    assert message.get("Authorization") == 'Digest username="a", realm="b"'
    assert message.get("Date") == "Sat, 15 Oct 2005 04:44:56 GMT"


def test_changing_a_header_drops_its_typed_form() -> None:
    message = invite()
    assert message.cseq.number == 7
    message.set("CSeq", "8 INVITE")
    assert message.cseq.number == 8
    assert message.via.host == "a.example.com"
    message.prepend("v", "SIP/2.0/TCP b.example.com")
    assert message.via.host == "b.example.com"
    message.drop_first("Via")
    assert message.via.host == "a.example.com"
    message.remove("Max-Forwards")
    assert message.max_forwards is None


def test_prepending_an_absent_header_puts_it_on_top() -> None:
    message = invite()
    message.prepend("Route", "<sip:edge.example.com;lr>")
    assert message.encode().split(b"\r\n")[1] == b"Route: <sip:edge.example.com;lr>"


def test_replacing_the_first_value_leaves_the_rest_of_a_list() -> None:
    message = invite()
    message.set("Via", "SIP/2.0/UDP a, SIP/2.0/UDP b")
    message.replace_first("Via", "SIP/2.0/UDP c")
    assert message.all("Via") == ["SIP/2.0/UDP c", "SIP/2.0/UDP b"]


def test_copies_are_independent() -> None:
    message = invite()
    _ = message.from_
    copy = message.copy()
    copy.set("From", "<sip:carol@example.com>;tag=2")
    copy.add("X-A", "1")
    assert message.from_.tag == "1"
    assert "X-A" not in message
    assert copy.method == "INVITE"


def test_typed_properties() -> None:
    message = invite()
    message.add("Supported", "Timer, 100rel")
    message.add("k", "replaces,, ,path")
    message.add("Require", "Timer")
    message.add("Allow", "INVITE, ACK")
    message.add("Content-Type", "Application/SDP ; charset=utf-8")
    assert message.supported == {"timer", "100rel", "replaces", "path"}
    assert message.required == {"timer"}
    assert message.allowed == {"INVITE", "ACK"}
    assert message.content_type == "application/sdp"
    assert message.contacts == []
    assert message.target.user == "bob"
    message.uri = "sip:carol@example.com"
    assert message.target.user == "carol"


def test_missing_and_repeated_headers_raise_only_bad_header() -> None:
    message = Request("INVITE", "sip:a@b")
    for read in (lambda: message.via, lambda: message.call_id, lambda: message.cseq, lambda: message.to):
        with pytest.raises(BadHeader):
            read()
    message.add("To", "<sip:a@b>")
    message.add("To", "<sip:c@d>")
    with pytest.raises(BadHeader, match="more than one"):
        _ = message.to


@pytest.mark.parametrize("value", ["x\r\nEvil: 1", "x\nEvil: 1", "x\rEvil: 1", "x\0", "x\r\n", "\ud800"])
def test_no_header_value_can_add_a_header(value: str) -> None:
    message = invite()
    message.add("Subject", value)
    with pytest.raises(UnsafeMessage):
        message.encode()


@pytest.mark.parametrize("uri", ["sip:a@b SIP/2.0\r\nEvil: 1", "sip:a b", ""])
def test_no_request_uri_can_break_the_start_line(uri: str) -> None:
    message = invite()
    message.uri = uri
    with pytest.raises(UnsafeMessage):
        message.encode()


@pytest.mark.parametrize("name", ["", "Bad Name", "Bad:Name", "Bad\r\nName"])
def test_header_names_must_be_tokens(name: str) -> None:
    with pytest.raises(UnsafeMessage):
        invite().add(name, "x")


def test_reason_phrases_cannot_break_the_status_line() -> None:
    response = Response.answer(invite(), 486, "Busy\r\nEvil: 1")
    with pytest.raises(UnsafeMessage):
        response.encode()


def test_display_names_are_quoted_escaped_and_stripped_of_controls() -> None:
    text = encode_display('Evil" <sip:x@y>\r\nVia: z \\', "sip:a@b.nl")
    assert text == '"Evil\\" <sip:x@y>Via: z \\\\" <sip:a@b.nl>'
    message = invite()
    message.set("From", text)
    assert message.from_.display == 'Evil" <sip:x@y>Via: z \\'
    assert encode_display("Jan de Vries", "sip:a@b.nl", {"tag": "x"}) == "Jan de Vries <sip:a@b.nl>;tag=x"
    assert encode_display("", "sip:a@b.nl") == "<sip:a@b.nl>"


def test_bytes_that_are_not_utf_8_survive_and_are_readable() -> None:
    data = invite().encode().replace(b'"Alice"', b'"Ren\xe9e"')
    message = parse_message(data)
    assert message.from_.display == "Renée"
    assert message.encode() == data


def test_responses_copy_what_rfc_3261_says() -> None:
    request = invite()
    request.add("Record-Route", "<sip:edge.example.com;lr>")
    request.add("Timestamp", "54")
    trying, ringing = Response.answer(request, 100), Response.answer(request, 180, to_tag="t")
    assert trying.get("Timestamp") == "54"
    assert trying.to.tag == ""
    assert "Record-Route" not in trying
    assert ringing.to.tag == "t"
    assert ringing.via == request.via
    assert ringing.call_id == "x1"
    assert ringing.record_routes[0].uri.host == "edge.example.com"
    assert ringing.reason == "Ringing"
    assert "Record-Route" not in Response.answer(request, 486, to_tag="t")
    assert not ringing.final


def test_a_tag_already_there_is_kept() -> None:
    request = invite()
    request.set("To", "<sip:bob@example.com>;tag=mine")
    assert Response.answer(request, 200, to_tag="other").to.tag == "mine"


def living_messages() -> int:
    return sum(isinstance(thing, Message) for thing in gc.get_objects())


def test_messages_are_freed_without_the_cycle_collector() -> None:
    data = invite().encode()
    parse_message(data)
    gc.disable()
    try:
        before = living_messages()
        for _ in range(50):
            message = parse_message(data)
            assert isinstance(message, Request)
            Response.answer(message, 200, to_tag="t").encode()
            message.copy()
        del message
        assert living_messages() == before
    finally:
        gc.enable()


def test_tokens_are_distinct_in_service_and_repeatable_in_simulations() -> None:
    import random

    assert len({new_tag() for _ in range(100)}) == 100
    assert new_branch().startswith("z9hG4bK")
    assert new_call_id() != new_call_id()
    one, two = Tokens(random.Random(1)), Tokens(random.Random(1))
    assert [one.new_tag(), one.new_branch(), one.new_call_id()] == [two.new_tag(), two.new_branch(), two.new_call_id()]
