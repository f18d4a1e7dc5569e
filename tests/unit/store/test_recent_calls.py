"""Numbers dialled last and callers, from the records of somebody's calls (CALL-12)."""

from __future__ import annotations

from typing import Any

import pytest

from kiestoon.calls.record import CallRecord, LegRecord
from kiestoon.calls.requests import FindLast, LastCall
from kiestoon.company.model import Company, User
from kiestoon.routing import Reason
from kiestoon.store.database import Database
from kiestoon.store.keys import Vault
from kiestoon.store.phone_requests.last_calls import find_last
from kiestoon.store.recent_calls import last_caller, recent_numbers
from kiestoon.store.records import store_records
from kiestoon.store.write import changing

ANNA, BEN = 1, 2


@pytest.fixture(autouse=True)
def people(database: Database, vault: Vault) -> None:
    with changing(database, vault, acting_user="test") as changes:
        for company in (1, 2):
            changes.add(Company(id=0, name=f"C{company}", domain=f"c{company}.example"))
        for extension in ("101", "102"):
            changes.add(User(id=0, company_id=1, extension=extension, name=f"P{extension}"))


def dialled(number: str, *more: tuple[str, dict[str, str]]) -> tuple[Reason, ...]:
    return (Reason("dialled", {"number": number}), *(Reason(code, params) for code, params in more))


def out(at_ms: int, reasons: tuple[Reason, ...], by: int = ANNA, **fields: Any) -> CallRecord:
    return call(at_ms, reasons=reasons, direction="out", legs=(LegRecord("caller", "101", user_id=by),), **fields)


def to(at_ms: int, user_id: int, caller: str, by: int | None = None, **fields: Any) -> CallRecord:
    legs = (LegRecord("caller", caller, user_id=by), LegRecord("device", "101", user_id=user_id))
    fields.setdefault("direction", "in" if by is None else "internal")
    return call(at_ms, legs=legs, caller_number=caller, **fields)


def call(at_ms: int, **fields: Any) -> CallRecord:
    values: dict[str, Any] = {
        "call_id": f"c{at_ms}", "company_id": 1, "opened_ms": at_ms, "answered_ms": 0, "closed_ms": at_ms + 9,
        "caller_number": "", "caller_display": "", "dialled": "", "final_party": "", "outcome": "answered",
        "ended_by": "caller", **fields,
    }  # fmt: skip
    return CallRecord(**values)


def store(database: Database, *records: CallRecord) -> None:
    with database.write() as connection:
        store_records(connection, records)


def numbers(database: Database, user_id: int = ANNA, most: int = 10, **more: Any) -> list[tuple[str, str, str]]:
    with database.read() as connection:
        found = recent_numbers(connection, 1, user_id, most, **more)
    return [(each.number, each.called, each.name) for each in found]


def caller(database: Database, user_id: int = ANNA, **more: Any) -> LastCall | None:
    with database.read() as connection:
        return last_caller(connection, 1, "NL", user_id, **more)


COLLEAGUE = ("extension", {"extension": "102", "name": "Ben"})
MOBILE = ("kind", {"number": "+31612345678", "kind": "mobile"})


def test_numbers_are_told_as_dialled_and_as_meant_the_latest_first(database: Database) -> None:
    store(database, out(1, dialled("102", COLLEAGUE)), out(2, dialled("00612345678", ("access_code", {}), MOBILE)),
          out(3, dialled("999", ("unknown_extension", {"number": "999"}))))  # fmt: skip
    assert numbers(database) == [
        ("999", "", ""), ("00612345678", "+31612345678", ""), ("102", "102", "Ben"),
    ]  # fmt: skip


def test_each_number_comes_once_and_as_many_as_are_wanted(database: Database) -> None:
    store(database, *(out(n, dialled(f"00{n % 12}", ("kind", {"number": f"+3{n % 12}"}))) for n in range(1, 40)))
    assert len(numbers(database)) == 10
    assert numbers(database)[:2] == [("003", "+33", ""), ("002", "+32", "")]
    store(database, out(50, dialled("+35", ("kind", {"number": "+35"}))))
    assert numbers(database)[:2] == [("+35", "+35", ""), ("003", "+33", "")]


