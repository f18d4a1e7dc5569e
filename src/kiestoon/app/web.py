"""The web process: uvicorn serving the web application, with the database and the installation's key opened for it."""

from __future__ import annotations

import asyncio
import errno
import logging
import signal
import socket
from collections.abc import Generator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import structlog
import uvicorn

from kiestoon import __version__
from kiestoon.api.application import build_application
from kiestoon.api.backend import Backend
from kiestoon.api.login.logins import Logins
from kiestoon.api.uploads import tidy_now
from kiestoon.app.admin_client import ask_async
from kiestoon.app.child import Child, run_child
from kiestoon.app.config import WebSettings
from kiestoon.app.event_client import follow_events
from kiestoon.app.os_problems import explain_bind
from kiestoon.notify.account_mail import AccountMailer
from kiestoon.operator_error import OperatorError
from kiestoon.store.database import Database
from kiestoon.store.installation import open_vault

_TIDY_S = 6 * 3600.0

log = structlog.get_logger(__name__)


async def serve(child: Child) -> None:
    """Serve until SIGTERM."""
    settings = child.settings
    listener = open_listener(settings.web)

    database = Database(settings.database_url)
    vault = open_vault(database, settings.key_path)

    async def ask(command: str, **arguments: Any) -> Any:
        answer = await ask_async(settings.admin_socket, command, **arguments)
        if command == "metrics":
            with suppress(OperatorError):  # without the notifier its figures are missing, no others
                answer += await ask_async(settings.notifier_socket, command)
        return answer

    backend = Backend(database, vault, ask)
    mailer = AccountMailer(vault, settings.web.public_url, settings.web.inside_url) if settings.mail.host else None
    logins = Logins(
        backend, public_url=settings.web.public_url, private_targets=settings.web.private_targets, mail_login=mailer
    )
    application = build_application(
        backend,
        __version__,
        requests_per_minute=settings.web.requests_per_minute,
        logins=logins,
        follow=partial(follow_events, settings.admin_socket),
        mailer=mailer,
        private_targets=settings.web.private_targets,
        recordings=settings.recordings_dir,
        voicemail_folder=settings.voicemail_dir,
    )
    logging.getLogger("uvicorn.error").addFilter(_is_no_false_alarm)
    server = _Server(
        uvicorn.Config(
            application,
            log_config=None,
            access_log=False,
            server_header=False,
            lifespan="off",
            ws="websockets-sansio",
            ws_max_size=4096,  # listeners have nothing to say
            ws_per_message_deflate=False,  # 40 kB of memory for each listener, to save a few bytes
            timeout_graceful_shutdown=1,
        )
    )
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    tidying = asyncio.create_task(_tidy(backend, settings.recordings_dir))
    child.ready()
    await ended.wait()
    tidying.cancel()
    server.should_exit = True
    await serving
    await application.state.events.hub.close()
    await backend.settle()
    database.close()


def _is_no_false_alarm(record: logging.LogRecord) -> bool:
    """Uvicorn's WebSockets call every handshake that was refused with a response an error of the application."""
    return "without completing handshake" not in record.getMessage()


async def _tidy(backend: Backend, recordings: Path) -> None:
    """Now and then: what a removed company has left on the disk must not stay there."""
    while True:
        try:
            removed = await tidy_now(backend, recordings)
            if removed:
                log.info("recordings of nobody removed", files=removed)
        except OperatorError as problem:  # the database is away
            log.warning("recordings were not tidied up", problem=str(problem))
        await asyncio.sleep(_TIDY_S)


class _Server(uvicorn.Server):
    """Uvicorn without signal handlers of its own: SIGTERM is ours, SIGINT the supervisor's."""

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


def open_listener(settings: WebSettings) -> socket.socket:
    """The listening socket; raises ``OperatorError``."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
        listener.listen(128)  # SO_REUSEADDR: a second listener shows only here
    except OSError as error:
        listener.close()
        if error.errno is None:  # host name not found
            error = OSError(errno.EADDRNOTAVAIL, str(error))
        raise explain_bind(error, "tcp", settings.host, settings.port, "web.port") from None
    return listener


def main(child: Child) -> None:
    """The process."""
    asyncio.run(serve(child))


if __name__ == "__main__":
    run_child("web", main)
