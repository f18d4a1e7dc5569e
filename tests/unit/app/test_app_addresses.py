"""Which addresses speech is sent from, and what the world is told they are."""

from __future__ import annotations

import pytest

from kiestoon.app import addresses
from kiestoon.app.addresses import media_hosts
from kiestoon.app.config import MediaSettings, Settings, SipSettings

LOOPBACK, OWN, OWN6 = ("127.0.0.1", ""), ("10.0.0.5", ""), ("fd00::5", "")


@pytest.mark.parametrize(
    ("advertised", "expected"),
    [
        ("", (LOOPBACK, OWN, OWN6)),
        ("198.51.100.20", (LOOPBACK, OWN, OWN6, ("10.0.0.5", "198.51.100.20"))),
        ("2001:db8::20", (LOOPBACK, OWN, OWN6, ("fd00::5", "2001:db8::20"))),
        ("10.0.0.5", (LOOPBACK, OWN, OWN6)),
        ("pbx.example.com", (LOOPBACK, OWN, OWN6)),
    ],
)
def test_outward_address_is_known_by_the_advertised_one_too(
    monkeypatch: pytest.MonkeyPatch, advertised: str, expected: tuple[tuple[str, str], ...]
) -> None:
    monkeypatch.setattr(addresses, "outward_addresses", lambda: ("10.0.0.5", "fd00::5"))
    assert media_hosts(Settings(sip=SipSettings(advertised_host=advertised))) == expected


def test_addresses_in_the_settings_are_taken_as_they_are() -> None:
    hosts = ("10.0.0.5", "10.0.0.5=198.51.100.20")
    settings = Settings(media=MediaSettings(hosts=hosts), sip=SipSettings(advertised_host="203.0.113.1"))
    assert media_hosts(settings) == (OWN, ("10.0.0.5", "198.51.100.20"))
