"""Preparing an installation and running its processes."""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import msgspec

from kiestoon.app.addresses import outward_addresses
from kiestoon.app.certificate import ensure_certificate
from kiestoon.app.config import Settings
from kiestoon.app.os_problems import SystemProblemError, prepare_folder
from kiestoon.app.supervisor import ChildSpec, Supervisor
from kiestoon.store.database import Database
from kiestoon.store.installation import prepare
from kiestoon.store.keys import Vault
from kiestoon.store.schema import check_schema, current_revision


class Installation(msgspec.Struct, frozen=True):
    """A prepared installation. ``lock`` keeps a second exchange away from the same data while it is open."""

    settings: Settings
    database: Database
    vault: Vault
    lock: int


def prepare_installation(
    settings: Settings, domains: Iterable[str] = (), *, migrate_existing: bool = False
) -> Installation:
    """Folder, lock, database, key, certificate; raises ``OperatorError``. ``domains`` go into a new certificate.

    An existing database of an older version is only migrated when ``migrate_existing``: its owner may want a backup.
    """
    prepare_folder(settings.data, "the data folder")
    lock = _lock(settings.data)
    database = Database(settings.database_url)
    if not migrate_existing and current_revision(database) is not None:
        check_schema(database)
    vault = prepare(database, settings.key_path)
    if settings.sip.tls or settings.sip.wss:
        names = (*domains, *outward_addresses(), "127.0.0.1", "localhost")
        ensure_certificate(settings, names)
    return Installation(settings, database, vault, lock)


def child_specs(settings: Settings, extra: Sequence[ChildSpec] = ()) -> list[ChildSpec]:
    """The processes of an exchange."""
    specs = [
        ChildSpec(f"media {number}", "kiestoon.app.media", (str(number),)) for number in range(settings.media_processes)
    ]
    specs.append(ChildSpec("control", "kiestoon.app.control", stop_phase=0))
    specs.append(ChildSpec("clerk", "kiestoon.app.clerk", stop_phase=2))
    specs.append(ChildSpec("notifier", "kiestoon.app.notifier"))
    if settings.web.port:
        specs.append(ChildSpec("web", "kiestoon.app.web"))
    return [*specs, *extra]


def run_exchange(
    installation: Installation, extra: Sequence[ChildSpec] = (), on_ready: Callable[[], None] = lambda: None
) -> None:
    """Run until SIGTERM or SIGINT; raises ``OperatorError`` when it cannot start."""
    installation.database.close()  # the children open their own
    supervisor = Supervisor(child_specs(installation.settings, extra), installation.settings, on_ready)
    asyncio.run(supervisor.run())
    os.close(installation.lock)


def _lock(data: Path) -> int:
    run = data / "run"
    prepare_folder(run, "the folder for sockets")
    descriptor = os.open(run / "kiestoon.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(descriptor, 16).decode(errors="replace").strip()
        os.close(descriptor)
        raise SystemProblemError(
            f"An exchange is already running on {data} (pid {holder or 'unknown'})",
            "End it first, or use another data_dir",
        ) from None
    os.ftruncate(descriptor, 0)
    os.write(descriptor, str(os.getpid()).encode())
    return descriptor
