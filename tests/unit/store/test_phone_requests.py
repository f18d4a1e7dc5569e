"""What people switch by telephone, written: as themselves, by everybody's rules, all or nothing (CALL-23, RTE-4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from msgspec.structs import replace

from kiestoon.calls.requests import (
    Changed,
    Failed,
    QueueLogin,
    SetStatus,
    StopForwarding,
    SwitchForward,
    SwitchPlan,
    SwitchQueue,
    SwitchService,
)
from kiestoon.company.model import (
    NOWHERE,
    Company,
    Destination,
    Forward,
    NumberPlan,
    NumberScheme,
    PlanOverride,
    Presence,
    Queue,
    QueueMember,
    Row,
    User,
)
from kiestoon.store.activity import Wanted, list_activity
from kiestoon.store.database import Database
from kiestoon.store.errors import DatabaseUnavailableError
from kiestoon.store.keys import Vault
from kiestoon.store.load import list_rows
from kiestoon.store.phone_requests import plans, queues, switching
from kiestoon.store.write import changing

VOICEMAIL = Destination("voicemail")
VOICEMAIL_OF_ANNA = Destination("voicemail", "101")
BEN = 3


class Office(NamedTuple):
    """Two companies with a person on extension 101 each; the second's must never be touched."""

    database: Database
    vault: Vault

    def add(self, row: Row) -> Any:
        with changing(self.database, self.vault, acting_user="test") as changes:
            return changes.add(row)

    def rows(self, row_type: type[Any]) -> list[Any]:
        return list_rows(self.database, row_type, 1)

    def trail(self) -> list[tuple[str, str, str]]:
        with self.database.read() as connection:
            entries = list_activity(connection, Wanted(company_id=1), 100)
        return [(entry.acting_user, entry.action, entry.table) for entry in entries if entry.acting_user != "test"]


@pytest.fixture
def office(database: Database, vault: Vault) -> Office:
    made = Office(database, vault)
    for number in (1, 2):
        made.add(Company(id=0, name=f"Town {number}", domain=f"town{number}.example"))
        made.add(User(id=0, company_id=number, extension="101", name="Anna", may_configure_time=True))
    made.add(User(id=0, company_id=1, extension="102", name="Ben"))
    return made


def always(to: Destination, user_id: int = 1, company_id: int = 1) -> SwitchForward:
    return SwitchForward(company_id, user_id, "always", to)


def test_a_forwarding_is_written_as_the_person_and_told_as_changed(office: Office) -> None:
    assert switching.switch_forward(office, always(Destination("extension", "102"))) == Changed(None)
    (row,) = office.rows(Forward)
    assert (row.extension, row.case, row.to.target, row.active) == ("101", "always", "102", True)
    assert office.trail() == [("Anna (phone)", "added", "forwards")]


def test_what_a_forwarding_had_besides_is_kept(office: Office) -> None:
    office.add(Forward(id=0, company_id=1, extension="101", case="always", rings=9, ring_reminder=True, active=False))
    switching.switch_forward(office, SwitchForward(1, 1, "always", Destination("number", "+31201234567")))
    (row,) = office.rows(Forward)
    assert (row.rings, row.ring_reminder, row.active, row.to.target) == (9, True, True, "+31201234567")


def test_voicemail_takes_the_numbers_place(office: Office) -> None:
    switching.switch_forward(office, always(Destination("extension", "102")))
    switching.switch_forward(office, always(VOICEMAIL))
    (row,) = office.rows(Forward)
    assert (row.to, row.voicemail) == (NOWHERE, True)
    switching.switch_forward(office, always(Destination("extension", "102")))
    assert [(row.to.target, row.voicemail) for row in office.rows(Forward)] == [("102", False)]


def test_the_same_again_leaves_no_trace(office: Office) -> None:
    for _ in range(3):
        assert switching.switch_forward(office, always(VOICEMAIL)) == Changed(None)
    assert len(office.trail()) == 1
    for _ in range(2):
        switching.switch_forward(office, always(NOWHERE))
    assert len(office.trail()) == 2


def test_everything_is_stopped_but_forwarding_by_rules_and_that_of_others(office: Office) -> None:
    for case in ("always", "busy", "no_answer", "unreachable", "selective"):
        for extension in ("101", "102"):
            office.add(Forward(id=0, company_id=1, extension=extension, case=case, to=VOICEMAIL))  # type: ignore[arg-type]
    assert switching.stop_forwarding(office, StopForwarding(1, 1)) == Changed(None)
    assert [row.case for row in office.rows(Forward) if row.active and row.extension == "101"] == ["selective"]
    assert sum(row.active for row in office.rows(Forward) if row.extension == "102") == 5


