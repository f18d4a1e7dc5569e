"""The notifier: a process that tells others. Webhooks and mails leave from here, at their own pace.

It is a process of its own because it speaks with servers nobody knows: whatever they do, the API does not notice.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from collections.abc import Awaitable, Callable
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Final

import structlog

from kiestoon import __version__
from kiestoon.api.samples import Metric
from kiestoon.app.admin_socket import AdminServer, Commands
from kiestoon.app.child import Child, run_child
from kiestoon.app.config import ConfigError, MailSettings, Settings
from kiestoon.app.event_client import follow_events
from kiestoon.app.metrics import Metrics
from kiestoon.app.os_problems import explain_file
from kiestoon.notify.courier import Courier
from kiestoon.notify.intake import Intake
from kiestoon.notify.posting import Poster
from kiestoon.notify.postman import Postman, Smtp
from kiestoon.operator_error import OperatorError
from kiestoon.store import mailbox, outbox
from kiestoon.store.database import Database
from kiestoon.store.installation import open_vault

log = structlog.get_logger(__name__)

_POLL_S: Final = 0.5
_LIVE_POLL_S: Final = 5.0
_TIDY_S: Final = 3600.0
_AFTER_TROUBLE_S: Final = 5.0
_EXPIRE_MS: Final = 4 * 86_400_000


class Notifier:
    """Takes in what happened and sends what is due, until it is cancelled."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._database = Database(settings.database_url)
        vault = open_vault(self._database, settings.key_path)
        smtp = smtp_of(settings.mail)
        source = random.SystemRandom()
        poster = Poster(private=settings.web.private_targets, version=__version__)
        self.courier = Courier(self._database, vault, poster, _wall_ms, source)
        self.postman = Postman(self._database, vault, smtp, _wall_ms, source) if smtp is not None else None
        self.intake = Intake(
            self._database,
            vault,
            _wall_ms,
            mailing=smtp is not None,
        )
        commands, figures = Commands(), Metrics()
        figures.add(self._metrics)
        commands.add("metrics", figures.collect)
        commands.add("ping", lambda: {"pid": os.getpid()})
        self._socket = AdminServer(settings.notifier_socket, commands)

    async def run(self, ready: Callable[[], None]) -> None:
        """Work; raises ``OperatorError`` for what only the operator can put right at the start."""
        try:
            await self._socket.start()
        except OSError as error:
            raise explain_file(error, self._settings.notifier_socket, "the notifier's socket") from None
        ready()
        try:
            async with asyncio.TaskGroup() as group:
                for work, pause_s in (
                    (self._take_in, _POLL_S),
                    (self._deliver, _POLL_S),
                    (self._mail, _POLL_S),
                    (self._follow, _LIVE_POLL_S),
                    (self._tidy, _TIDY_S),
                ):
                    group.create_task(_repeat(work, pause_s))
        finally:
            await self.courier.close()
            await self._socket.stop()
            self._database.close()

    async def _take_in(self) -> None:
        while await asyncio.to_thread(self.intake.take_changes):
            pass
        while await asyncio.to_thread(self.intake.take_calls):
            pass

    async def _deliver(self) -> None:
        await self.courier.work()

    async def _mail(self) -> None:
        while self.postman is not None and await self.postman.work():
            pass

    async def _follow(self) -> None:
        """Follow live events while a webhook wants any."""
        if not await asyncio.to_thread(self.intake.wants_live):
            return
        epoch, after = await asyncio.to_thread(self.intake.live_position)
        looked = time.monotonic()
        async with aclosing(follow_events(self._settings.admin_socket, epoch, after)) as batches:
            async for batch in batches:
                await asyncio.to_thread(self.intake.take_live, batch)
                if time.monotonic() - looked > _LIVE_POLL_S:
                    looked = time.monotonic()
                    if not await asyncio.to_thread(self.intake.wants_live):
                        return

    async def _tidy(self) -> None:
        def tidy() -> None:
            with self._database.write() as connection:
                outbox.tidy(connection, _wall_ms(), _EXPIRE_MS)
                mailbox.tidy_mails(connection, _wall_ms())

        await asyncio.to_thread(tidy)

    def _metrics(self) -> list[Metric]:
        with self._database.read() as connection:
            deliveries, mails = outbox.count_waiting(connection), mailbox.count_waiting(connection)
        found = [
            Metric("webhook_deliveries_waiting", "gauge", "Webhook deliveries still to be made", deliveries),
            Metric("mails_waiting", "gauge", "Mails still to be sent", mails),
        ]
        for outcome in ("delivered", "retried", "failed", "disabled"):
            count = self.courier.outcomes[outcome]
            found.append(
                Metric(
                    "webhook_attempts", "counter", "Webhook deliveries tried, by outcome", count, {"outcome": outcome}
                )
            )
        for outcome in ("sent", "retried", "failed"):
            count = self.postman.outcomes[outcome] if self.postman is not None else 0
            found.append(Metric("mail_attempts", "counter", "Mails tried, by outcome", count, {"outcome": outcome}))
        return found


async def _repeat(work: Callable[[], Awaitable[None]], pause_s: float) -> None:
    """For ever; a database that is away only delays."""
    while True:
        wait_s = pause_s
        try:
            await work()
        except OperatorError as problem:
            log.error("notifying waits", problem=str(problem), retry_s=_AFTER_TROUBLE_S)
            wait_s = _AFTER_TROUBLE_S
        await asyncio.sleep(wait_s)


def smtp_of(mail: MailSettings) -> Smtp | None:
    """The mail server of the settings; None: none is set. Raises ``ConfigError``."""
    if not mail.host:
        return None
    if not mail.sender:
        raise ConfigError(
            "mail.sender is missing", "Set it to the address mails come from, as in Phones <pbx@example.org>"
        )
    password = ""
    if mail.password_file:
        try:
            password = Path(mail.password_file).read_text().strip()
        except OSError as error:
            raise ConfigError(
                f"mail.password_file {mail.password_file} cannot be read ({error.strerror})",
                "Make it readable for the exchange's user only",
            ) from None
    return Smtp(mail.host, mail.port, mail.tls, mail.sender, mail.user, password)


def _wall_ms() -> int:
    return int(time.time() * 1000)


async def serve(child: Child) -> None:
    """Work until SIGTERM."""
    notifier = Notifier(child.settings)
    working = asyncio.create_task(notifier.run(child.ready))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, working.cancel)
    with suppress(asyncio.CancelledError):
        await working


def main(child: Child) -> None:
    """The process."""
    os.nice(5)  # calls come first
    asyncio.run(serve(child))


if __name__ == "__main__":
    run_child("notifier", main)