@pytest.mark.parametrize(
    ("reasons", "number"),
    [
        (dialled("*78", ("code", {"number": "*78", "feature": "do_not_disturb_on"})), None),
        (dialled("*66", ("code", {"feature": "redial"}), ("dialled", {"number": "102"}), COLLEAGUE), "102"),
        (dialled("#31#", ("code", {}), ("dialled", {"number": "#31#00612345678"}), MOBILE), "#31#00612345678"),
        (dialled("#01", ("speed_dial", {"target": "00612345678"}), MOBILE), "00612345678"),
        (dialled("*6123", ("short_number", {"target": "102"}), COLLEAGUE), "102"),
        (dialled("#01", ("speed_dial", {"target": "*78"}), ("code", {})), None),
        (dialled("200", ("menu", {"extension": "200"}), ("dialled", {"number": "102"}), COLLEAGUE), "200"),
    ],
)
def test_codes_are_no_numbers_and_what_they_lead_to_is(
    database: Database, reasons: tuple[Reason, ...], number: str | None
) -> None:
    store(database, out(1, reasons))
    assert [found for found, _, _ in numbers(database)] == ([] if number is None else [number])


def test_others_calls_are_nobodys_business(database: Database) -> None:
    store(database, out(1, dialled("102", COLLEAGUE), by=BEN), out(2, dialled("102", COLLEAGUE), company_id=2))
    assert numbers(database) == []
    assert [name for _, _, name in numbers(database, BEN)] == ["Ben"]


def test_a_call_that_has_just_ended_counts_and_only_once(database: Database) -> None:
    first, second = out(1, dialled("102", COLLEAGUE)), out(2, dialled("103"))
    store(database, first)
    ended = (first, second, out(3, dialled("104"), by=BEN), out(4, dialled("105"), company_id=2))
    assert [number for number, _, _ in numbers(database, ended=ended)] == ["103", "102"]


def test_the_last_caller_is_whoever_called_last_whether_answered_or_not(database: Database) -> None:
    assert caller(database) is None
    store(database, to(1, ANNA, "102", BEN), to(2, ANNA, "0612345678", outcome="no_answer"))
    assert caller(database) == LastCall("+31612345678")
    store(database, to(3, ANNA, "102", BEN), out(4, dialled("103")))
    assert caller(database) == LastCall("102")


@pytest.mark.parametrize("fields", [{"caller_withheld": True}, {"caller": ""}, {"caller": "anonymous"}])
def test_a_withheld_number_is_not_told(database: Database, fields: dict[str, Any]) -> None:
    store(database, to(1, ANNA, **{"caller": "+31612345678", **fields}))
    assert caller(database) == LastCall("")


def test_a_call_that_has_just_come_counts(database: Database) -> None:
    store(database, to(1, ANNA, "102", BEN))
    assert caller(database, ended=(to(5, ANNA, "+31701234567"), to(9, BEN, "101", ANNA))) == LastCall("+31701234567")


class _Office:
    def __init__(self, database: Database, vault: Vault, *ended: CallRecord) -> None:
        self.database, self.vault, self.ended = database, vault, ended


def test_the_back_office_finds_both(database: Database, vault: Vault) -> None:
    office = _Office(database, vault, to(7, ANNA, "0612345678"))
    assert find_last(office, FindLast(1, ANNA, "dialled")) is None
    store(database, out(1, dialled("102", COLLEAGUE)))
    assert find_last(office, FindLast(1, ANNA, "dialled")) == LastCall("102")
    assert find_last(office, FindLast(1, ANNA, "caller")) == LastCall("+31612345678")
    assert find_last(office, FindLast(2, ANNA, "caller")) is None
