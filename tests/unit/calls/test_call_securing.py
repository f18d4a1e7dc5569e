"""Who is taken for a browser, and what of ours a browser gets."""

from __future__ import annotations

import random

import pytest

from kiestoon.calls.ids import Ids
from kiestoon.calls.securing import is_browser
from kiestoon.registrar import Binding
from kiestoon.sip.flow import Flow


def binding(contact: str, transport: str | None) -> Binding:
    flow = Flow(transport, "192.0.2.1", 5060, "192.0.2.2", 5060, 1) if transport else None  # type: ignore[arg-type]
    return Binding(1, contact, 0.0, "c", 1, flow, "192.0.2.2")


@pytest.mark.parametrize(
    ("contact", "transport", "browser"),
    [
        ("sip:x@a1b2.invalid;transport=ws", "wss", True),
        ("sip:x@a1b2.invalid", "ws", True),
        ("sip:x@a1b2.invalid;transport=WSS", "tcp", True),
        ("sip:x@a1b2.invalid;transport=ws", None, True),
        ("sip:x@192.0.2.2;transport=tls", "tls", False),
        ("sip:x@192.0.2.2", "udp", False),
        ("sip:x@192.0.2.2", None, False),
        ("no uri at all", "udp", False),
    ],
)
def test_a_contact_over_websocket_is_a_browser(contact: str, transport: str | None, browser: bool) -> None:
    """By itself, or behind a proxy that speaks something else to us (RFC 7118 §5)."""
    assert is_browser(binding(contact, transport)) is browser


def test_ice_credentials_are_made_of_ice_characters() -> None:
    ids = Ids(1, random.Random(1))
    texts = {ids.text(18) for _ in range(200)}
    assert len(texts) == 200
    assert all(len(text) == 24 and text.replace("+", "a").replace("/", "a").isalnum() for text in texts)
