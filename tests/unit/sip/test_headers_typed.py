"""Typed headers: each reads what its RFC shows, writes it back, and refuses garbage with BadHeader only."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from kiestoon.sip import headers as h
from kiestoon.sip.headers.identity import asserted_identities, is_private, parse_privacy, privacy_of
from kiestoon.sip.loops import is_loop, loop_mark, mark_branch, own_vias
from kiestoon.sip.message import Request
from kiestoon.sip.uri import parse_uri

ROUND_TRIPS: list[tuple[Callable[[str], object], str]] = [
    (h.parse_name_addr, '"A. \\"G\\" Bell" <sip:agb@bell.example.com>;tag=a48s'),
    (h.parse_name_addr, "<sip:a@b;lr>;+sip.instance=\"<urn:uuid:1>\""),
    (h.parse_via, "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1;rport"),
    (h.parse_via, "SIP/2.0/WSS [2001:db8::1];branch=z9hG4bK1;received=\"[2001:db8::2]\""),
    (h.parse_cseq, "4711 INVITE"),
    (h.parse_rack, "776656 1 INVITE"),
    (h.parse_reason, 'SIP;cause=200;text="Call completed elsewhere"'),
    (h.parse_reason, "Q.850;cause=16"),
    (h.parse_retry_after, "18000;duration=3600"),
    (h.parse_warning, '307 isi.edu "Session parameter \'foo\' not understood"'),
    (h.parse_alert_info, "<urn:alert:source:internal>;info=x"),
    (h.parse_session_expires, "4000;refresher=uac"),
    (h.parse_session_expires, "1800"),
    (h.parse_replaces, "425928@bobster.example.org;to-tag=7743;from-tag=6472;early-only"),
    (h.parse_target_dialog, "fa77as7dad8-sd98ajzz@host.example.com;local-tag=kkaz-;remote-tag=6544"),
    (h.parse_event, "dialog;id=5;call-id=x"),
    (h.parse_subscription_state, "terminated;reason=timeout;retry-after=10"),
    (h.parse_subscription_state, "active;expires=599"),
    (h.parse_diversion, "Bob <sip:bob@x.nl>;reason=user-busy;counter=2;privacy=off"),
    (h.parse_history_entry, "<sip:bob@x.nl;cause=302>;index=1.1;rc=1"),
]  # fmt: skip


@pytest.mark.parametrize(("parse", "text"), ROUND_TRIPS)
def test_what_is_read_is_written_back_alike(parse: Callable[[str], object], text: str) -> None:
    value = parse(text)
    assert parse(str(value)) == value
    assert str(parse(str(value))) == str(value)


GARBAGE = ["", ";", "=", '"', "<", "a;b;;c", ";=", '"a', "a" * 50 + '="', "\udcff", "99999999999999999999;x=y;;", " , "]
PARSERS = [
    h.parse_name_addr, h.parse_contact, h.parse_via, h.parse_cseq, h.parse_rack, h.parse_rseq, h.parse_reason,
    h.parse_retry_after, h.parse_warning, h.parse_alert_info, h.parse_session_expires, h.parse_min_se, h.parse_expires,
    h.parse_max_breadth, h.parse_date, h.parse_replaces, h.parse_target_dialog, h.parse_refer_to, h.parse_referred_by,
    h.parse_event, h.parse_subscription_state, h.parse_diversion, h.parse_history_entry, h.parse_history,
    h.parse_reasons, h.parse_name_addrs, parse_privacy,
]  # fmt: skip


@pytest.mark.parametrize("parse", PARSERS)
@pytest.mark.parametrize("text", GARBAGE)
def test_garbage_raises_bad_header(parse: Callable[[str], object], text: str) -> None:
    with pytest.raises(h.BadHeader):
        parse(text)
    assert h.lenient(parse, text) is None
    assert h.lenient(parse, None) is None


def test_name_addr_forms() -> None:
    assert h.parse_name_addr("sip:a@b;tag=1").params == {"tag": "1"}
    assert h.parse_name_addr("<sip:a@b;x=y>").uri.params == {"x": "y"}
    assert h.parse_name_addr("J. Doe (sales) <sip:a@b>").display == "J. Doe (sales)"
    assert h.parse_name_addr('"x" <sip:a@b> ; tag = 1').tag == "1"
    assert h.parse_name_addr("<sip:a@b>;Tag=1;tag=2").tag == "1"
    assert h.parse_contact(" * ").star
    assert str(h.parse_contact("*")) == "*"
    assert h.parse_name_addr("<sip:a@b>").with_tag("z").tag == "z"
    assert [n.uri.user for n in h.parse_name_addrs('"a,b" <sip:x@y>, sip:z@y')] == ["x", "z"]


@pytest.mark.parametrize(
    "text",
    ["a, b <sip:a@b>", '"a" sip:a@b', "<sip:a@b", '"a <sip:a@b>', "sip:a@b?x=y", "sip:a@b,c", "<>", "<sip:a@b>x"],
)
def test_bad_addresses(text: str) -> None:
    with pytest.raises(h.BadHeader):
        h.parse_name_addr(text)


def test_via_details() -> None:
    via = h.parse_via("sip/2.0/udp [::1]:5060 ;received=192.0.2.7;rport=4000;branch=z9hG4bKx")
    assert (via.transport, via.host, via.port, via.received, via.rport) == ("UDP", "::1", 5060, "192.0.2.7", 4000)
    assert h.parse_via("SIP/2.0/UDP a;rport=99999").rport is None
    assert h.parse_via("SIP/2.0/UDP a;rport").params == {"rport": None}
    assert str(h.Via("TLS", "::1", 5061, {"branch": "z9hG4bK1"})) == "SIP/2.0/TLS [::1]:5061;branch=z9hG4bK1"
    with pytest.raises(h.BadHeader):
        h.parse_via("SIP/2.0/UDP a:65536")


def test_numbers_have_their_limits() -> None:
    assert h.parse_cseq("2147483647 BYE").number == 2147483647
    for text in ("2147483648 BYE", "4294967296 BYE", "-1 BYE", "1 B/E", "1"):
        with pytest.raises(h.BadHeader):
            h.parse_cseq(text)
    with pytest.raises(h.BadHeader):
        h.parse_rseq("0")
    with pytest.raises(h.BadHeader):
        h.parse_expires("4294967296")
    assert h.parse_expires("4294967295") == 4294967295


def test_dates_are_gmt_only() -> None:
    time = h.parse_date("Sat, 13 Nov 2010 23:29:00 GMT")
    assert time == datetime(2010, 11, 13, 23, 29, tzinfo=UTC)
    assert h.encode_date(time) == "Sat, 13 Nov 2010 23:29:00 GMT"
    with pytest.raises(h.BadHeader):
        h.parse_date("Sat, 31 Feb 2010 23:29:00 GMT")


def test_refer_to_may_name_a_dialog() -> None:
    refer = h.parse_refer_to("<sip:bob@example.com?Replaces=a%2540b%3Bto-tag%3D1%3Bfrom-tag%3D2&Require=replaces>")
    replaces = h.embedded_replaces(refer)
    assert replaces == h.Replaces("a%40b", "1", "2")
    assert h.embedded_replaces(h.parse_refer_to("<sip:bob@example.com>")) is None
    with pytest.raises(h.BadHeader):
        h.embedded_replaces(h.parse_refer_to("<sip:bob@example.com?Replaces=x>"))


def test_a_written_replaces_fits_into_a_uri_and_comes_back() -> None:
    replaces = h.Replaces("a%40b@c", "t1", "f1", early_only=True)
    uri = parse_uri("sip:bob@example.com")
    refer = h.NameAddr("", type(uri)(uri.scheme, uri.user, "", uri.host, None, {}, {"Replaces": str(replaces)}))
    again = h.embedded_replaces(h.parse_refer_to(str(refer)))
    assert again is not None
    assert (again.to_tag, again.from_tag, again.early_only) == ("t1", "f1", True)


def test_privacy_that_cannot_be_read_hides() -> None:
    message = Request("INVITE", "sip:a@b", [("Privacy", "id;critical")])
    assert privacy_of(message) == {"id", "critical"}
    assert is_private(message)
    message.set("Privacy", "none")
    assert not is_private(message)
    message.set("Privacy", "\0;;")
    assert is_private(message)
    message.remove("Privacy")
    assert not is_private(message)


def test_asserted_identities_are_one_sip_and_one_tel() -> None:
    message = Request("INVITE", "sip:a@b")
    message.add("P-Asserted-Identity", '"Jan" <sip:+3120@x.nl>, tel:+3120, <sip:second@x.nl>, <mailto:a@b>')
    message.add("P-Asserted-Identity", "garbage<")
    assert [str(a.uri) for a in asserted_identities(message)] == ["sip:+3120@x.nl", "tel:+3120"]


def test_history_tells_causes_and_privacy() -> None:
    first, second = h.parse_history(
        "<sip:a@x.nl?Privacy=history&Reason=SIP%3Bcause%3D302>;index=1, <sip:b@x.nl;cause=486>;index=1.1;mp=1"
    )
    assert first.private
    assert first.reason == "SIP;cause=302"
    assert first.cause is None
    assert (second.cause, second.index, second.kind, second.origin) == (486, (1, 1), "mp", (1,))


def loop_request() -> Request:
    return Request(
        "INVITE",
        "sip:bob@example.com",
        [
            ("Via", "SIP/2.0/UDP other.nl;branch=z9hG4bK1"),
            ("From", "<sip:a@b>;tag=1"),
            ("To", "<sip:bob@example.com>"),
            ("Call-ID", "c"),
            ("CSeq", "1 INVITE"),
        ],
    )


def test_an_unchanged_request_that_returns_is_a_loop_and_a_changed_one_a_spiral() -> None:
    request, own = loop_request(), {("pbx.nl", 5060)}
    mark = loop_mark(request, b"key")
    assert not is_loop(request, own, mark)
    request.prepend("Via", f"SIP/2.0/UDP pbx.nl:5060;branch={mark_branch('z9hG4bK2', mark)}")
    request.prepend("Via", "SIP/2.0/UDP another.nl;branch=z9hG4bK3")
    assert loop_mark(request, b"key") == mark
    assert is_loop(request, own, mark)
    assert len(own_vias(request, own)) == 1
    request.uri = "sip:carol@example.com"
    assert not is_loop(request, own, loop_mark(request, b"key"))
