"""RFC 4475 and RFC 5118: every message with the outcome its document asks for."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from kiestoon.sip.digest import find_authorization
from kiestoon.sip.framing import StreamFramer
from kiestoon.sip.headers import lenient, parse_date, parse_retry_after, parse_warning
from kiestoon.sip.message import Request, Response
from kiestoon.sip.parse import BadMessage, parse_message
from kiestoon.sip.uri import parse_uri
from kiestoon.sip.validate import Supports, check_request, check_response

_spec = importlib.util.spec_from_file_location("torture_loader", Path(__file__).parent / "torture" / "loader.py")
assert _spec is not None
assert _spec.loader is not None
_loader = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_loader)
RFC4475: dict[str, bytes] = _loader.RFC4475
RFC5118: dict[str, bytes] = _loader.RFC5118

SUPPORTS = Supports(
    methods=frozenset({"INVITE", "OPTIONS", "REGISTER", "BYE", "MESSAGE", "CANCEL"}),
    options=frozenset({"timer"}),
    body_types=frozenset({"application/sdp", "multipart/mixed"}),
)
VALID = [
    "wsinv", "esc01", "escnull", "lwsdisp", "longreq", "dblreq", "semiuri", "transports", "mpart01",
    "badbranch", "zeromf", "cparam01", "cparam02", "regescrt", "inv2543", "baddate",
]  # fmt: skip
REFUSED_BY_PARSER = {
    "badinv01": 400, "clerr": 400, "ncl": 400, "scalar02": 400, "quotbal": 400, "ltgtruri": 400, "lwsruri": 400,
    "lwsstart": 400, "trws": 400, "regbadct": 400, "badaspec": 400, "baddn": 400, "badvers": 505, "mismatch01": 400,
    "mismatch02": 400, "insuf": 400, "multi01": 400, "mcl01": 400,
}  # fmt: skip
REFUSED_BY_CORE = {
    "intmeth": 501, "esc02": 501, "escruri": 400, "unkscm": 416, "novelsc": 416, "unksm2": 400, "bext01": 420,
    "invut": 415, "sdp01": 406,
}  # fmt: skip
DISCARDED = ["scalarlg", "bigcode"]
RESPONSES = ["unreason", "noreason", "bcast"]


def request(name: str) -> Request:
    message = parse_message(RFC4475[name])
    assert isinstance(message, Request)
    return message


def test_no_message_of_rfc_4475_is_left_out() -> None:
    named = [*VALID, *REFUSED_BY_PARSER, *REFUSED_BY_CORE, *DISCARDED, *RESPONSES, "regaut01"]
    assert sorted(named) == sorted(RFC4475)
    assert len(RFC4475) == 49


@pytest.mark.parametrize("name", VALID)
def test_valid_requests_pass_parser_and_core(name: str) -> None:
    assert check_request(request(name), SUPPORTS) is None


@pytest.mark.parametrize(("name", "status"), REFUSED_BY_PARSER.items())
def test_broken_requests_are_answered(name: str, status: int) -> None:
    with pytest.raises(BadMessage) as caught:
        parse_message(RFC4475[name])
    bad = caught.value
    assert bad.status == status
    assert bad.response is not None
    assert bad.response.status == status
    assert parse_via_text(bad.response) == parse_via_text_of(RFC4475[name])


def parse_via_text(response: Response) -> str | None:
    for line in response.encode().decode("utf-8", "surrogateescape").split("\r\n"):
        if line.startswith("Via: "):
            return line[5:].strip()
    return None


def parse_via_text_of(data: bytes) -> str | None:
    for line in data.decode("utf-8", "surrogateescape").split("\r\n"):
        if line.startswith("Via:"):
            return line[4:].strip()
    return None


@pytest.mark.parametrize(("name", "status"), REFUSED_BY_CORE.items())
def test_well_formed_requests_beyond_us_are_refused_by_the_core(name: str, status: int) -> None:
    refusal = check_request(request(name), SUPPORTS)
    assert refusal is not None
    assert refusal.status == status
    assert refusal.encode()


@pytest.mark.parametrize("name", DISCARDED)
def test_broken_responses_are_dropped_in_silence(name: str) -> None:
    with pytest.raises(BadMessage) as caught:
        parse_message(RFC4475[name])
    assert caught.value.status == 0
    assert caught.value.response is None


@pytest.mark.parametrize("name", [n for n in RFC4475 if n not in (*REFUSED_BY_PARSER, *DISCARDED)])
def test_what_parses_survives_a_round_trip(name: str) -> None:
    message = parse_message(RFC4475[name])
    again = parse_message(message.encode())
    assert list(again.items()) == list(message.items())
    assert again.body == message.body
    assert again.start_line() == message.start_line()


def test_wsinv_is_read_through_all_its_folds() -> None:
    message = request("wsinv")
    assert message.to.tag == "1918181833n"
    assert message.from_.display == 'J Rosenberg \\"'
    assert message.from_.tag == "98asjd8"
    assert message.max_forwards == 68
    assert (message.cseq.number, message.cseq.method) == (9, "INVITE")
    assert [via.split("/")[2].split()[0] for via in message.all("Via")] == ["UDP", "TCP", "UDP"]
    assert message.via.host == "192.0.2.2"
    assert message.via.branch == "390skdjuw"
    assert message.get("Subject") == ""
    assert message.get("newfangledheader") == "newfangled value continued newfangled value"
    assert message.all("UnknownHeaderWithUnusualValue") == [";;,,;;,;"]
    assert message.routes[0].uri.params == {"lr": None, "unknownwith": "value", "unknown-no-value": None}
    contact = message.contacts[0]
    assert contact.display == 'Quoted string ""'
    assert contact.params == {"newparam": "newvalue", "secondparam": None, "q": "0.33"}


def test_intmeth_keeps_every_odd_character() -> None:
    message = request("intmeth")
    assert message.method == "!interesting-Method0123456789_*+`.%indeed'~"
    assert message.target.user == "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*"
    assert message.target.password == "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)"
    assert message.to.display == "BEL: NUL: DEL:"
    assert message.from_.params["fromparam''~+*_!.-%"] == "работающий"
    assert message.from_.tag == "_token~1'+`*%!-."
    assert message.get("extensionHeader-!.%*+_`'~") == "\ufeff大停電"
    assert b"NUL:\\\x00 DEL" in Response.answer(message, 501).encode()


def test_esc01_resolves_escapes_once() -> None:
    message = request("esc01")
    assert message.target.user == "sips:user@example.com"
    assert message.target.host == "example.net"
    assert message.to.uri.matches(parse_uri("sip:user@example.com"))
    assert message.from_.uri.user == "I have spaces"
    contact = message.contacts[0].uri
    assert contact.params == {"lr": None, "name": "value%2541"}
    assert contact.matches(parse_uri("sip:caller@host5.example.net;lr;name=value%2541"))


def test_escnull_addresses_differ_by_their_number_of_nulls() -> None:
    one, two = request("escnull").contacts
    assert one.uri.user == "%00"
    assert not one.uri.matches(two.uri)


def test_esc02_takes_percent_signs_in_tokens_literally() -> None:
    message = request("esc02")
    assert message.method == "RE%47IST%45R"
    assert message.to.display == "%Z%45"
    assert [contact.uri.user for contact in message.contacts] == ["alias1", "alias3"]
    assert message.get("C%6Fntact") == "<sip:alias2@host2.example.com>"


def test_longreq_keeps_all_vias() -> None:
    message = request("longreq")
    assert len(message.all("Via")) == 34
    assert message.to.uri.port == 6000
    assert len(message.from_.tag) == 155


def test_dblreq_is_one_request_in_a_datagram_and_two_in_a_stream() -> None:
    assert request("dblreq").body == b""
    first, second = StreamFramer().feed(RFC4475["dblreq"])
    assert isinstance(first, Request)
    assert isinstance(second, Request)
    assert (first.method, second.method) == ("REGISTER", "INVITE")
    assert len(second.body) == 150


def test_semiuri_has_its_semicolon_in_the_user_part() -> None:
    message = request("semiuri")
    assert message.target.user == "user;par=u@example.net"
    assert message.target.params == {}
    assert len(message.all("Accept")) == 6


def test_mpart01_body_is_kept_octet_for_octet() -> None:
    message = request("mpart01")
    assert len(message.body) == 553
    assert message.content_type == "multipart/mixed"
    assert bytes.fromhex("3082015206092A864886F70D") in message.body


def test_reason_phrases_may_be_unusual_or_empty() -> None:
    unusual, empty = parse_message(RFC4475["unreason"]), parse_message(RFC4475["noreason"])
    assert isinstance(unusual, Response)
    assert isinstance(empty, Response)
    assert unusual.reason == "= 2**3 * 5**2 но сто девяносто девять - простое"
    assert empty.reason == ""
    assert empty.start_line() == "SIP/2.0 100 "
    assert check_response(unusual)


def test_scalarlg_numbers_are_refused_one_by_one() -> None:
    assert lenient(parse_retry_after, "949302838503028349304023988") is None
    assert lenient(parse_warning, '1812 overture "In Progress"') is None


def test_baddate_is_ignored() -> None:
    assert lenient(parse_date, request("baddate").get("Date")) is None


def test_badbranch_does_not_identify_a_transaction() -> None:
    assert not request("badbranch").via.is_rfc3261
    assert request("semiuri").via.is_rfc3261


def test_bext01_lists_what_is_unsupported_for_each_role() -> None:
    message = request("bext01")
    refusal = check_request(message, SUPPORTS)
    assert refusal is not None
    assert refusal.all("Unsupported") == ["nothingSupportsThis", "nothingSupportsThisEither"]
    forwarded = check_request(message, SUPPORTS, forwarding=True)
    assert forwarded is not None
    assert "noProxiesSupportThis" in forwarded.all("Unsupported")


def test_regaut01_carries_no_credentials_we_know() -> None:
    message = request("regaut01")
    assert check_request(message, SUPPORTS) is None
    assert find_authorization(message, "example.com") is None


def test_bcast_response_has_a_via_too_many() -> None:
    message = parse_message(RFC4475["bcast"])
    assert isinstance(message, Response)
    assert not check_response(message)


def test_zeromf_goes_no_further() -> None:
    refusal = check_request(request("zeromf"), SUPPORTS, forwarding=True)
    assert refusal is not None
    assert refusal.status == 483


def test_contact_parameters_belong_to_the_header_without_brackets_and_to_the_uri_within() -> None:
    header, uri = request("cparam01").contacts[0], request("cparam02").contacts[0]
    assert (header.params, header.uri.params) == ({"unknownparam": None}, {})
    assert (uri.params, uri.uri.params) == ({}, {"unknownparam": None})


def test_regescrt_keeps_the_escaped_route() -> None:
    assert request("regescrt").contacts[0].uri.headers == {"Route": "<sip:sip.example.com>"}


def test_inv2543_is_served() -> None:
    message = request("inv2543")
    assert message.from_.tag == ""
    assert message.via.branch == ""
    assert message.to.params == {"user": "phone"}
    assert message.body.startswith(b"v=0")


@pytest.mark.parametrize("name", RFC5118)
def test_rfc_5118_messages(name: str) -> None:
    if name == "ipv6-bad":
        with pytest.raises(BadMessage) as caught:
            parse_message(RFC5118[name])
        assert caught.value.status == 400
        return
    message = parse_message(RFC5118[name])
    again = parse_message(message.encode())
    assert list(again.items()) == list(message.items())


def test_rfc_5118_ports_and_addresses() -> None:
    def of(name: str) -> Request:
        message = parse_message(RFC5118[name])
        assert isinstance(message, Request)
        return message

    assert (of("port-ambiguous").target.host, of("port-ambiguous").target.port) == ("2001:db8::10:5070", None)
    assert (of("port-unambiguous").target.host, of("port-unambiguous").target.port) == ("2001:db8::10", 5070)
    assert of("via-received-param-with-delim").via.received == "2001:db8::9:255"
    assert of("via-received-param-no-delim").via.received == "2001:db8::9:255"
    assert of("mult-ip-in-header").via.port == 6050
    assert of("ipv4-mapped-ipv6").via.host == "::ffff:192.0.2.10"
    assert str(of("port-unambiguous").target) == "sip:[2001:db8::10]:5070"
