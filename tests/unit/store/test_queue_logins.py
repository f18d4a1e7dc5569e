"""Logging in to queues and out of them (E 7.5.4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from audit_trail import trail
from msgspec.structs import replace

from kiestoon.company.model import Company, Queue, QueueMember, User
from kiestoon.store.database import Database
from kiestoon.store.errors import InvalidRowError, NotPermittedError
from kiestoon.store.keys import Vault
from kiestoon.store.queue_logins import switch_login
from kiestoon.store.rules.peek import Peek
from kiestoon.store.write import Changes, changing


class Desk:
    """Ann and Bob, an open queue (300) and a closed one (301) of which Bob is a member."""

    def __init__(self, changes: Changes) -> None:
        self.changes = changes
        self.company = changes.add(Company(id=0, name="Acme", domain="acme.example"))
        self.ann = self.add(User, extension="101", name="Ann")
        self.bob = self.add(User, extension="102", name="Bob")
        self.open = self.add(Queue, extension="300", name="Service")
        self.closed = self.add(Queue, extension="301", name="Doctors", open=False)
        self.add(QueueMember, queue_id=self.open.id, extension="102", position=7)
        self.add(QueueMember, queue_id=self.closed.id, extension="102", position=3)

    def add(self, row_type: type[Any], **values: Any) -> Any:
        return self.changes.add(row_type(id=0, company_id=self.company.id, **values))

    def switch(self, user: User, queue: Queue | None, on: bool) -> list[str]:
        found = switch_login(self.changes, user, None if queue is None else queue.id, on)
        return [each.extension for each in found]

    def member(self, user: User, queue: Queue) -> QueueMember | None:
        peek = Peek(self.changes.connection, self.company.id)
        return next(iter(peek.find(QueueMember, queue_id=queue.id, extension=user.extension)), None)


Check = Callable[[Callable[[Desk], None]], None]


@pytest.fixture
def at_desk(database: Database, vault: Vault) -> Check:
    """Runs a test in one transaction of changes."""

    def run(test: Callable[[Desk], None]) -> None:
        with changing(database, vault, acting_user="test") as changes:
            test(Desk(changes))

    return run


def test_logging_in_to_an_open_queue_makes_a_member_at_the_end(at_desk: Check) -> None:
    def test(desk: Desk) -> None:
        assert desk.switch(desk.ann, desk.open, True) == ["300"]
        member = desk.member(desk.ann, desk.open)
        assert member is not None
        assert (member.joined, member.logged_in, member.position) == (True, True, 8)

    at_desk(test)


def test_who_has_joined_is_no_member_once_logged_out(at_desk: Check) -> None:
    def test(desk: Desk) -> None:
        desk.switch(desk.ann, desk.open, True)
        assert desk.switch(desk.ann, desk.open, False) == ["300"]
        assert desk.member(desk.ann, desk.open) is None

    at_desk(test)


def test_members_keep_their_position_while_logged_out(at_desk: Check) -> None:
    def test(desk: Desk) -> None:
        desk.switch(desk.bob, desk.closed, False)
        out = desk.member(desk.bob, desk.closed)
        assert out is not None
        assert (out.logged_in, out.position) == (False, 3)
        desk.switch(desk.bob, desk.closed, True)
        back = desk.member(desk.bob, desk.closed)
        assert back is not None
        assert (back.logged_in, back.position, back.joined) == (True, 3, False)

    at_desk(test)


@pytest.mark.parametrize("on", [True, False])
def test_a_closed_queue_is_for_its_members_only(at_desk: Check, on: bool) -> None:
    def test(desk: Desk) -> None:
        with pytest.raises(NotPermittedError) as caught:
            desk.switch(desk.ann, desk.closed, on)
        assert [found.code for found in caught.value.problems] == ["closed_queue"]
        assert "Ann" in caught.value.problems[0].text("nl")
        assert desk.member(desk.ann, desk.closed) is None

    at_desk(test)


def test_all_are_those_one_is_a_member_of(at_desk: Check) -> None:
    def test(desk: Desk) -> None:
        assert desk.switch(desk.bob, None, False) == ["300", "301"]
        assert desk.switch(desk.bob, None, True) == ["300", "301"]
        assert desk.switch(desk.ann, None, True) == []
        assert desk.member(desk.ann, desk.open) is None

    at_desk(test)


def test_a_queue_of_nobody_or_of_another_company_is_not_there(at_desk: Check) -> None:
    def test(desk: Desk) -> None:
        other = desk.changes.add(Company(id=0, name="Other", domain="other.example"))
        theirs = desk.changes.add(Queue(id=0, company_id=other.id, extension="300", name="Theirs"))
        for wanted in (theirs.id, 999_999):
            with pytest.raises(InvalidRowError) as caught:
                switch_login(desk.changes, desk.ann, wanted, True)
            assert [found.code for found in caught.value.problems] == ["gone"]

    at_desk(test)


def test_what_is_so_already_is_told_but_not_written(database: Database, vault: Vault) -> None:
    with changing(database, vault, acting_user="test") as changes:
        desk = Desk(changes)
    before = trail(database)[-1].id
    with changing(database, vault, acting_user="test") as changes:
        desk.changes = changes
        assert desk.switch(desk.bob, desk.open, True) == ["300"]
        assert desk.switch(desk.ann, desk.open, False) == ["300"]  # an open queue: nothing to leave
    assert trail(database, before) == []


def test_nobody_stands_behind_the_last_position(at_desk: Check) -> None:
    def test(desk: Desk) -> None:
        member = desk.member(desk.bob, desk.open)
        assert member is not None
        desk.changes.update(replace(member, position=10_000))
        desk.switch(desk.ann, desk.open, True)
        joined = desk.member(desk.ann, desk.open)
        assert joined is not None
        assert joined.position == 10_000

    at_desk(test)
