"""URIs: reading, writing, equivalence (RFC 3261 §19.1, RFC 3966)."""

from __future__ import annotations

import pytest

from kiestoon.sip.uri import BadUri, Uri, parse_uri


@pytest.mark.parametrize(
    ("text", "user", "host", "port"),
    [
        ("sip:alice@atlanta.com", "alice", "atlanta.com", None),
        ("SIPS:Alice@Atlanta.COM:5061", "Alice", "atlanta.com", 5061),
        ("sip:atlanta.com", "", "atlanta.com", None),
        ("sip:+31201234567@192.0.2.1:5060;user=phone", "+31201234567", "192.0.2.1", 5060),
        ("sip:a@[2001:db8::1]:5070;lr", "a", "2001:db8::1", 5070),
        ("sip:*21%23@example.com", "*21#", "example.com", None),
        ("sip:*21#@example.com", "*21#", "example.com", None),
        ("sip:%6A%c3%a9r%C3%B4me@example.com", "jérôme", "example.com", None),
        ("sip:a%00b%0d%0ac%25d%FF@example.com", "a%00b%0D%0Ac%25d%FF", "example.com", None),
    ],
)
def test_parts_are_read(text: str, user: str, host: str, port: int | None) -> None:
    uri = parse_uri(text)
    assert (uri.user, uri.host, uri.port) == (user, host, port)
    assert parse_uri(str(uri)) == uri


@pytest.mark.parametrize(
    "text",
    [
        "", "sip:", "alice@atlanta.com", "sip:alice@", "sip:@atlanta.com", "sip:a@b@c", "sip:a b@c", "sip:a@b:70000",
        "sip:a@b:", "sip:a@b;;lr", "sip:a@b;=x", "sip:a%ZZ@b", "sip:a%4@b", "sip:<a@b>", 'sip:"a"@b', "sip:a@b?x",
        "sip:a@b?=y", "sip:2001:db8::1", "sip:a@[2001:db8::1", "sip:a@b\r\n", "sip:a@b\0", "tel:", "tel:xyz", "tel:+",
        "sip:a@b;x=%4", "1a:b", ":", "sip",
    ],
)  # fmt: skip
def test_garbage_is_refused(text: str) -> None:
    with pytest.raises(BadUri):
        parse_uri(text)


def test_parameters_and_headers() -> None:
    uri = parse_uri("sip:a@b;Transport=TCP;lr;x=1;x=2?subject=hi%20there&Replaces=c%40d%3Bto-tag%3D1&replaces=e")
    assert uri.params == {"transport": "TCP", "lr": None, "x": "1"}
    assert uri.headers == {"Subject": "hi there", "Replaces": "c@d;to-tag=1, e"}
    assert uri.transport == "tcp"
    assert parse_uri(str(uri)) == uri
    assert str(uri.bare()) == "sip:a@b"
    assert str(uri.without_params("x", "lr")).startswith("sip:a@b;transport=TCP?")
    assert uri.with_params(ob=None).params["ob"] is None


def test_a_written_uri_cannot_break_out_of_its_place() -> None:
    uri = Uri("sip", 'a>b@c" \r\n;x', "p:@", "example.com", None, {"n": "v;w=1>"}, {"X": "1&y=2\r\n"})
    assert str(uri) == ("sip:a%3Eb%40c%22%20%0D%0A;x:p%3A%40@example.com;n=v%3Bw%3D1%3E?X=1%26y%3D2%0D%0A")
    assert parse_uri(str(uri)).params == {"n": "v;w=1>"}
    assert str(Uri("mailto", "a@b>\r\n<")) == "mailto:a@b%3E%0D%0A%3C"


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"),
        ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
        ("sip:carol@chicago.com;newparam=5", "sip:carol@chicago.com;security=on"),
        ("sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
         "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com"),
        ("sip:alice@atlanta.com?subject=project%20x&priority=urgent",
         "sip:alice@atlanta.com?priority=urgent&subject=project%20x"),
        ("tel:+1-201-555-0123", "tel:+12015550123"),
        ("tel:863-1234;phone-context=+1-914-555", "TEL:8631234;Phone-Context=+1-914-555"),
    ],
)  # fmt: skip
def test_equivalent_uris_match_both_ways(one: str, two: str) -> None:
    assert parse_uri(one).matches(parse_uri(two))
    assert parse_uri(two).matches(parse_uri(one))


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"),
        ("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"),
        ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"),
        ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"),
        ("sip:a@b", "sips:a@b"),
        ("sip:a:p@b", "sip:a@b"),
        ("tel:+12015550123", "tel:12015550123"),
        ("tel:+1", "sip:+1@b"),
        ("sip:a@b;user=phone", "sip:a@b"),
    ],
)
def test_different_uris_do_not_match(one: str, two: str) -> None:
    assert not parse_uri(one).matches(parse_uri(two))
    assert not parse_uri(two).matches(parse_uri(one))


def test_other_schemes_are_kept_as_they_are() -> None:
    uri = parse_uri("HTTP://www.Example.com/a?b=%20c")
    assert (uri.scheme, uri.user, uri.host) == ("http", "//www.Example.com/a?b=%20c", "")
    assert str(uri) == "http://www.Example.com/a?b=%20c"
    assert not uri.is_sip


def test_tel_numbers_are_kept_as_written() -> None:
    uri = parse_uri("tel:+31-20-123;ext=5")
    assert (uri.user, uri.host, uri.params) == ("+31-20-123", "", {"ext": "5"})
    assert str(uri) == "tel:+31-20-123;ext=5"
