"""The queues of webhooks and mails, the calls they may be about, and the change feed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from organisation_house import House
from sqlalchemy import Connection

from kiestoon.company import model as m
from kiestoon.store import feed, mailbox, outbox
from kiestoon.store.database import Database
from kiestoon.store.keys import Vault
from kiestoon.store.write import changing

NOW = 1_790_000_000_000
DAY = 86_400_000


class Queues:
    """A company with a webhook; one transaction for all that a test does."""

    def __init__(self, changes: Any, vault: Vault) -> None:
        self.changes, self.vault = changes, vault
        self.connection: Connection = changes.connection
        self.house = House(changes)
        self.hook = self.add_hook("Shop")

    def add_hook(self, name: str, **fields: Any) -> m.Webhook:
        row = {"name": name, "url": "https://hooks.example/in", "events": ("*",), "secret": "whsec_c2VjcmV0"}
        return self.house.add(m.Webhook, **row, **fields)  # type: ignore[no-any-return]

    def enqueue(self, name: str, at_ms: int = NOW, hook: m.Webhook | None = None) -> int:
        hook = hook or self.hook
        return outbox.enqueue(self.connection, hook, f"msg_{name}", "call.closed", f'{{"é": "{name}"}}', at_ms)

    def due(self, now_ms: int = NOW, *, but: tuple[int, ...] = (), busy: tuple[int, ...] = ()) -> list[str]:
        found = outbox.due_deliveries(self.connection, now_ms, but, busy, 10)
        return [delivery.message_id for delivery in found]

    def delivery(self, delivery_id: int, hook: m.Webhook | None = None) -> outbox.Delivery:
        hook = hook or self.hook
        listed = outbox.list_deliveries(self.connection, hook.company_id, hook.id, before=None, limit=10)
        return next(delivery for delivery in listed if delivery.id == delivery_id)


@pytest.fixture
def queues(database: Database, vault: Vault) -> Iterator[Queues]:
    with changing(database, vault, acting_user="test", now_ms=NOW) as changes:
        yield Queues(changes, vault)


def test_webhooks_are_loaded_with_their_secrets_by_company(queues: Queues) -> None:
    connection, company_id = queues.connection, queues.house.company_id
    assert outbox.load_webhooks(connection, queues.vault, company_id=company_id) == [queues.hook]
    assert outbox.load_webhooks(connection, None)[0].secret == ""
    assert outbox.load_webhook(connection, queues.vault, company_id, queues.hook.id) == queues.hook
    assert outbox.load_webhook(connection, queues.vault, company_id + 1, queues.hook.id) is None


def test_what_is_due_comes_longest_due_first_but_for_what_is_under_way(queues: Queues) -> None:
    off = queues.add_hook("Off", active=False)
    late, early = queues.enqueue("late", NOW + 5), queues.enqueue("early", NOW - 5)
    queues.enqueue("off", NOW, off)
    assert queues.due() == ["msg_early"]
    assert queues.due(NOW + 5) == ["msg_early", "msg_late"]
    assert queues.due(NOW + 5, but=(early,)) == ["msg_late"]
    assert queues.due(NOW + 5, busy=(queues.hook.id,)) == []
    assert outbox.count_waiting(queues.connection) == 3
    assert queues.delivery(late).body == '{"é": "late"}'


def test_attempts_are_logged_until_a_delivery_is_settled_and_begin_anew_when_retried(queues: Queues) -> None:
    connection, company_id, hook_id = queues.connection, queues.house.company_id, queues.hook.id
    made = queues.enqueue("1")
    outbox.note_attempt(
        connection, queues.delivery(made), (NOW, 0, "no route", 12), state="waiting", due_ms=NOW + 9, now_ms=NOW
    )
    assert not outbox.succeeded_since(connection, hook_id, company_id, NOW)
    assert queues.due(NOW + 8) == []
    outbox.note_attempt(
        connection, queues.delivery(made), (NOW + 9, 204, "", 3), state="delivered", due_ms=None, now_ms=NOW + 9
    )
    settled = queues.delivery(made)
    assert settled.log == [[NOW, 0, "no route", 12], [NOW + 9, 204, "", 3]]
    assert (settled.state, settled.attempts, settled.settled_ms) == ("delivered", 2, NOW + 9)
    assert outbox.succeeded_since(connection, hook_id, company_id, NOW + 9)
    assert not outbox.succeeded_since(connection, hook_id, company_id, NOW + 10)
    assert not outbox.retry(connection, company_id + 1, hook_id, made, NOW + 20)
    assert outbox.retry(connection, company_id, hook_id, made, NOW + 20)
    assert queues.due(NOW + 20) == ["msg_1"]


def test_what_was_settled_long_ago_is_forgotten_and_what_waits_for_nothing_is_given_up(queues: Queues) -> None:
    old, new = queues.enqueue("old"), queues.enqueue("new")
    off = queues.add_hook("Off", active=False)
    waits = queues.enqueue("waits", NOW, off)
    for made, at_ms in ((old, NOW), (new, NOW + DAY)):
        outbox.note_attempt(
            queues.connection, queues.delivery(made), (at_ms, 204, "", 1), state="delivered", due_ms=None, now_ms=at_ms
        )
    outbox.tidy(queues.connection, NOW + outbox.KEPT_MS + 1, 3 * DAY)
    listed = outbox.list_deliveries(
        queues.connection, queues.house.company_id, queues.hook.id, before=new + 1, limit=10
    )
    assert [delivery.id for delivery in listed] == [new]
    assert queues.delivery(waits, off).state == "failed"


def test_calls_are_noted_for_companies_that_are_told_of_them(queues: Queues) -> None:
    other = queues.changes.add(m.Company(id=0, name="Other", domain="other.example"))
    assert outbox.companies_told_of_calls(queues.connection) == {queues.house.company_id}
    person = queues.changes.add(m.User(id=0, company_id=other.id, extension="101", name="Dot"))
    queues.changes.add(
        m.Rule(id=0, company_id=other.id, service="notification", name="Mail", extension=person.extension)
    )
    assert outbox.companies_told_of_calls(queues.connection) == {queues.house.company_id, other.id}
    outbox.note_calls(queues.connection, ["one", "two" * 40])
    noted = outbox.noted_calls(queues.connection, 10)
    assert [call_id for _, call_id in noted] == ["one", ("two" * 40)[:64]]
    outbox.forget_calls(queues.connection, [noted[0][0]])
    assert outbox.noted_calls(queues.connection, 10) == noted[1:]


def test_a_mail_is_encrypted_until_it_is_sent_and_forgotten_then(queues: Queues) -> None:
    params = {"name": "Zoë", "pin": "483920"}
    made = mailbox.enqueue_mail(
        queues.connection, queues.vault, "account_user", "nl-NL", "zoe@acme.example", params, NOW,
        company_id=queues.house.company_id,
    )  # fmt: skip
    assert mailbox.due_mails(queues.connection, queues.vault, NOW - 1, 10) == []
    mail = mailbox.due_mails(queues.connection, queues.vault, NOW, 10)[0]
    assert (mail.id, mail.language, mail.params) == (made, "nl", params)
    mailbox.note_mail(queues.connection, mail, state="waiting", due_ms=NOW + 9, problem="x" * 300, now_ms=NOW)
    assert mailbox.due_mails(queues.connection, queues.vault, NOW, 10) == []
    assert mailbox.count_waiting(queues.connection) == 1
    mailbox.note_mail(queues.connection, mail, state="sent", due_ms=None, problem="", now_ms=NOW)
    assert mailbox.count_waiting(queues.connection) == 0
    assert mailbox.due_mails(queues.connection, queues.vault, NOW + 99, 10) == []
    mailbox.tidy_mails(queues.connection, NOW + mailbox.KEPT_MS + 1)


def test_the_feed_goes_on_after_any_change(queues: Queues) -> None:
    last = feed.last_change(queues.connection)
    queues.house.change(queues.house.ann, name="Anne")
    queues.house.change(queues.house.bob, name="Rob")
    found = feed.changes_after(queues.connection, last, 10)
    assert [(change.table_name, change.before["name"]) for change in found if change.before] == [
        ("users", "Ann"), ("users", "Bob"),
    ]  # fmt: skip
    assert found[0].at_ms == NOW
    assert feed.changes_after(queues.connection, last, 10, until=found[0].id) == found[:1]
    assert feed.last_change(queues.connection) == found[-1].id
