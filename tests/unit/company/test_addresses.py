"""Addresses phones may call outside from (DEV-5)."""

from __future__ import annotations

import pytest

from kiestoon.company.addresses import AllowedAddresses
from kiestoon.company.model import AllowedAddress

LIST = AllowedAddresses(
    AllowedAddress(id=number, company_id=1, first_address=first, last_address=last)
    for number, (first, last) in enumerate(
        [("192.0.2.16", ""), ("198.51.100.0", "198.51.100.63"), ("2001:db8::1", "2001:db8::ff"), ("broken", "")]
    )
)


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("192.0.2.16", True),
        ("192.0.2.17", False),
        ("::ffff:192.0.2.16", True),
        ("198.51.100.0", True),
        ("198.51.100.63", True),
        ("198.51.100.64", False),
        ("2001:db8::1", True),
        ("2001:0db8::00FF", True),
        ("2001:db8::100", False),
        ("::c000:210", False),  # the number of 192.0.2.16, of the other version
        ("broken", False),
        ("", False),
    ],
)
def test_what_is_on_the_list_is_allowed(host: str, allowed: bool) -> None:
    assert (host in LIST) == allowed


def test_an_empty_list_allows_nothing() -> None:
    assert "192.0.2.16" not in AllowedAddresses(())
