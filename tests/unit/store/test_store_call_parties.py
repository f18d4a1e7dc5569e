"""Whose recorded calls were: people and virtual users by what they are, not by a number that others may get (ORG-8)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from organisation_house import House

from kiestoon.calls.record import CallRecord, LegRecord
from kiestoon.company import model as m
from kiestoon.routing import Reason
from kiestoon.store.call_parties import Wanted, history_ids
from kiestoon.store.database import Database
from kiestoon.store.keys import Vault
from kiestoon.store.records import store_records
from kiestoon.store.write import changing

NOW = 1_790_000_000_000


@pytest.fixture
def house(database: Database, vault: Vault) -> Iterator[House]:
    with changing(database, vault, acting_user="test") as changes:
        yield House(changes)


def record(house: House, name: str, *through: str, users: tuple[int, ...] = (), **fields: Any) -> CallRecord:
    values: dict[str, Any] = {
        "company_id": house.company_id, "direction": "in", "opened_ms": NOW, "answered_ms": 0, "closed_ms": NOW + 9000,
        "caller_number": "+31612345678", "caller_display": "", "dialled": "+31205550100", "final_party": "",
        "outcome": "no_answer", "ended_by": "caller",
        "reasons": tuple(Reason("hunt_group", {"extension": number, "name": "X"}) for number in through),
        "legs": tuple(LegRecord("device", "10x", user_id=user_id) for user_id in users),
    }  # fmt: skip
    return CallRecord(call_id=name, **{**values, **fields})


def calls_of(house: House, table: str, row_id: int, **wanted: Any) -> list[str]:
    query = {"company_id": house.company_id, "owner": (table, row_id), **wanted}
    return [call_id for _, call_id in history_ids(house.changes.connection, Wanted(**query), 10)]


def keep(house: House, *records: CallRecord) -> None:
    store_records(house.changes.connection, records)


def test_a_call_is_of_everybody_it_passed_through_and_rang(house: House) -> None:
    house.add(m.AlternateNumber, user_id=house.cas.id, extension="193")
    keep(house, record(house, "one", "300", "101", "193", "999", users=(house.bob.id,)))
    assert calls_of(house, "hunt_groups", house.hunt.id) == ["one"]
    assert calls_of(house, "users", house.ann.id) == ["one"]
    assert calls_of(house, "users", house.bob.id) == ["one"]
    assert calls_of(house, "users", house.cas.id) == ["one"]
    assert calls_of(house, "location_routings", house.lbr.id) == []
    keep(house, record(house, "one", "301"))  # the same call once more
    assert calls_of(house, "location_routings", house.lbr.id) == []


def test_who_gets_a_number_does_not_get_the_calls_of_who_had_it(house: House) -> None:
    keep(house, record(house, "old", "300"))
    house.change(house.hunt, extension="309")
    menu = house.add(m.Menu, extension="300", name="Welcome")
    keep(house, record(house, "new", "300", opened_ms=NOW + 1))
    assert calls_of(house, "hunt_groups", house.hunt.id) == ["old"]
    assert calls_of(house, "menus", menu.id) == ["new"]


def test_the_history_is_newest_first_in_pages_and_filtered(house: House) -> None:
    keep(
        house,
        *(record(house, f"c{n}", "300", opened_ms=NOW + n // 2) for n in range(6)),
        record(house, "answered", "300", opened_ms=NOW - 5, outcome="answered", answered_ms=NOW),
        record(house, "inside", "300", opened_ms=NOW - 9, direction="internal"),
    )

    def history(**wanted: Any) -> list[str]:
        return calls_of(house, "hunt_groups", house.hunt.id, **wanted)

    assert history() == ["c5", "c4", "c3", "c2", "c1", "c0", "answered", "inside"]
    assert history(before=(NOW + 1, "c3")) == ["c2", "c1", "c0", "answered", "inside"]
    assert history(outcome="answered") == ["answered"]
    assert history(direction="internal") == ["inside"]
    assert history(since_ms=NOW + 2) == ["c5", "c4"]
    assert history(until_ms=NOW) == ["answered", "inside"]
    assert history(company_id=house.company_id + 1) == []


def test_another_companys_extension_of_the_same_number_has_no_part_in_it(house: House) -> None:
    other = house.changes.add(m.Company(id=0, name="Other", domain="other.example"))
    menu = house.changes.add(m.Menu(id=0, company_id=other.id, extension="300", name="Theirs"))
    keep(house, record(house, "ours", "300"))
    assert calls_of(house, "menus", menu.id, company_id=other.id) == []
