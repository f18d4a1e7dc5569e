"""The queue of webhook deliveries: what is due, how attempts went, the log. Written in its owner's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, delete, func, insert, select, update

from kiestoon.company.model import Rule, Webhook
from kiestoon.store.cells import columns_of, row_reader
from kiestoon.store.keys import Vault
from kiestoon.store.outbox_tables import told_calls, webhook_deliveries, webhooks
from kiestoon.store.scope import INSTALLATION
from kiestoon.store.tables import TABLES

KEPT_MS: Final = 30 * 86_400_000
"""How long settled deliveries stay in the log."""


class Delivery(msgspec.Struct, frozen=True):
    """One event for one webhook. ``log``: ``[at_ms, status, error, duration_ms]`` of each attempt; status 0: no answer.

    ``state``: "waiting", "delivered" or "failed".
    """

    id: int
    webhook_id: int
    company_id: int
    message_id: str
    event_type: str
    body: str
    created_ms: int
    due_ms: int | None
    state: str
    attempts: int
    settled_ms: int | None
    log: list[Any]


_COLUMNS: Final = tuple(webhook_deliveries.c[name] for name in Delivery.__struct_fields__)


def load_webhooks(connection: Connection, vault: Vault | None, *, company_id: int | None = None) -> list[Webhook]:
    """Webhooks of a company (of all), with their secrets when there is a vault."""
    query = select(*columns_of(Webhook)).order_by(webhooks.c.id)
    if company_id is not None:
        query = query.where(webhooks.c.company_id == company_id)
    read = row_reader(Webhook, vault)
    return [read(values) for values in connection.execute(query, execution_options=INSTALLATION)]


def load_webhook(connection: Connection, vault: Vault | None, company_id: int, webhook_id: int) -> Webhook | None:
    """One webhook."""
    query = select(*columns_of(Webhook)).where(webhooks.c.company_id == company_id, webhooks.c.id == webhook_id)
    values = connection.execute(query).first()
    return None if values is None else row_reader(Webhook, vault)(values)


def enqueue(connection: Connection, webhook: Webhook, message_id: str, event_type: str, body: str, now_ms: int) -> int:
    """Queue an event; returns the delivery's id."""
    cells = {
        "webhook_id": webhook.id,
        "company_id": webhook.company_id,
        "message_id": message_id,
        "event_type": event_type,
        "body": body,
        "created_ms": now_ms,
        "due_ms": now_ms,
        "state": "waiting",
        "attempts": 0,
        "settled_ms": None,
        "log": [],
    }
    table = webhook_deliveries
    return int(connection.execute(insert(table).values(cells).returning(table.c.id)).scalar_one())


def due_deliveries(
    connection: Connection, now_ms: int, but: Iterable[int], busy: Iterable[int], limit: int
) -> list[Delivery]:
    """What is to be tried now, longest due first, but for these; nothing of webhooks that are busy or switched off."""
    table = webhook_deliveries
    query = (
        select(*_COLUMNS)
        .join(webhooks, webhooks.c.id == table.c.webhook_id)
        .where(table.c.due_ms <= now_ms, webhooks.c.active.is_(True))
        .where(table.c.id.not_in(list(but)), table.c.webhook_id.not_in(list(busy)))
        .order_by(table.c.due_ms)
        .limit(limit)
    )
    return [Delivery(*values) for values in connection.execute(query, execution_options=INSTALLATION)]


def note_attempt(
    connection: Connection, delivery: Delivery, entry: Sequence[Any], *, state: str, due_ms: int | None, now_ms: int
) -> None:
    """Write down how an attempt went and what follows."""
    table = webhook_deliveries
    query = update(table).where(table.c.id == delivery.id, table.c.company_id == delivery.company_id)
    connection.execute(
        query.values(
            attempts=delivery.attempts + 1,
            state=state,
            due_ms=due_ms,
            settled_ms=None if state == "waiting" else now_ms,
            log=[*delivery.log, list(entry)],
        )
    )


