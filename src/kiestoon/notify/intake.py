"""What has happened, made into deliveries and mails: each exactly once, however often the notifier is restarted.

Every source has a position that is written in the transaction that queues what came of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Final

import structlog
from sqlalchemy import Connection, insert, select, update

from kiestoon.calls.record import CallRecord
from kiestoon.company.directory import CompanyIndex
from kiestoon.company.model import Webhook
from kiestoon.notify.body import change_body, live_body, record_body
from kiestoon.notify.call_notice import Notice, notices_of
from kiestoon.notify.dates import time_in_words
from kiestoon.notify.events import LIVE_EVENTS, change_type, fits
from kiestoon.notify.invitations import TABLES as INVITING
from kiestoon.notify.invitations import invitations_of
from kiestoon.notify.live import Batch
from kiestoon.store.database import Database
from kiestoon.store.feed import Change, changes_after
from kiestoon.store.keys import Vault
from kiestoon.store.load import load_company
from kiestoon.store.mailbox import enqueue_mail
from kiestoon.store.outbox import enqueue, forget_calls, load_webhooks, noted_calls
from kiestoon.store.records import find_records
from kiestoon.store.tables import settings

log = structlog.get_logger(__name__)

_BATCH: Final = 200
_CHANGE: Final = "notifier_change"
_LIVE: Final = "notifier_live"
_OUTCOMES: Final = {
    "answered": ("opgenomen", "answered"),
    "busy": ("in gesprek", "busy"),
    "no_answer": ("niet opgenomen", "not answered"),
    "cancelled": ("beller hing op", "the caller hung up"),
    "rejected": ("geweigerd", "declined"),
    "unreachable": ("niet bereikbaar", "unreachable"),
}
_OTHER_OUTCOME: Final = ("niet tot stand gekomen", "not connected")


class Intake:
    """Synchronous; runs in worker threads. ``mailing``: whether mails can be sent at all, else none are made."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        wall_ms: Callable[[], int],
        *,
        mailing: bool,
    ) -> None:
        self._database = database
        self._vault = vault
        self._wall_ms = wall_ms
        self._mailing = mailing

    # --- changes of the configuration ------------------------------------------------------------------------------

    def take_changes(self) -> bool:
        """Take in the next changes; whether there were any."""
        with self._database.read() as connection:
            after = int(_position(connection, _CHANGE) or 0)
            if not changes_after(connection, after, 1):
                return False
        with self._database.write() as connection:
            after = int(_position(connection, _CHANGE) or 0)
            found = changes_after(connection, after, _BATCH)
            hooks = self._hooks(connection)
            for change in found:
                self._take_change(connection, change, hooks)
            if found:
                _move(connection, _CHANGE, str(found[-1].id))
            return bool(found)

    def _take_change(self, connection: Connection, change: Change, hooks: dict[int, list[Webhook]]) -> None:
        if self._mailing and change.table_name in INVITING:
            self._invite(connection, change)
        event_type = change_type(change.action)
        wanted = [hook for hook in hooks.get(change.company_id or 0, ()) if fits(hook.events, event_type)]
        if wanted:
            body = change_body(change)
            for hook in wanted:
                enqueue(connection, hook, f"msg_change_{change.id}", event_type, body, self._wall_ms())

    def _invite(self, connection: Connection, change: Change) -> None:
        """To the people of a meeting that was planned, changed or removed."""
        rows = load_company(self._database, self._vault, change.company_id or 0)
        if rows is None:
            return
        for mail in invitations_of(CompanyIndex(rows), change, self._wall_ms()):
            enqueue_mail(
                connection, self._vault, "meeting", mail.language, mail.recipient, mail.params, self._wall_ms(),
                company_id=change.company_id,
            )  # fmt: skip

    # --- calls that have ended -------------------------------------------------------------------------------------

    def take_calls(self) -> bool:
        """Take in the next records; whether there were any."""
        with self._database.read() as connection:
            if not noted_calls(connection, 1):
                return False
        with self._database.write() as connection:
            noted = noted_calls(connection, _BATCH)
            records = find_records(connection, [call_id for _, call_id in noted])
            hooks = self._hooks(connection)
            for record in records:
                self._hook_record(connection, record, hooks)
            if self._mailing:
                self._mail_records(connection, records)
            forget_calls(connection, [number for number, _ in noted])
            return True

    def _hook_record(self, connection: Connection, record: CallRecord, hooks: dict[int, list[Webhook]]) -> None:
        wanted = [hook for hook in hooks.get(record.company_id, ()) if fits(hook.events, "call.recorded")]
        if wanted:
            body = record_body(record)
            for hook in wanted:
                enqueue(connection, hook, f"msg_call_{record.call_id}"[:64], "call.recorded", body, self._wall_ms())

    def _mail_records(self, connection: Connection, records: Iterable[CallRecord]) -> None:
        indexes: dict[int, CompanyIndex | None] = {}
        for record in records:
            if record.company_id not in indexes:
                rows = load_company(self._database, self._vault, record.company_id)
                indexes[record.company_id] = None if rows is None else CompanyIndex(rows)
            index = indexes[record.company_id]
            for notice in notices_of(index, record) if index is not None else ():
                self._mail_notice(connection, index, record, notice)

    def _mail_notice(
        self, connection: Connection, index: CompanyIndex | None, record: CallRecord, notice: Notice
    ) -> None:
        assert index is not None  # noqa: S101 - the caller has looked
        user, company = notice.user, index.company
        location = index.location_of(user)
        zone = (location.timezone if location is not None else "") or company.timezone
        language = user.language or company.language
        dutch, english = _OUTCOMES.get(record.outcome, _OTHER_OUTCOME)
        params = {
            "name": user.name,
            "caller": notice.caller,
            "caller_name": notice.caller_name,
            "withheld": notice.withheld,
            "answered": notice.answered,
            "dialled": record.dialled,
            "at": time_in_words(record.opened_ms, zone, language),
            "outcome_nl": dutch,
            "outcome_en": english,
            "rule": notice.rule,
        }
        enqueue_mail(
            connection, self._vault, "call", language, user.notify_email or user.email, params, self._wall_ms(),
            company_id=company.id,
        )  # fmt: skip

    # --- live events -----------------------------------------------------------------------------------------------

    def wants_live(self) -> bool:
        """Whether any webhook asks for live events: else they need not be followed."""
        with self._database.read() as connection:
            hooks = load_webhooks(connection, None)
        return any(fits(hook.events, kind) for hook in hooks if hook.active for kind in LIVE_EVENTS)

    def live_position(self) -> tuple[str, int]:
        """Where to go on: epoch and sequence."""
        with self._database.read() as connection:
            epoch, _, sequence = (_position(connection, _LIVE) or "").partition(":")
        return epoch, int(sequence or 0)

    def take_live(self, batch: Batch) -> None:
        """Take in live events."""
        if batch.gap:
            log.warning("live events were missed: webhooks are not told of them", epoch=batch.epoch)
        with self._database.write() as connection:
            hooks = self._hooks(connection)
            for event in batch.events:
                for hook in hooks.get(event.company_id, ()):
                    if fits(hook.events, event.type):
                        message_id = f"msg_live_{batch.epoch}_{event.sequence}"
                        enqueue(connection, hook, message_id, event.type, live_body(event), self._wall_ms())
            _move(connection, _LIVE, f"{batch.epoch}:{batch.last}")

    def _hooks(self, connection: Connection) -> dict[int, list[Webhook]]:
        grouped: defaultdict[int, list[Webhook]] = defaultdict(list)
        for hook in load_webhooks(connection, None):
            if hook.active:
                grouped[hook.company_id].append(hook)
        return grouped


def _position(connection: Connection, name: str) -> str | None:
    value = connection.execute(select(settings.c.value).where(settings.c.name == name)).scalar()
    return None if value is None else str(value)


def _move(connection: Connection, name: str, value: str) -> None:
    if connection.execute(update(settings).where(settings.c.name == name).values(value=value)).rowcount == 0:
        connection.execute(insert(settings).values(name=name, value=value))
