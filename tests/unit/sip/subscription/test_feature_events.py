"""Feature keys: what phones send, what they are told."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from email import message_from_string

import pytest

from kiestoon.sip.message import Request
from kiestoon.sip.subscription.feature_events import (
    CONTENT_TYPE,
    DOCUMENT_TYPE,
    Forwarding,
    SetDoNotDisturb,
    SetForwarding,
    Wish,
    encode_features,
    parse_wish,
)

CSTA = 'xmlns="http://www.ecma-international.org/standards/ecma-323/csta/ed3"'
DND = f"<SetDoNotDisturb {CSTA}><device></device><doNotDisturbOn>%s</doNotDisturbOn></SetDoNotDisturb>"
FORWARD = (
    f"<SetForwarding {CSTA}><device>7659366</device><activateForward>%s</activateForward>"
    "<forwardingType>%s</forwardingType><forwardDN>%s</forwardDN><ringCount>%s</ringCount></SetForwarding>"
)


def wish(body: bytes, kind: str = DOCUMENT_TYPE) -> Wish | None:
    request = Request("SUBSCRIBE", "sip:101@x")
    request.add("Content-Type", kind)
    request.body = body
    return parse_wish(request)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (DND % "true", SetDoNotDisturb(True)),
        (DND % " False\n", SetDoNotDisturb(False)),
        ((DND % "1").replace(CSTA, ""), SetDoNotDisturb(True)),
        (FORWARD % ("true", "forwardImmediate", "2424", ""), SetForwarding(Forwarding("forwardImmediate", "2424"))),
        (FORWARD % ("true", "forwardNoAns", "+31201", "3"), SetForwarding(Forwarding("forwardNoAns", "+31201", 3))),
        (FORWARD % ("false", "forwardBusy", "2424", "x"), SetForwarding(Forwarding("forwardBusy"))),
        (FORWARD % ("true", "forwardBusy", "", ""), None),
        (FORWARD % ("true", "forwardSometimes", "1", ""), None),
        (DND % "perhaps", None),
        (f"<SetAgentState {CSTA}/>", None),
        ("<SetDoNotDisturb>", None),
        ("", None),
    ],
)
def test_a_wish_is_read_as_phones_write_it(body: str, expected: Wish | None) -> None:
    head = '<?xml version="1.0" encoding="ISO-8859-1"?>\n'
    assert wish((head + body).encode()) == expected


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_are_never_expanded(encoding: str) -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "true">]>' + DND % "&a;"
    assert wish(bomb.encode(encoding)) is None


def test_what_is_too_long_or_of_another_kind_is_no_wish() -> None:
    assert wish((DND % "true" + " " * 5000).encode()) is None
    assert wish((DND % "true").encode(), "application/sdp") is None


def test_a_notify_tells_one_document_for_each_feature() -> None:
    told = encode_features(
        "<101>", do_not_disturb=True, forwardings=[Forwarding("forwardBusy"), Forwarding("forwardNoAns", "1<2", 3)]
    )
    parts = message_from_string(f"Content-Type: {CONTENT_TYPE}\r\n\r\n{told}").get_payload()
    assert [part.get_content_type() for part in parts] == [DOCUMENT_TYPE] * 3  # type: ignore[union-attr]
    documents = [ET.fromstring(part.get_payload().strip()) for part in parts]  # type: ignore[union-attr,arg-type]
    assert [[field.text for field in each] for each in documents] == [
        ["<101>", "true"],
        ["<101>", "forwardBusy", "false"],
        ["<101>", "forwardNoAns", "true", "1<2", "3"],
    ]