def succeeded_since(connection: Connection, webhook_id: int, company_id: int, since_ms: int) -> bool:
    """Whether the webhook has taken anything since then."""
    table = webhook_deliveries
    query = select(table.c.id).where(
        table.c.company_id == company_id,
        table.c.webhook_id == webhook_id,
        table.c.state == "delivered",
        table.c.settled_ms >= since_ms,
    )
    return connection.execute(query.limit(1)).first() is not None


def retry(connection: Connection, company_id: int, webhook_id: int, delivery_id: int, now_ms: int) -> bool:
    """Have a delivery tried again from the beginning; False when there is none by this id."""
    table = webhook_deliveries
    query = update(table).where(
        table.c.company_id == company_id, table.c.webhook_id == webhook_id, table.c.id == delivery_id
    )
    values = {"state": "waiting", "due_ms": now_ms, "attempts": 0, "settled_ms": None}
    return bool(connection.execute(query.values(values)).rowcount)


def list_deliveries(
    connection: Connection, company_id: int, webhook_id: int, *, before: int | None, limit: int
) -> list[Delivery]:
    """The log of a webhook, newest first."""
    table = webhook_deliveries
    query = select(*_COLUMNS).where(table.c.company_id == company_id, table.c.webhook_id == webhook_id)
    if before is not None:
        query = query.where(table.c.id < before)
    found = connection.execute(query.order_by(table.c.id.desc()).limit(limit))
    return [Delivery(*values) for values in found]


def tidy(connection: Connection, now_ms: int, expire_ms: int) -> None:
    """Forget what was settled long ago; give up what waited ``expire_ms`` for its webhook to be switched on."""
    table = webhook_deliveries
    connection.execute(delete(table).where(table.c.settled_ms < now_ms - KEPT_MS), execution_options=INSTALLATION)
    late = (table.c.state == "waiting") & (table.c.created_ms < now_ms - expire_ms)
    off = table.c.webhook_id.in_(select(webhooks.c.id).where(webhooks.c.active.is_(False)))
    query = update(table).where(late & off).values(state="failed", due_ms=None, settled_ms=now_ms)
    connection.execute(query, execution_options=INSTALLATION)


def count_waiting(connection: Connection) -> int:
    """Deliveries that are still to be made."""
    query = select(func.count()).select_from(webhook_deliveries).where(webhook_deliveries.c.state == "waiting")
    return int(connection.execute(query, execution_options=INSTALLATION).scalar_one())


# --- calls somebody may be told of ---------------------------------------------------------------------------------


def companies_told_of_calls(connection: Connection) -> frozenset[int]:
    """Companies that have a webhook, or a person with a rule for mails about calls."""
    rules = TABLES[Rule]
    mailed = select(rules.c.company_id).where(rules.c.service == "notification", rules.c.active.is_(True))
    hooked = select(webhooks.c.company_id).where(webhooks.c.active.is_(True))
    found = connection.execute(mailed.union(hooked), execution_options=INSTALLATION)
    return frozenset(found.scalars())


def note_calls(connection: Connection, call_ids: Iterable[str]) -> None:
    """Remember calls whose records were just written."""
    cells = [{"call_id": call_id[:64]} for call_id in call_ids]
    if cells:
        connection.execute(insert(told_calls), cells)


def noted_calls(connection: Connection, limit: int) -> list[tuple[int, str]]:
    """What ``note_calls`` wrote, oldest first."""
    query = select(told_calls.c.id, told_calls.c.call_id).order_by(told_calls.c.id).limit(limit)
    return [(row.id, row.call_id) for row in connection.execute(query)]


def forget_calls(connection: Connection, ids: Iterable[int]) -> None:
    """They have been dealt with."""
    connection.execute(delete(told_calls).where(told_calls.c.id.in_(list(ids))))