@pytest.mark.parametrize("service", ["do_not_disturb", "hide_number"])
def test_a_service_is_switched_and_nothing_else_of_the_person(office: Office, service: Any) -> None:
    before = office.rows(User)[0]
    assert switching.switch_service(office, SwitchService(1, 1, service, True)) == Changed(None)
    assert office.rows(User)[0] == replace(before, version=2, **{service: True})
    switching.switch_service(office, SwitchService(1, 1, service, True))
    assert len(office.trail()) == 1


def test_a_status_is_set_and_set_anew(office: Office) -> None:
    assert switching.set_status(office, SetStatus(1, 1, "out_of_office", 5_000)) == Changed(None)
    assert switching.set_status(office, SetStatus(1, 1, "office")) == Changed(None)
    assert [(row.status, row.until_ms) for row in office.rows(Presence)] == [("office", 0)]
    assert [action for _, action, _ in office.trail()] == ["updated", "added"]


# --- plans -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def planned(office: Office) -> Office:
    for number in (1, 2):
        office.add(NumberScheme(id=0, company_id=1, name=f"Scheme {number}", position=number, is_main=number == 1))
        office.add(NumberPlan(id=0, company_id=1, scheme_id=number, name=f"Plan of {number}"))
    return office


def test_a_plan_is_switched_to_and_back(planned: Office) -> None:
    assert plans.switch_plan(planned, SwitchPlan(1, 1, 1, 1, 9_000)) == Changed(None)
    assert [(row.plan_id, row.until_ms) for row in planned.rows(PlanOverride)] == [(1, 9_000)]
    plans.switch_plan(planned, SwitchPlan(1, 1, 1, 1))
    assert [(row.plan_id, row.until_ms) for row in planned.rows(PlanOverride)] == [(1, 0)]
    assert plans.switch_plan(planned, SwitchPlan(1, 1, 1)) == Changed(None)
    assert plans.switch_plan(planned, SwitchPlan(1, 1, 1)) == Changed(None)
    assert planned.rows(PlanOverride) == []
    assert [action for _, action, _ in planned.trail()] == ["removed", "updated", "added"]


@pytest.mark.parametrize("plan_id", [2, 99])
def test_a_plan_of_another_scheme_or_none_is_refused(planned: Office, plan_id: int) -> None:
    assert plans.switch_plan(planned, SwitchPlan(1, 1, 1, plan_id)).code == "gone"
    assert planned.rows(PlanOverride) == []


def test_plans_take_the_right_to_them(planned: Office) -> None:
    ben = planned.rows(User)[1]
    assert plans.switch_plan(planned, SwitchPlan(1, ben.id, 1, 1)).code == "not_permitted"
    assert planned.trail() == []


# --- queues ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def queued(planned: Office) -> Office:
    """A queue in each company. Ben is a member of the first, and may not configure time."""
    for number in (1, 2):
        planned.add(Queue(id=0, company_id=number, extension="301", name="Support", forced_to=VOICEMAIL_OF_ANNA))
    planned.add(QueueMember(id=0, company_id=1, queue_id=1, extension="102"))
    return planned


def members(office: Office) -> list[tuple[str, bool, bool]]:
    return [(row.extension, row.logged_in, row.joined) for row in office.rows(QueueMember)]


def test_people_log_in_to_one_queue_or_all_and_out(queued: Office) -> None:
    assert queues.log_in_or_out(queued, QueueLogin(1, 1, 1, True)) == Changed(None)
    assert members(queued) == [("102", True, False), ("101", True, True)]
    assert queues.log_in_or_out(queued, QueueLogin(1, BEN, 0, False)) == Changed(None)
    assert queues.log_in_or_out(queued, QueueLogin(1, 1, 0, False)) == Changed(None)
    assert members(queued) == [("102", False, False)]
    queues.log_in_or_out(queued, QueueLogin(1, BEN, 0, True))
    queues.log_in_or_out(queued, QueueLogin(1, BEN, 1, True))
    assert members(queued) == [("102", True, False)]
    assert [(actor, table) for actor, _, table in queued.trail()] == [
        ("Ben (phone)", "queue_members"),
        ("Anna (phone)", "queue_members"),
        ("Ben (phone)", "queue_members"),
        ("Anna (phone)", "queue_members"),
    ]


def test_a_closed_queue_is_for_its_members(queued: Office) -> None:
    with changing(queued.database, queued.vault, acting_user="test") as changes:
        changes.update(replace(queued.rows(Queue)[0], open=False))
    assert queues.log_in_or_out(queued, QueueLogin(1, 1, 1, True)).code == "not_permitted"
    assert queues.log_in_or_out(queued, QueueLogin(1, BEN, 1, False)) == Changed(None)
    assert queues.log_in_or_out(queued, QueueLogin(1, BEN, 1, True)) == Changed(None)
    assert members(queued) == [("102", True, False)]


