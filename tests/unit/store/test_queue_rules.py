"""Rules over queues and their members, and what follows when other rows change or go (E 7.5, V 23.3)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from organisation_house import House

from kiestoon.company import model as m
from kiestoon.store.configuration_file.applying import apply_document, difference_of, rows_of
from kiestoon.store.configuration_file.document import document_of
from kiestoon.store.configuration_file.reading import read_document
from kiestoon.store.configuration_file.writing import write_document
from kiestoon.store.database import Database
from kiestoon.store.errors import ConflictError, InvalidRowError
from kiestoon.store.keys import Vault
from kiestoon.store.rules.peek import Peek
from kiestoon.store.write import changing

TO_BOB = m.Destination("extension", "102")
OFFICE = (m.WeekBlock(0, 540, 1020),)


class QueueHouse(House):
    """With a queue, 400."""

    def __init__(self, changes: Any) -> None:
        super().__init__(changes)
        self.queue = self.add(m.Queue, extension="400", name="Service desk")

    def set(self, **values: Any) -> Any:
        self.queue = self.change(self.queue, **values)
        return self.queue

    def member(self, extension: str, **values: Any) -> Any:
        return self.add(m.QueueMember, queue_id=self.queue.id, extension=extension, **values)

    def members(self) -> dict[str, m.QueueMember]:
        rows = Peek(self.changes.connection, self.company_id).find(m.QueueMember)
        return {row.extension: row for row in rows}

    def hours(self, **values: Any) -> int:
        return int(self.add(m.Schedule, name="Hours", blocks=OFFICE, **values).id)

    def free_days(self, **values: Any) -> int:
        days = (m.HolidayDay("Xmas", "2026-12-25"),)
        return int(self.add(m.Holiday, name="Free days", days=days, **values).id)


@pytest.fixture
def house(database: Database, vault: Vault) -> Iterator[QueueHouse]:
    with changing(database, vault, acting_user="test") as changes:
        yield QueueHouse(changes)


def problems_of(house: House, work: Callable[[], Any]) -> list[tuple[str, str]]:
    """Code and field of what a write is refused for; it must be, and in both languages. Nothing of it stays."""
    kept = house.changes.connection.begin_nested()
    with pytest.raises(InvalidRowError) as refused:
        work()
    kept.rollback()
    found = refused.value.problems
    assert all(each.text(language) and each.advice(language) for each in found for language in ("en", "nl"))
    return [(each.code, each.field) for each in found]


@pytest.mark.parametrize(
    ("values", "wrong"),
    [
        ({"forced": True}, [("needed_for", "forced_to")]),
        ({"night": "busy"}, [("needed_for", "office_schedule_id")]),
        ({"night": "forward"}, [("needed_for", "night_to"), ("needed_for", "office_schedule_id")]),
        ({"holiday": "busy"}, [("needed_for", "holiday_id")]),
        ({"holiday": "forward"}, [("needed_for", "holiday_to"), ("needed_for", "holiday_id")]),
        ({"forward_also": ("102",)}, [("no_number_beside", "forward_also")]),
        ({"nobody_also": ("102",)}, [("no_number_beside", "nobody_also")]),
        ({"forward_also": ("102",), "forward_to": m.Destination("voicemail")}, [("no_number_beside", "forward_also")]),
        ({"forward_to": m.Destination("extension", "400")}, [("leads_back", "forward_to")]),
        ({"forward_to": TO_BOB, "forward_also": ("400",)}, [("leads_back", "forward_also")]),
        ({"nobody_to": m.Destination("extension", "499")}, [("unknown_extension", "nobody_to")]),
        ({"leave_to": m.Destination("mobile")}, [("nobodys_number", "leave_to")]),
        ({"limit": 0}, [("out_of_range", "limit")]),
        ({"announce_s": 14}, [("out_of_range", "announce_s")]),
    ],
)
def test_a_queue_that_cannot_work_is_refused(
    house: QueueHouse, values: dict[str, Any], wrong: list[tuple[str, str]]
) -> None:
    assert sorted(problems_of(house, lambda: house.set(**values))) == sorted(wrong)


def test_a_queue_that_says_all_it_needs_is_written(house: QueueHouse) -> None:
    house.set(forced=True, forced_to=TO_BOB)
    house.set(night="busy", office_schedule_id=house.hours(), holiday="busy", holiday_id=house.free_days())
    house.set(night="forward", night_to=TO_BOB, holiday="forward", holiday_to=TO_BOB)
    house.set(forward_to=TO_BOB, forward_also=("103",), nobody_to=TO_BOB, nobody_also=("103", "0612345678"))


def test_a_persons_own_times_are_no_queues(house: QueueHouse) -> None:
    hours, days = house.hours(user_id=house.ann.id), house.free_days(user_id=house.ann.id)
    assert problems_of(house, lambda: house.set(office_schedule_id=hours)) == [("not_theirs", "office_schedule_id")]
    assert problems_of(house, lambda: house.set(holiday_id=days)) == [("not_theirs", "holiday_id")]
    house.set(office_schedule_id=house.hours(location_id=house.here.id))


def test_times_a_queue_goes_by_stay_and_the_queue_is_named(house: QueueHouse) -> None:
    house.set(night="busy", office_schedule_id=house.hours(), holiday="busy", holiday_id=house.free_days())
    peek = Peek(house.changes.connection, house.company_id)
    for row in (*peek.find(m.Schedule), *peek.find(m.Holiday)):
        with pytest.raises(ConflictError, match="Service desk"):
            house.changes.remove(row)


def test_an_extension_calls_are_sent_to_stays_and_the_queue_is_named(house: QueueHouse) -> None:
    house.set(nobody_to=TO_BOB)
    with pytest.raises(ConflictError, match="Service desk"):
        house.changes.remove(house.bob)


def test_members_are_people_and_forward_extensions_once_each(house: QueueHouse) -> None:
    house.add(m.ForwardExtension, extension="310", name="Partner")
    house.member("101")
    house.member("310")
    for other in ("300", "301", "400"):
        assert problems_of(house, lambda other=other: house.member(other)) == [("not_a_member", "extension")]
    assert problems_of(house, lambda: house.member("101")) != []
    assert problems_of(house, lambda: house.member("499")) != []


def test_shares_are_at_most_the_whole_where_the_queue_goes_by_them(house: QueueHouse) -> None:
    house.set(strategy="weighted")
    house.member("101", share=60)
    member = house.member("102", share=40)
    assert problems_of(house, lambda: house.member("103", share=1)) == [("weights", "share")]
    assert problems_of(house, lambda: house.change(member, share=41)) == [("weights", "share")]
    house.set(strategy="random")
    house.member("103", share=50)
    assert problems_of(house, lambda: house.set(strategy="weighted")) == [("weights", "strategy")]


def test_a_queue_and_its_members_follow_extensions(house: QueueHouse) -> None:
    house.member("102", position=3)
    house.set(forward_to=TO_BOB, forward_also=("102", "103"), leave_to=m.Destination("voicemail", "102"))
    hunt = house.change(house.hunt, busy_to=m.Destination("extension", "400"))
    house.change(house.bob, extension="109")
    peek = Peek(house.changes.connection, house.company_id)
    queue = peek.find(m.Queue)[0]
    assert queue.forward_to == m.Destination("extension", "109")
    assert queue.leave_to == m.Destination("voicemail", "109")
    assert house.members()["109"].position == 3
    house.change(queue, extension="401")
    found = peek.get(m.HuntGroup, hunt.id)
    assert found is not None
    assert found.busy_to == m.Destination("extension", "401")
    assert set(house.members()) == {"109"}


def test_members_go_with_the_person_and_with_the_queue(house: QueueHouse) -> None:
    house.member("101")
    house.member("103")
    house.changes.remove(house.ann)
    assert set(house.members()) == {"103"}
    house.changes.remove(house.queue)
    assert house.members() == {}


def test_a_queue_with_its_members_comes_back_from_the_companys_file(database: Database, vault: Vault) -> None:
    with changing(database, vault, acting_user="test") as changes:
        house = QueueHouse(changes)
        house.set(
            night="forward", night_to=TO_BOB, office_schedule_id=house.hours(), strategy="weighted", language="en",
            forward_to=TO_BOB, forward_also=("103", "0612345678"), forward_after_s=300, open=False,
        )  # fmt: skip
        house.member("102", position=1, logged_in=False, share=30, wrap_up_s=0, ring_s=45)
        house.member("101", position=2, joined=True, weight=7)
    with database.read() as connection:
        rows = rows_of(connection, house.company_id, None)
        assert rows is not None
        text = write_document(document_of(rows))
        assert not difference_of(connection, vault, house.company_id, read_document(text))
    copy = text.replace("acme.example", "copy.example")
    with changing(database, vault, acting_user="test") as changes:
        made = apply_document(changes, vault, None, read_document(copy), may_remove=True)
    with database.read() as connection:
        copied = rows_of(connection, made.company_id, None)
    assert copied is not None
    assert write_document(document_of(copied)) == copy
    assert {row.extension: (row.joined, row.wrap_up_s) for row in copied.queue_members} == {
        "102": (False, 0),
        "101": (True, None),
    }
