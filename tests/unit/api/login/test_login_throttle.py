"""Slowing down guesses without locking the owner out."""

from __future__ import annotations

import asyncio
from collections import Counter

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from login_house import House, log_in

from kiestoon.api.login.throttle import ACCOUNT, CLIENT, SOURCE, Attempt, Throttle
from kiestoon.api.networks import network_of

ANNA = "anna@noord.example"


async def test_after_five_failures_each_further_one_doubles_the_wait(house: House, browser: httpx.AsyncClient) -> None:
    house.add_account("anna")
    for _ in range(5):
        assert (await log_in(browser, ANNA, "wrong")).status_code == 401
    refused = await log_in(browser, ANNA)
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (429, "wait")
    assert int(refused.headers["retry-after"]) <= 2
    house.now_s += 1
    assert (await log_in(browser, ANNA, "wrong")).status_code == 401
    house.now_s += 1
    assert (await log_in(browser, ANNA)).status_code == 429
    house.now_s += 1
    assert (await log_in(browser, ANNA)).status_code == 200


async def test_many_guesses_at_once_are_no_more_than_one_after_the_other(
    house: House, browser: httpx.AsyncClient
) -> None:
    house.add_account("anna")
    answers = await asyncio.gather(*(log_in(browser, ANNA, f"guess {number}") for number in range(20)))
    assert Counter(answer.status_code for answer in answers) == {401: 5, 429: 15}


async def test_right_passwords_never_make_anybody_wait(house: House) -> None:
    house.add_account("anna")
    for _ in range(SOURCE.free + 10):
        async with house.client() as client:
            assert (await log_in(client, ANNA)).status_code == 200


async def test_the_owner_gets_in_from_elsewhere_while_somebody_guesses(house: House) -> None:
    house.add_account("anna")
    async with house.client("198.51.100.7") as thief, house.client("192.0.2.10") as owner:
        for _ in range(20):
            await log_in(thief, ANNA, "wrong")
        assert (await log_in(thief, ANNA)).status_code == 429
        assert (await log_in(owner, ANNA)).status_code == 200


async def test_a_known_browser_gets_in_even_at_the_guessers_address(house: House) -> None:
    house.add_account("anna")
    async with house.client("198.51.100.7") as thief, house.client("198.51.100.7") as owner:
        assert (await log_in(owner, ANNA)).status_code == 200
        for _ in range(20):
            await log_in(thief, ANNA, "wrong")
        assert (await log_in(thief, ANNA)).status_code == 429
        assert (await log_in(owner, ANNA)).status_code == 200


async def test_a_known_browsers_cookie_does_not_free_it_from_waiting(house: House) -> None:
    house.add_account("anna")
    async with house.client() as stolen:
        await log_in(stolen, ANNA)
        answers = [(await log_in(stolen, ANNA, "wrong")).status_code for _ in range(7)]
    assert answers == [401] * 5 + [429] * 2


async def test_a_device_cookie_is_good_for_its_own_account_only(house: House) -> None:
    house.add_account("anna")
    house.add_account("thief")
    async with house.client() as thief:
        await log_in(thief, "thief@noord.example")
        answers = [(await log_in(thief, ANNA, "wrong")).status_code for _ in range(7)]
        assert 429 in answers
        thief.cookies.set("__Host-kiestoon_device", "00ff", domain="phones.example.org", path="/")
        assert (await log_in(thief, ANNA, "wrong")).status_code == 429


async def test_names_that_do_not_exist_are_slowed_down_alike(house: House) -> None:
    house.add_account("anna")
    answers = {}
    for login in (ANNA, "nobody@noord.example"):
        async with house.client("198.51.100.9" if login == ANNA else "198.51.100.8") as client:
            answers[login] = [(await log_in(client, login, "wrong")).status_code for _ in range(8)]
    assert answers[ANNA] == answers["nobody@noord.example"]


def test_many_sources_against_one_account_cost_the_owner_a_minute_at_most() -> None:
    throttle = Throttle()
    for number in range(5000):
        throttle.failed(Attempt("#1", f"203.0.{number // 250}.{number % 250}"), 0.0)
    assert throttle.wait_s(Attempt("#1", "192.0.2.10"), 0.0) == ACCOUNT.longest_s
    assert throttle.wait_s(Attempt("#1", "192.0.2.10"), ACCOUNT.longest_s) == 0
    assert throttle.wait_s(Attempt("#1", "192.0.2.10", "known"), 0.0) == 0
    assert throttle.wait_s(Attempt("#2", "192.0.2.10"), 0.0) == 0


def test_one_source_against_many_accounts_waits() -> None:
    throttle = Throttle()
    for number in range(SOURCE.free + 1):
        throttle.failed(Attempt(f"#{number}", "203.0.113.5"), 0.0)
    assert throttle.wait_s(Attempt("#999", "203.0.113.5"), 0.0) > 0
    assert throttle.wait_s(Attempt("#999", "203.0.113.6"), 0.0) == 0


@given(st.lists(st.floats(0, 2000), max_size=30), st.floats(0, 2000))
def test_nobody_waits_longer_than_the_longest(pauses: list[float], later: float) -> None:
    throttle, now = Throttle(), 0.0
    attempt = Attempt("#1", "203.0.113.5")
    for pause in pauses:
        now += pause
        throttle.failed(attempt, now)
        assert 0 <= throttle.wait_s(attempt, now) <= CLIENT.longest_s
    assert throttle.wait_s(attempt, now + CLIENT.longest_s + 0.001) == 0


@pytest.mark.parametrize(
    ("source", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("testclient", "testclient"),
    ],
)
def test_an_ipv6_source_is_its_network(source: str, network: str) -> None:
    assert network_of(source) == network
