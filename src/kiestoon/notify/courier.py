"""Delivers what is due to webhooks, and gives up on those that fail for good."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from typing import Final

import msgspec
import structlog
from sqlalchemy import Connection

from kiestoon.company.model import Company, Webhook
from kiestoon.notify.backoff import WEBHOOK_PAUSES_S, pause_s
from kiestoon.notify.posting import Attempt, Poster
from kiestoon.operator_error import OperatorError
from kiestoon.store import outbox
from kiestoon.store.database import Database
from kiestoon.store.keys import Vault
from kiestoon.store.load import iterate_rows
from kiestoon.store.mailbox import enqueue_mail
from kiestoon.store.outbox import Delivery
from kiestoon.store.write import changing

log = structlog.get_logger(__name__)

AT_ONCE: Final = 20
OF_ONE: Final = 4
"""Deliveries to one webhook at a time: a slow target holds up nobody but itself."""
GONE: Final = 410
ACTING: Final = "kiestoon"
_LONGEST_MS: Final = 4 * 86_400_000


class Courier:
    """``wall_ms`` is wall-clock time. ``work`` starts what is due; ``idle`` waits for what has been started."""

    def __init__(
        self, database: Database, vault: Vault, poster: Poster, wall_ms: Callable[[], int], source: random.Random
    ) -> None:
        self._database = database
        self._vault = vault
        self._poster = poster
        self._wall_ms = wall_ms
        self._source = source
        self._running: dict[int, asyncio.Task[None]] = {}
        self._of_hook: Counter[int] = Counter()
        self.outcomes: Counter[str] = Counter()
        """Attempts by how they ended: delivered, retried, failed; and webhooks "disabled"."""

    async def work(self) -> int:
        """Start deliveries that are due and for which there is room; returns how many."""
        found = await asyncio.to_thread(self._due)
        started = 0
        for delivery, webhook in found:
            if len(self._running) >= AT_ONCE:
                break
            if self._of_hook[webhook.id] >= OF_ONE or delivery.id in self._running:
                continue
            self._of_hook[webhook.id] += 1
            task = asyncio.create_task(self._deliver(delivery, webhook))
            self._running[delivery.id] = task
            task.add_done_callback(lambda task, delivery=delivery: self._done(task, delivery))  # type: ignore[misc]
            started += 1
        return started

    async def idle(self) -> None:
        """Until nothing is under way."""
        while self._running:
            await asyncio.wait(list(self._running.values()))

    async def close(self) -> None:
        """Break off; what was under way is delivered again after the next start."""
        for task in list(self._running.values()):
            task.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)
        await self._poster.close()

    def _done(self, task: asyncio.Task[None], delivery: Delivery) -> None:
        self._running.pop(delivery.id, None)
        self._of_hook[delivery.webhook_id] -= 1
        error = None if task.cancelled() else task.exception()
        if isinstance(error, OperatorError):
            log.error("delivery could not be written down; it is made again", problem=str(error))
        elif error is not None:
            log.error("delivery failed", exc_info=error)

    def _due(self) -> list[tuple[Delivery, Webhook]]:
        with self._database.read() as connection:
            busy = [webhook for webhook, count in self._of_hook.items() if count >= OF_ONE]
            found = outbox.due_deliveries(connection, self._wall_ms(), self._running, busy, 4 * AT_ONCE)
            hooks: dict[int, Webhook | None] = {}
            for delivery in found:
                if delivery.webhook_id not in hooks:
                    hooks[delivery.webhook_id] = outbox.load_webhook(
                        connection, self._vault, delivery.company_id, delivery.webhook_id
                    )
        pairs = ((delivery, hooks[delivery.webhook_id]) for delivery in found)
        return [(delivery, webhook) for delivery, webhook in pairs if webhook is not None]

    async def _deliver(self, delivery: Delivery, webhook: Webhook) -> None:
        now_s = self._wall_ms() / 1000
        attempt = await self._poster.post(
            webhook.url, webhook.secret, delivery.message_id, delivery.body.encode(), now_s
        )
        await asyncio.to_thread(self._settle, delivery, webhook, attempt)

    def _settle(self, delivery: Delivery, webhook: Webhook, attempt: Attempt) -> None:
        now_ms = self._wall_ms()
        entry = (now_ms, attempt.status, attempt.error, attempt.duration_ms)
        pause = pause_s(WEBHOOK_PAUSES_S, delivery.attempts + 1, self._source)
        final = attempt.accepted or attempt.status == GONE or pause is None
        state = "delivered" if attempt.accepted else "failed" if final else "waiting"
        due_ms = None if final or pause is None else now_ms + int(1000 * max(pause, attempt.retry_after_s))
        with changing(self._database, self._vault, acting_user=ACTING, now_ms=now_ms) as changes:
            outbox.note_attempt(changes.connection, delivery, entry, state=state, due_ms=due_ms, now_ms=now_ms)
            if state == "failed" and self._is_hopeless(changes.connection, delivery, attempt):
                current = outbox.load_webhook(changes.connection, self._vault, webhook.company_id, webhook.id)
                if current is not None and current.active and current.url == webhook.url:
                    changes.update(msgspec.structs.replace(current, active=False))
                    self._tell(changes.connection, current, attempt, now_ms)
                    self.outcomes["disabled"] += 1
        self.outcomes["retried" if state == "waiting" else state] += 1
        if not attempt.accepted:
            log.info(
                "webhook did not take a delivery",
                webhook=webhook.id, delivery=delivery.id, attempt=delivery.attempts + 1, cause=attempt.error,
                state=state,
            )  # fmt: skip

    def _is_hopeless(self, connection: Connection, delivery: Delivery, attempt: Attempt) -> bool:
        """Whether it said so itself, or has taken nothing for as long as this one was tried."""
        if attempt.status == GONE:
            return True
        return not outbox.succeeded_since(connection, delivery.webhook_id, delivery.company_id, delivery.created_ms)

    def _tell(self, connection: Connection, webhook: Webhook, attempt: Attempt, now_ms: int) -> None:
        log.warning("webhook switched off", webhook=webhook.id, company=webhook.company_id, cause=attempt.error)
        company = next(iterate_rows(connection, Company, row_id=webhook.company_id), None)
        if company is not None and company.contact_email:
            params = {"company": company.name, "webhook": webhook.name, "url": webhook.url, "cause": attempt.error}
            enqueue_mail(
                connection, self._vault, "webhook_disabled", company.language, company.contact_email, params, now_ms,
                company_id=company.id,
            )  # fmt: skip
