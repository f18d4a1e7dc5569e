"""Which calls give a mail (V 7.4.3), and what happens is queued once, however often the notifier starts."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from notify_rig import Installation

from kiestoon.calls.record import CallRecord
from kiestoon.company.directory import CompanyIndex
from kiestoon.company.model import Company, CompanyRows, Location, Number, Rule, Schedule, User, WeekBlock
from kiestoon.notify.call_notice import notices_of
from kiestoon.notify.intake import Intake
from kiestoon.notify.live import Batch, LiveEvent
from kiestoon.routing.reasons import because
from kiestoon.store.mailbox import due_mails
from kiestoon.store.records import store_records
from kiestoon.store.write import changing

MONDAY_10 = 1_790_582_400_000  # 2026-09-28 10:00 in Amsterdam, a Monday
ARRIVED = because("extension", extension="204", name="Sam")
RULE = Rule(id=1, company_id=1, service="notification", name="Always", extension="204")


def index(*rules: Rule, **user: Any) -> CompanyIndex:
    people = (
        User(id=1, company_id=1, extension="204", name="Sam", email="sam@a.example", **user),
        User(id=2, company_id=1, extension="205", name="Kim", email="kim@a.example"),
    )
    rows = CompanyRows(
        company=Company(id=1, name="A", domain="a.example", country="NL", timezone="Europe/Amsterdam"),
        locations=(Location(id=1, company_id=1, name="Here"),),
        users=people,
        numbers=(Number(id=1, company_id=1, e164="+31205550204", extension="204"),),
        rules=rules,
        schedules=(Schedule(id=1, company_id=1, name="Mornings", user_id=1, blocks=(WeekBlock(0, 540, 720),)),),
    )
    return CompanyIndex(rows)


def record(*reasons: Any, **more: Any) -> CallRecord:
    values: dict[str, Any] = {
        "call_id": "c1", "company_id": 1, "direction": "in", "opened_ms": MONDAY_10, "answered_ms": 0,
        "closed_ms": MONDAY_10 + 9000, "caller_number": "+31612345678", "caller_display": "Eve",
        "dialled": "+31205550204", "final_party": "204", "outcome": "no_answer", "ended_by": "caller",
        "reasons": reasons or (ARRIVED,),
    }  # fmt: skip
    return CallRecord(**{**values, **more})


def mailed(found: CompanyIndex, call: CallRecord) -> list[str]:
    return [notice.user.name for notice in notices_of(found, call)]


TABLE = {
    "a plain call": ((ARRIVED,), True),
    "a call to an alternate number": ((because("alternate", extension="+31205550209", name="Sam"), ARRIVED), True),
    "a withheld caller who is rejected": ((ARRIVED, because("anonymous_rejected", name="Sam")), False),
    "a call that is forwarded": ((ARRIVED, because("forward_always", extension="204", number="0612345678")), True),
    "a call forwarded as nobody can be reached": (
        (ARRIVED, because("forward_unreachable", extension="204", number="0612345678")), True,
    ),
    "do not disturb": ((ARRIVED, because("do_not_disturb", name="Sam")), True),
    "a call that ends in voicemail": ((ARRIVED, because("to_voicemail", extension="204")), True),
    "a call to a hunt group": (
        (because("hunt_group", extension="300", name="G", policy="linear"),
         because("hunt_member", extension="204", name="Sam")), False,
    ),
    "a call to a hunt group whose member is looked at": (
        (because("hunt_member", extension="204", name="Sam"), ARRIVED), False,
    ),
    "a call to a group": ((because("group", extension="300", name="G"),), False),
    "a call picked up from somebody else": ((because("extension", extension="205", name="Kim"),), False),
    "a caller on the block list": ((ARRIVED, because("on_blocklist", name="Sam")), False),
}  # fmt: skip


@pytest.mark.parametrize("case", TABLE)
def test_the_table_of_interactions(case: str) -> None:
    reasons, expected = TABLE[case]
    assert mailed(index(RULE), record(*reasons)) == (["Sam"] if expected else [])


def test_call_waiting_and_answered_calls_give_mails_too() -> None:
    (notice,) = notices_of(index(RULE), record(outcome="answered", answered_ms=MONDAY_10 + 5000))
    assert notice.answered


def test_at_least_one_rule_must_be_active() -> None:
    assert mailed(index(), record()) == []
    assert mailed(index(msgspec.structs.replace(RULE, active=False)), record()) == []


def test_a_forwarded_call_is_told_to_both_whom_it_reached() -> None:
    other = msgspec.structs.replace(RULE, id=2, extension="205")
    reasons = (ARRIVED, because("forward_busy", extension="204", number="205"), because("extension", extension="205"))
    assert mailed(index(RULE, other), record(*reasons)) == ["Sam", "Kim"]


def test_rules_look_at_the_caller_and_the_time_of_the_call() -> None:
    mobiles = msgspec.structs.replace(RULE, patterns=("+316*",))
    assert mailed(index(mobiles), record()) == ["Sam"]
    assert mailed(index(mobiles), record(caller_number="+31201234567")) == []
    mornings = msgspec.structs.replace(RULE, schedule_id=1)
    assert mailed(index(mornings), record()) == ["Sam"]
    assert mailed(index(mornings), record(opened_ms=MONDAY_10 + 4 * 3_600_000)) == []
    colleagues = msgspec.structs.replace(RULE, kinds=("internal",))
    assert mailed(index(colleagues), record()) == []
    assert mailed(index(colleagues), record(direction="internal", caller_number="205")) == ["Sam"]


def test_a_rule_that_switches_it_off_wins() -> None:
    never = msgspec.structs.replace(RULE, id=2, name="Not this one", applies=False, patterns=("+31612345678",))
    assert mailed(index(RULE, never), record()) == []
    assert mailed(index(RULE, never), record(caller_number="+31687654321")) == ["Sam"]


def test_a_withheld_number_stays_out_of_the_mail() -> None:
    (notice,) = notices_of(index(RULE), record(caller_withheld=True))
    assert (notice.caller, notice.caller_name, notice.withheld) == ("", "", True)


# --- the queue -------------------------------------------------------------------------------------------------------


def intake(installation: Installation, *, mailing: bool = True) -> Intake:
    return Intake(installation.database, installation.vault, installation.clock, mailing=mailing)


def drain(made: Intake) -> None:
    while made.take_changes() or made.take_calls():
        pass


def call(installation: Installation, call_id: str, **more: Any) -> None:
    with installation.database.write() as connection:
        store_records(connection, [record(call_id=call_id, company_id=installation.company.id, **more)])


def with_rule(installation: Installation) -> None:
    with changing(installation.database, installation.vault, acting_user="test") as changes:
        company_id = installation.company.id
        changes.add(User(id=0, company_id=company_id, extension="204", name="Sam", email="sam@a.example"))
        changes.add(msgspec.structs.replace(RULE, company_id=company_id))


def test_a_call_that_a_rule_fits_is_mailed_once(installation: Installation) -> None:
    with_rule(installation)
    drain(intake(installation))
    for _ in range(2):
        call(installation, "c1")
        drain(intake(installation))
    with installation.database.read() as connection:
        (mail,) = due_mails(connection, installation.vault, installation.clock(), 10)
    assert (mail.kind, mail.recipient, mail.language) == ("call", "sam@a.example", "nl")
    assert (mail.params["caller"], mail.params["at"], mail.params["rule"]) == (
        "+31612345678", "28 september 2026, 10:00", "Always"
    )  # fmt: skip


def test_without_a_mail_server_no_mails_pile_up(installation: Installation) -> None:
    with_rule(installation)
    call(installation, "c1")
    drain(intake(installation, mailing=False))
    with installation.database.read() as connection:
        assert due_mails(connection, installation.vault, installation.clock(), 10) == []


def test_records_and_changes_go_to_the_webhooks_that_want_them(installation: Installation) -> None:
    drain(intake(installation))
    hook = installation.hook("https://a.example/1", "call.recorded")
    every = installation.hook("https://a.example/2", "*")
    drain(intake(installation))
    call(installation, "c1")
    drain(intake(installation))
    drain(intake(installation))
    (delivery,) = installation.deliveries(hook)
    body = json.loads(delivery.body)
    assert (delivery.message_id, body["type"], body["data"]["outcome"]) == ("msg_call_c1", "call.recorded", "no_answer")
    assert body["data"]["reasons"][0]["text"] == "204 is the extension of Sam"
    kinds = [delivery.event_type for delivery in installation.deliveries(every)]
    assert kinds == ["call.recorded", "configuration.added", "configuration.added"]
    secret = installation.current(every).secret
    assert all(secret not in delivery.body for delivery in installation.deliveries(every))


def test_other_companies_events_are_not_sent(installation: Installation) -> None:
    hook = installation.hook("https://a.example/1", "*")
    drain(intake(installation))
    before = len(installation.deliveries(hook))
    with changing(installation.database, installation.vault, acting_user="test") as changes:
        changes.add(Company(id=0, name="Other", domain="other.example"))
    call(installation, "c9")
    with installation.database.write() as connection:
        store_records(connection, [record(call_id="c10", company_id=999)])
    drain(intake(installation))
    kinds = [delivery.message_id for delivery in installation.deliveries(hook)]
    assert kinds[: len(kinds) - before] == ["msg_call_c9"]


def test_live_events_are_queued_and_the_position_is_kept(installation: Installation) -> None:
    made = intake(installation)
    assert not made.wants_live()
    hook = installation.hook("https://a.example/1", "call.leg.*")
    assert made.wants_live()
    events = tuple(
        LiveEvent(number, 5, installation.company.id, kind)
        for number, kind in enumerate(("call.opened", "call.leg.ringing", "call.closed"), 7)
    )
    made.take_live(Batch("abc", 9, 0, False, events))
    assert [delivery.message_id for delivery in installation.deliveries(hook)] == ["msg_live_abc_8"]
    assert intake(installation).live_position() == ("abc", 9)
