"""Numbers, names, media addresses and what is shown of a party."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiestoon.calls.ids import Ids
from kiestoon.calls.media_pool import MediaPool, host_for
from kiestoon.calls.party import Party, shown_address
from kiestoon.media.protocol import Port

# --- ids -------------------------------------------------------------------------------------------------------------


def test_numbers_count_up_and_a_later_process_begins_above_an_earlier_one() -> None:
    first, second = Ids(1000, random.Random(1)), Ids(1001, random.Random(1))
    numbers = [first.number() for _ in range(1000)]
    assert numbers == sorted(set(numbers))
    assert second.number() > numbers[-1]
    assert second.number() < 1 << 60


def test_numbers_never_fall_on_those_of_adopted_calls() -> None:
    before, after = Ids(1000, random.Random(1)), Ids(1000, random.Random(1))
    used = [before.number() for _ in range(10)]
    for number in used:
        after.go_past(number)
    assert after.number() not in used


@given(st.lists(st.integers(0, 2**45), min_size=2, max_size=20))
def test_call_names_sort_by_time(times: list[int]) -> None:
    ids = Ids(0, random.Random(1))
    names = [ids.call(at) for at in sorted(times)]
    assert [name[:10] for name in names] == sorted(name[:10] for name in names)
    assert len(set(names)) == len(names)
    assert all(len(name) == 18 for name in names)


def test_keys_are_as_long_as_asked() -> None:
    assert len(Ids(0, random.Random(1)).key(30)) == 30


# --- where media goes ------------------------------------------------------------------------------------------------

BEHIND = ("127.0.0.1", "10.0.0.5", "192.0.2.20")
HOSTS = ("127.0.0.1", "192.0.2.2", "fd00::2")


@pytest.mark.parametrize(
    ("hosts", "towards", "chosen"),
    [
        (HOSTS, "192.0.2.99", "192.0.2.2"), (HOSTS, "127.0.0.2", "127.0.0.1"), (HOSTS, "2001:db8::1", "fd00::2"),
        (HOSTS, "", "192.0.2.2"), (HOSTS, "::1", "fd00::2"), (("192.0.2.2",), "2001:db8::1", "192.0.2.2"),
        (("127.0.0.1",), "192.0.2.99", "127.0.0.1"), (("::1", "fd00::2"), "::1", "::1"), ((), "192.0.2.99", ""),
        (BEHIND, "10.0.0.9", "10.0.0.5"), (BEHIND, "192.0.2.99", "192.0.2.20"), (BEHIND, "", "192.0.2.20"),
        (("127.0.0.1", "10.0.0.5"), "192.0.2.99", "10.0.0.5"), (("127.0.0.1", "192.0.2.2"), "10.0.0.9", "192.0.2.2"),
    ],
)  # fmt: skip
def test_a_party_is_given_a_media_address_it_can_reach(hosts: tuple[str, ...], towards: str, chosen: str) -> None:
    assert host_for(hosts, towards) == chosen


class Link:
    def __init__(self, name: str, ports: int, connected: bool = True) -> None:
        self.incarnation, self.ports, self.connected, self.hosts = name, ports, connected, ("192.0.2.2",)

    def lease(self, host: str = "") -> Port | None:
        if not self.ports:
            return None
        self.ports -= 1
        return Port(host, 2 * self.ports)


def test_calls_are_spread_over_connected_media_processes_that_have_ports() -> None:
    pool = MediaPool([Link("a", 2), Link("b", 0), Link("c", 9, connected=False), Link("d", 2)])
    used = [pool.lease("192.0.2.9") for _ in range(5)]
    assert sorted(leased[0].incarnation for leased in used if leased) == ["a", "a", "d", "d"]
    assert used[-1] is None


def test_a_process_is_found_by_incarnation_while_connected() -> None:
    pool = MediaPool([Link("a", 1, connected=False), Link("b", 1)])
    assert pool.find("a") is None
    assert pool.find("b") is pool.links[1]
    assert MediaPool([]).lease("") is None


# --- parties ---------------------------------------------------------------------------------------------------------


@given(st.text(min_size=1, max_size=20), st.text(max_size=20))
def test_a_withheld_identity_is_never_shown_to_the_untrusted(number: str, name: str) -> None:
    shown = shown_address(Party("trunk", number, name, withheld=True), "example.com", trusted=False)
    assert (shown.display, shown.uri.user, shown.uri.host) == ("Anonymous", "anonymous", "anonymous.invalid")


def test_a_trusted_peer_and_everybody_inside_sees_who_calls() -> None:
    hidden = Party("device", "101", "Anna", withheld=True)
    assert shown_address(hidden, "example.com", trusted=True).uri.user == "101"
    plain = shown_address(Party("device", "101", "Anna"), "example.com", trusted=False)
    assert (plain.display, str(plain.uri)) == ("Anna", "sip:101@example.com")


def test_a_party_without_number_is_anonymous() -> None:
    assert shown_address(Party("device", "", "Anna"), "example.com", trusted=True).uri.user == "anonymous"
