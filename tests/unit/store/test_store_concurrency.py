"""Two writers at once, each with a connection of its own: nobody's change is lost, nothing is given out twice."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from msgspec.structs import replace

from kiestoon.company.model import Company, HuntGroup, HuntMember, Number, User
from kiestoon.store.database import Database
from kiestoon.store.errors import ConflictError, InvalidRowError
from kiestoon.store.keys import Vault
from kiestoon.store.load import changed_companies, list_rows
from kiestoon.store.write import Changes, changing

_PATIENCE_S = 20


@pytest.fixture
def company(database: Database, vault: Vault) -> Company:
    with changing(database, vault, acting_user="test") as changes:
        return changes.add(Company(id=0, name="Acme", domain="acme.example"))


def both(database: Database, vault: Vault, *works: Callable[[Changes], object]) -> list[BaseException | None]:
    """Each work in a transaction and thread of its own, begun together; what each of them raised."""
    ready = threading.Barrier(len(works))
    raised: list[BaseException | None] = [None] * len(works)

    def run(index: int) -> None:
        own = Database(database.url.render_as_string(hide_password=False))
        try:
            ready.wait(_PATIENCE_S)
            with changing(own, vault, acting_user=f"writer {index}") as changes:
                works[index](changes)
        except BaseException as error:
            raised[index] = error
        finally:
            own.close()

    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(_PATIENCE_S)
        assert not thread.is_alive()
    return raised


def one_conflict(raised: list[BaseException | None]) -> bool:
    return sorted(type(error).__name__ for error in raised) == ["ConflictError", "NoneType"]


def test_of_two_changes_to_one_version_the_second_is_refused(
    database: Database, vault: Vault, company: Company
) -> None:
    with changing(database, vault, acting_user="test") as changes:
        ann = changes.add(User(id=0, company_id=company.id, extension="101", name="Ann"))
    names = ["Anna", "Anne"]
    works = [lambda changes, name=name: changes.update(replace(ann, name=name)) for name in names]
    raised = both(database, vault, *works)
    assert one_conflict(raised)
    kept = list_rows(database, User, company.id)[0]
    assert (kept.version, kept.name) == (2, names[raised.index(None)])


def test_two_at_once_cannot_have_the_same_extension(database: Database, vault: Vault, company: Company) -> None:
    rows = [User(id=0, company_id=company.id, extension="101", name=name) for name in ("Ann", "Bob")]
    raised = both(database, vault, *[lambda changes, row=row: changes.add(row) for row in rows])
    assert one_conflict(raised)
    assert len(list_rows(database, User, company.id)) == 1


def test_two_companies_at_once_cannot_have_the_same_number(database: Database, vault: Vault, company: Company) -> None:
    with changing(database, vault, acting_user="test") as changes:
        other = changes.add(Company(id=0, name="Other", domain="other.example"))
    rows = [Number(id=0, company_id=owner.id, e164="+31205550100") for owner in (company, other)]
    raised = both(database, vault, *[lambda changes, row=row: changes.add(row) for row in rows])
    assert one_conflict(raised)


def test_rules_over_several_rows_hold_for_two_writers(database: Database, vault: Vault, company: Company) -> None:
    """Each weight alone is allowed; no constraint of the database knows that together they are too much."""
    with changing(database, vault, acting_user="test") as changes:
        group = changes.add(HuntGroup(id=0, company_id=company.id, extension="200", name="Sales", policy="weighted"))
        for extension in ("101", "102"):
            changes.add(User(id=0, company_id=company.id, extension=extension, name="X"))
    rows = [
        HuntMember(id=0, company_id=company.id, hunt_group_id=group.id, extension=extension, weight=60)
        for extension in ("101", "102")
    ]
    raised = both(database, vault, *[lambda changes, row=row: changes.add(row) for row in rows])
    assert [type(error) for error in raised if error] == [InvalidRowError]


def test_what_is_used_meanwhile_is_not_removed(database: Database, vault: Vault, company: Company) -> None:
    """Whichever comes first: the other is refused, and no row points nowhere."""
    with changing(database, vault, acting_user="test") as changes:
        ann = changes.add(User(id=0, company_id=company.id, extension="101", name="Ann"))
    number = Number(id=0, company_id=company.id, e164="+31205550100", extension="101")
    raised = both(database, vault, lambda changes: changes.remove(ann), lambda changes: changes.add(number))
    failed = [error for error in raised if error is not None]
    assert len(failed) == 1
    assert isinstance(failed[0], InvalidRowError)
    assert len(list_rows(database, User, company.id)) == len(list_rows(database, Number, company.id))


def test_the_change_feed_misses_nothing_of_a_slow_writer(database: Database, vault: Vault, company: Company) -> None:
    """An id given out early and committed late would never be seen by who has read on beyond it."""
    last, _ = changed_companies(database, 0)

    def fast() -> None:
        assert both(database, vault, lambda changes: changes.add(user("102"))) == [None]

    def user(extension: str) -> User:
        return User(id=0, company_id=company.id, extension=extension, name="X")

    with ThreadPoolExecutor(1) as pool:
        with changing(database, vault, acting_user="slow") as changes:
            changes.add(user("101"))
            other = pool.submit(fast)
            with pytest.raises(TimeoutError):
                other.result(0.2)
        other.result(_PATIENCE_S)
    assert changed_companies(database, last)[0] == last + 2


def test_a_row_removed_meanwhile_cannot_be_changed(database: Database, vault: Vault, company: Company) -> None:
    with changing(database, vault, acting_user="test") as changes:
        ann = changes.add(User(id=0, company_id=company.id, extension="101", name="Ann"))
        changes.remove(ann)
    with pytest.raises(ConflictError, match="no longer exists"), changing(database, vault, acting_user="x") as changes:
        changes.update(ann)
