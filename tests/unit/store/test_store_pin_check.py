"""PINs keyed in on phones: right, wrong, tried too often, to be changed (ORG-17)."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from organisation_house import House

from kiestoon.calls.requests import CheckPin, PinChecked
from kiestoon.store.database import Database
from kiestoon.store.keys import Vault
from kiestoon.store.phone_requests import pins
from kiestoon.store.pin_check import FREE, check_pin, choose_pin
from kiestoon.store.pins import hash_pin, set_pin
from kiestoon.store.write import changing

PIN, WRONG = "483920", "483921"
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
HASHED = hash_pin(PIN)


class Phones:
    """A person with a PIN, and phones at which one is keyed in."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self.database, self.vault = database, vault
        self.now_ms = 1_790_000_000_000
        with changing(database, vault, acting_user="test") as changes:
            self.house = House(changes)
        self.user_id = self.house.ann.id
        self.set(HASHED)

    def set(self, hashed: str, *, must_change: bool = False) -> None:
        with changing(self.database, self.vault, acting_user="test") as changes:
            set_pin(changes, self.vault, self.house.ann, hashed, self.now_ms, must_change=must_change)

    def key_in(self, pin: str, at: str = "101", **who: Any) -> PinChecked:
        whose = {"company_id": self.house.company_id, "user_id": self.user_id, **who}
        return check_pin(self.database, self.vault, pin=pin, extension=at, now_ms=self.now_ms, **whose)

    def verdict(self, pin: str, at: str = "101") -> str:
        return self.key_in(pin, at).verdict

    def choose(self, pin: str) -> list[str]:
        found = choose_pin(
            self.database, self.vault, self.house.company_id, self.user_id, pin, acting_user="101", now_ms=self.now_ms
        )
        return [problem.code for problem in found]


@pytest.fixture
def phones(database: Database, vault: Vault) -> Phones:
    return Phones(database, vault)


def test_a_phone_service_gets_the_verdict_of_the_moment(phones: Phones) -> None:
    office: Any = SimpleNamespace(database=phones.database, vault=phones.vault)
    request = CheckPin(phones.house.company_id, phones.user_id, PIN, "101")
    assert pins.check(office, request) == PinChecked("right")
    assert pins.check(office, msgspec.structs.replace(request, pin=WRONG)) == PinChecked("wrong")


def test_the_pin_is_right_another_is_not_and_who_has_none_is_told_so(phones: Phones) -> None:
    assert phones.verdict(PIN) == "right"
    assert phones.verdict(WRONG) == "wrong"
    assert phones.key_in(PIN, user_id=phones.house.bob.id).verdict == "no_pin"
    assert phones.key_in(PIN, user_id=987).verdict == "no_pin"
    assert phones.key_in(PIN, company_id=987).verdict == "no_pin"


def test_after_three_wrong_ones_the_next_waits_twice_as_long_each_time(phones: Phones) -> None:
    assert [phones.verdict(WRONG) for _ in range(FREE)] == ["wrong"] * FREE
    assert phones.key_in(PIN) == PinChecked("wait", 60)
    for pause in (MINUTE, 2 * MINUTE, 4 * MINUTE):
        phones.now_ms += pause - 1
        assert phones.verdict(PIN) == "wait"
        phones.now_ms += 1
        assert phones.verdict(WRONG) == "wrong"
    for _ in range(5):
        phones.now_ms += HOUR
        assert phones.verdict(WRONG) == "wrong"
    assert phones.key_in(PIN) == PinChecked("wait", 3600)


def test_the_right_one_a_new_one_and_a_day_end_the_waiting(phones: Phones) -> None:
    for end in ("right", "new", "day"):
        for _ in range(FREE):
            phones.verdict(WRONG)
        assert phones.verdict(PIN) == "wait"
        if end == "right":
            phones.now_ms += MINUTE
            assert phones.verdict(PIN) == "right"
        elif end == "day":
            phones.now_ms += DAY
        else:
            phones.set(HASHED)
        assert [phones.verdict(pin) for pin in (WRONG, WRONG, PIN)] == ["wrong", "wrong", "right"], end


def test_nobody_locks_a_person_out_at_the_own_phone(phones: Phones) -> None:
    for source in ("", "102"):
        for _ in range(FREE):
            assert phones.verdict(WRONG, source) == "wrong"
        assert phones.verdict(PIN, source) == "wait"
    assert phones.verdict(PIN, "103") == "right"
    assert phones.verdict(PIN) == "right"
    assert phones.verdict(PIN, "") == "wait"


def test_a_restart_gives_no_new_attempts(phones: Phones) -> None:
    for _ in range(FREE):
        phones.verdict(WRONG)
    phones.database.close()
    assert phones.verdict(PIN) == "wait"


def test_haste_gives_no_new_attempts_either(phones: Phones) -> None:
    """Each attempt is counted before it is looked at."""
    ready = threading.Barrier(6)
    verdicts: list[str] = []

    def guess(number: int) -> None:
        ready.wait(20)
        verdicts.append(phones.verdict(f"48392{number}", "102"))

    threads = [threading.Thread(target=guess, args=(number,)) for number in range(1, 7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(verdicts) == ["wait"] * 3 + ["wrong"] * 3


def test_a_first_pin_must_be_changed_and_the_new_one_keeps_the_rules(phones: Phones) -> None:
    phones.set(hash_pin("0000"), must_change=True)
    assert phones.verdict("0000") == "must_change"
    assert phones.choose("1234") == ["pin_length", "pin_run"]
    assert phones.choose("111111") == ["pin_repeated"]
    assert phones.choose("123456") == ["pin_run"]
    assert phones.choose(PIN) == ["recently_used"]
    assert phones.choose("123567") == []
    assert phones.verdict("123567") == "right"
    assert phones.verdict("0000") == "wrong"