def change_queue(office: Office, **fields: Any) -> Queue:
    with changing(office.database, office.vault, acting_user="test") as changes:
        return changes.update(replace(office.rows(Queue)[0], **fields))


def test_a_queue_is_switched_and_nothing_else_of_it(queued: Office) -> None:
    before = queued.rows(Queue)[0]
    for _ in range(2):
        assert queues.switch_queue(queued, SwitchQueue(1, 1, 1, "forced", True)) == Changed(None)
    assert queued.rows(Queue) == [replace(before, version=2, forced=True)]
    assert queues.switch_queue(queued, SwitchQueue(1, 1, 1, "forced", False)) == Changed(None)
    assert queues.switch_queue(queued, SwitchQueue(1, 1, 1, "night", False)) == Changed(None)
    assert queued.rows(Queue) == [replace(before, version=3)]
    assert queued.trail() == [("Anna (phone)", "updated", "queues")] * 2


@pytest.mark.parametrize(
    ("what", "fields", "code"),
    [
        ("forced", {"forced_by_code": False}, "by_code"),
        ("forced", {"forced_to": NOWHERE}, "nowhere"),
        ("night", {"night_by_code": False}, "by_code"),
        ("night", {}, "nowhere"),
    ],
)
def test_a_queue_that_allows_no_code_or_leads_nowhere_stays(
    queued: Office, what: Any, fields: dict[str, Any], code: str
) -> None:
    before = change_queue(queued, **fields) if fields else queued.rows(Queue)[0]
    assert queues.switch_queue(queued, SwitchQueue(1, 1, 1, what, True)).code == code
    assert queued.rows(Queue) == [before]


def test_queues_are_switched_by_their_supervisors_and_by_the_right_to_time(queued: Office) -> None:
    assert queues.switch_queue(queued, SwitchQueue(1, BEN, 1, "forced", True)).code == "not_permitted"
    with changing(queued.database, queued.vault, acting_user="test") as changes:
        for user in queued.rows(User):
            changes.update(replace(user, is_supervisor=True, may_configure_time=False))
    assert queues.switch_queue(queued, SwitchQueue(1, 1, 1, "forced", True)).code == "not_permitted"  # no member
    assert queues.switch_queue(queued, SwitchQueue(1, BEN, 1, "forced", True)) == Changed(None)


@pytest.mark.parametrize("queue_id", [2, 99])
def test_a_queue_of_another_company_or_none_is_refused(queued: Office, queue_id: int) -> None:
    assert queues.switch_queue(queued, SwitchQueue(1, 1, queue_id, "forced", True)).code == "gone"
    for on in (True, False):
        assert queues.log_in_or_out(queued, QueueLogin(1, 1, queue_id, on)).code == "gone"
    assert queued.trail() == []


# --- what can go wrong -----------------------------------------------------------------------------------------------

EVERYTHING: list[tuple[Callable[..., Any], Callable[[int, int], Any]]] = [
    (switching.switch_forward, lambda company, user: SwitchForward(company, user, "busy", VOICEMAIL)),
    (switching.stop_forwarding, StopForwarding),
    (switching.switch_service, lambda company, user: SwitchService(company, user, "do_not_disturb", True)),
    (switching.set_status, lambda company, user: SetStatus(company, user, "sick")),
    (plans.switch_plan, lambda company, user: SwitchPlan(company, user, 1, 1)),
    (queues.log_in_or_out, lambda company, user: QueueLogin(company, user, 1, True)),
    (queues.switch_queue, lambda company, user: SwitchQueue(company, user, 1, "forced", True)),
]


@pytest.mark.parametrize(("handler", "request_for"), EVERYTHING)
@pytest.mark.parametrize(("company_id", "user_id"), [(1, 2), (2, 1), (1, 99), (99, 1)])
def test_nobody_writes_for_another_company(
    queued: Office, handler: Any, request_for: Any, company_id: int, user_id: int
) -> None:
    answer = handler(queued, request_for(company_id, user_id))
    assert isinstance(answer, Failed)
    assert answer.code == "gone"
    assert queued.trail() == []
    with queued.database.read() as connection:
        assert list_activity(connection, Wanted(company_id=2, acting_user="Anna (phone)"), 10) == []


def test_a_target_that_has_gone_is_refused_and_nothing_is_written(office: Office) -> None:
    answer = switching.switch_forward(office, always(Destination("extension", "777")))
    assert isinstance(answer, Failed)
    assert answer.code == "refused"
    assert office.rows(Forward) == office.trail() == []


def test_a_database_that_is_away_is_told_of(office: Office) -> None:
    away = Office(Database("sqlite:////nowhere/at/all.db"), office.vault)
    with pytest.raises(DatabaseUnavailableError):  # the back office makes "not possible now" of it
        switching.switch_forward(away, always(VOICEMAIL))
