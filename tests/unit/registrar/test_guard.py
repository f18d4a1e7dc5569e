"""Bans that grow, rates that follow the size of the office."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiestoon.registrar import Guard, GuardSettings
from kiestoon.registrar.sources import Networks, source_key

BAD = "203.0.113.66"


def fail_until_banned(guard, now, host=BAD):
    for count in range(100):
        if not guard.allowed(host):
            return count
        guard.failed(host, f"u{count}", now, proven=True)
    raise AssertionError("never banned")


def test_bans_grow_and_end():
    guard = Guard()
    now = 0.0
    for length in (60, 240, 960):
        assert fail_until_banned(guard, now) == 10
        ban = guard.bans(now)[0]
        assert ban.until - now == length
        guard.handle_timers(now + length - 1)
        assert not guard.allowed(BAD)
        now += length
        assert guard.next_deadline() == now
        guard.handle_timers(now)
        assert guard.allowed(BAD)


def test_ten_failures_in_half_a_minute_ban_though_the_first_has_faded_a_little():
    guard = Guard()
    for count in range(10):
        assert guard.allowed(BAD)
        guard.failed(BAD, "101", now=3.0 * count, proven=True)
    assert not guard.allowed(BAD)


def test_a_good_day_forgives():
    guard = Guard()
    fail_until_banned(guard, 0.0)
    guard.handle_timers(60.0)
    later = 60.0 + 86_400.0
    fail_until_banned(guard, later)
    assert guard.bans(later)[0].level == 1


def test_no_ban_is_longer_than_the_longest():
    guard = Guard(GuardSettings(failures=1))
    now = 0.0
    for _ in range(50):
        guard.failed(BAD, "u", now, proven=True)
        ban = guard.bans(now)[0]
        assert ban.until - now <= 86_400
        now = ban.until
        guard.handle_timers(now)


def test_failures_fade():
    guard = Guard()
    for minute in range(60):
        guard.failed(BAD, f"u{minute}", minute * 120.0, proven=True)
    assert guard.allowed(BAD)


def test_an_ipv6_customer_is_one_source():
    guard = Guard(GuardSettings(failures=2))
    guard.failed("2001:db8:1:2::1", "a", 0.0, proven=True)
    guard.failed("2001:db8:1:2:ffff::9", "b", 0.0, proven=True)
    assert not guard.allowed("2001:db8:1:2::77")
    assert guard.allowed("2001:db8:1:3::1")


def test_mapped_addresses_are_ipv4():
    assert source_key("::ffff:192.0.2.1") == "192.0.2.1"
    assert source_key("192.0.2.1") == "192.0.2.1"
    assert source_key("2001:DB8::1") == "2001:db8::/64"
    assert source_key("fe80::1%eth0") == "fe80::/64"
    assert source_key("not:an:address") == "not:an:address"


def test_exempt_sources_are_never_banned_or_limited():
    guard = Guard(GuardSettings(burst=1, exempt=("127.0.0.0/8", "2001:db8::/32")))
    for host in ("127.0.0.9", "2001:db8::5"):
        for number in range(50):
            guard.failed(host, f"u{number}", 0.0, proven=True)
            guard.suspicious(host, 0.0, "x", weight=100)
            assert guard.admit(host, 0.0)
        assert guard.allowed(host)


def test_a_bad_exempt_range_is_told_at_once():
    with pytest.raises(ValueError, match="nonsense"):
        Networks(("nonsense",))


def test_the_rate_refills():
    guard = Guard(GuardSettings(burst=3, requests_per_s=2))
    assert [guard.admit(BAD, 0.0) for _ in range(5)] == [True, True, True, False, False]
    assert [guard.admit(BAD, 1.0) for _ in range(3)] == [True, True, False]


def test_an_office_of_200_phones_may_all_come_back_at_once():
    office = "198.51.100.7"
    guard = Guard(devices_at=lambda source: 200 if source == office else 0)
    assert all(guard.admit(office, 0.0) for _ in range(2 * 2 * 200))
    assert not all(guard.admit(BAD, 0.0) for _ in range(2 * 2 * 200))


def test_many_different_failing_names_ban_even_an_office():
    guard = Guard(devices_at=lambda source: 5)
    for number in range(30):
        guard.failed(BAD, f"guess{number}", 0.0, proven=True)
    assert not guard.allowed(BAD)


def test_the_operator_lists_lifts_and_sets_bans():
    guard = Guard()
    guard.ban("2001:db8::1", 0.0, 600.0)
    fail_until_banned(guard, 0.0)
    assert [(ban.source, ban.reason) for ban in guard.bans(0.0)] == [
        ("2001:db8::/64", "by hand"),
        (BAD, "failed logins"),
    ]
    assert guard.unban("2001:db8::99")
    assert guard.unban(BAD)
    assert not guard.unban(BAD)
    assert guard.bans(0.0) == []
    assert guard.allowed(BAD)


def test_a_lifted_ban_does_not_come_back_with_its_timer():
    guard = Guard()
    guard.ban(BAD, 0.0, 60.0)
    guard.unban(BAD)
    guard.ban(BAD, 10.0, 600.0)
    guard.handle_timers(60.0)
    assert not guard.allowed(BAD)


def test_memory_is_bounded():
    guard = Guard(GuardSettings(max_sources=100, failures=3))
    for number in range(2_000):
        host = f"10.0.{number >> 8}.{number & 255}"
        guard.admit(host, 0.0)
        guard.failed(host, "x" * 60, 0.0, proven=True, weight=3 if number % 2 else 1)
    for number in range(2_000):
        guard.failed("198.51.100.1", f"user{number}", number * 1000.0, proven=True)
    assert len(guard._sources) <= 101
    assert len(guard._bans) <= 100
    assert len(guard._active) <= 100
    assert all(len(source.pairs) <= 256 for source in guard._sources.values())


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 3), st.floats(0, 500)), max_size=80))
@settings(max_examples=60)
def test_whatever_happens_every_ban_ends(steps):
    guard = Guard(GuardSettings(failures=2, longest_ban_s=1_000))
    now = 0.0
    for what, source, passed in steps:
        now += passed
        guard.handle_timers(now)
        host = f"192.0.2.{source}"
        if what == "a":
            guard.failed(host, what, now, proven=bool(source))
        elif what == "b":
            guard.suspicious(host, now, "test")
        elif what == "c":
            guard.admit(host, now)
        else:
            guard.unban(host)
    guard.handle_timers(now + 1_001)
    assert guard.bans(now + 1_001) == []
    assert all(guard.allowed(f"192.0.2.{source}") for source in range(4))


def test_an_office_whose_phones_start_at_once_gets_every_lamp() -> None:
    registered = 0
    guard = Guard(None, lambda _: registered)
    refused = 0
    for phone in range(20):
        now = phone * 0.3
        refused += sum(not guard.admit("192.0.2.9", now) for _ in range(2))
        registered += 1
        refused += sum(not guard.admit("192.0.2.9", now + lamp * 0.002) for lamp in range(100))
    assert refused == 0


def test_registering_again_and_again_brings_no_more_requests() -> None:
    registered = [1]
    settings = GuardSettings(burst=10, burst_per_device=20, requests_per_s=0, requests_per_s_per_device=0)
    guard = Guard(settings, lambda _: registered[0])
    admitted = 0
    for turn in range(20):
        registered[0] = turn % 2
        admitted += sum(guard.admit("192.0.2.9", 1.0) for _ in range(20))
    assert admitted <= 30
