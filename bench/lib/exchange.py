"""A complete Kiestoon as other programs meet it: ``kiestoon serve`` with its own data folder and free ports.

Used by the benchmarks as a system under test and by the wire tests.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, ClassVar, Self

import msgspec

from bench.peers.kamailio import answers_options
from bench.peers.process import (
    Daemon,
    PeerFailed,
    SipPeer,
    cpu_s,
    free_port,
    is_free,
    process_tree,
    rss_bytes,
    share_of,
    wait_until,
)
from kiestoon.app.admin_client import ask
from kiestoon.app.config import load_settings
from kiestoon.company.model import Company, Device, Number, Trunk, User
from kiestoon.operator_error import OperatorError
from kiestoon.store.database import Database
from kiestoon.store.installation import prepare
from kiestoon.store.records import list_records
from kiestoon.store.write import Changes, changing

MEDIA_PORTS = share_of(range(27_000, 32_700))

MEDIA_PORTS_EACH = 600


def free_media_ports(host: str) -> range:
    """Ports for one exchange that no other one has, as far as there are any."""
    size = MEDIA_PORTS_EACH
    slots = [range(first, first + size) for first in range(MEDIA_PORTS.start, MEDIA_PORTS.stop - size + 1, size)]
    random.shuffle(slots)
    return next((slot for slot in slots if all(is_free(host, port) for port in slot)), slots[0])


class Site(msgspec.Struct, kw_only=True):
    """A company to create: people on ``extensions``, each with one phone of the same name, numbers and trunks."""

    name: str
    domain: str
    extensions: tuple[str, ...]
    numbers: dict[str, str] = {}
    """E.164 number → extension."""
    trunks: tuple[dict[str, Any], ...] = ()
    """Fields of ``Trunk``."""
    devices: dict[str, dict[str, Any]] = {}
    """Fields of ``Device`` that differ, by extension."""
    users: dict[str, dict[str, Any]] = {}
    """Fields of ``User`` that differ, by extension."""
    company: dict[str, Any] = {}

    def password(self, extension: str) -> str:
        """The password of that extension's phone."""
        return f"secret-of-{extension}-at-{self.domain}"


def add_site(changes: Changes, site: Site) -> None:
    """Write a site's rows."""
    digits = max(map(len, site.extensions), default=3)
    company = changes.add(Company(id=0, name=site.name, domain=site.domain, extension_digits=digits, **site.company))
    for extension in site.extensions:
        fields = {"name": f"User {extension}", **site.users.get(extension, {})}
        user = changes.add(User(id=0, company_id=company.id, extension=extension, **fields))
        fields = {"call_limit": 5, **site.devices.get(extension, {})}
        secret = site.password(extension)
        changes.add(Device(id=0, company_id=company.id, username=extension, secret=secret, user_id=user.id, **fields))
    for number, extension in site.numbers.items():
        changes.add(Number(id=0, company_id=company.id, e164=number, extension=extension))
    for trunk in site.trunks:
        changes.add(Trunk(id=0, company_id=company.id, **trunk))


def toml(cells: dict[str, Any]) -> str:
    """A dictionary of values and sections as TOML (JSON's strings, numbers, booleans and arrays are TOML's too)."""
    values = [f"{name} = {json.dumps(value)}" for name, value in cells.items() if not isinstance(value, dict)]
    sections = [f"[{name}]\n{toml(value)}" for name, value in cells.items() if isinstance(value, dict)]
    return "\n".join([*values, *sections]) + "\n"


def link_speech(source: Path, target: Path) -> None:
    """Have the spoken texts of one folder in another as well. They never change: a link to each will do."""
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path in source.glob("*.ogg"):
        with contextlib.suppress(FileExistsError, FileNotFoundError):  # somebody was quicker; it went to make room
            (target / path.name).hardlink_to(path)


class Exchange(SipPeer):
    """One running exchange. A context manager: in service on entry, ended on exit.

    ``hosts`` are further addresses it listens on and sends speech from. ``control_core`` pins the control process (the
    one that speaks SIP), ``media_core`` everything else. ``sip`` and ``media`` are further settings.

    ``spoken`` is a folder for texts that one exchange has spoken and the next need not speak again; None: each speaks
    them all itself, which takes some six seconds of a core.
    """

    name = "Kiestoon"
    spoken: ClassVar[Path | None] = None

    def __init__(
        self,
        directory: Path,
        sites: Iterable[Site],
        *,
        host: str = "127.0.0.1",
        hosts: tuple[str, ...] = (),
        control_core: int | None = None,
        media_core: int | None = None,
        limits: dict[str, Any] | None = None,
        fill: Callable[[Changes], None] | None = None,
        environment: dict[str, str] | None = None,
        media_ports: range | None = None,
        sip: dict[str, Any] | None = None,
        media: dict[str, Any] | None = None,
    ) -> None:
        self.host = host
        self.sites = tuple(sites)
        self.port = free_port(host)
        self.tls_port = free_port(host)
        self.directory = directory
        self.control_core = control_core
        media_ports = media_ports or free_media_ports(host)
        self._cells: dict[str, Any] = {
            "data_dir": str(directory / "data"),
            "sip": {
                "hosts": (host, *hosts),
                "udp": self.port,
                "tcp": self.port,
                "tls": self.tls_port,
                "ws": 0,
                "wss": 0,
                **(sip or {}),
            },
            "media": {
                "processes": 1,
                "first_port": media_ports[0],
                "last_port": media_ports[-1],
                "hosts": (host, *hosts),
                **(media or {}),
            },
            "limits": limits or {},
            "web": {"port": 0},
            "log": {"format": "json"},
        }
        self.config = directory / "kiestoon.toml"
        directory.mkdir(parents=True, exist_ok=True)
        self.config.write_text(toml(self._cells))
        self.settings = load_settings(self.config, {})
        self._fill = fill
        self._known_records: set[str] = set()
        self._records_at_start = 0
        self.daemon = Daemon(
            "kiestoon",
            [sys.executable, "-m", "kiestoon.app.cli", "--config", self.config, "serve"],
            cwd=directory,
            core=media_core,
            env=environment,
        )

    # --- life ---

    def start(self) -> Self:
        """Create the data where there is none, start all processes, wait until SIP is answered."""
        if not self.settings.key_path.exists():
            self._create()
        self._records_at_start = len(self.records(100_000))
        self.daemon.start()
        try:
            self.daemon.wait_until(self._in_service, 20, "the exchange is in service")
        except PeerFailed as failed:
            self.stop()
            raise PeerFailed(f"{failed}\n{self.report()}") from None
        if self.control_core is not None:
            self._pin(self.control_pid, self.control_core)
        return self

    def _create(self) -> None:
        self.settings.data.mkdir(parents=True, exist_ok=True)
        database = Database(self.settings.database_url)
        vault = prepare(database, self.settings.key_path)
        with changing(database, vault, acting_user="test bench") as changes:
            for site in self.sites:
                add_site(changes, site)
            if self._fill is not None:
                self._fill(changes)
        database.close()
        if self.spoken is not None:
            link_speech(self.spoken, self.settings.speech_dir)

    def _in_service(self) -> bool:
        with contextlib.suppress(OperatorError):
            self.ask("ping")
            return answers_options(self.address)
        return False

    @staticmethod
    def _pin(pid: int, core: int) -> None:
        for task in Path(f"/proc/{pid}/task").iterdir():
            os.sched_setaffinity(int(task.name), {core})

    def stop(self) -> None:
        """End it as an operator would (SIGTERM), by force when that does not help."""
        self.daemon.stop(timeout_s=8.0)
        if self.spoken is not None:
            link_speech(self.settings.speech_dir, self.spoken)

    # --- looking at it ---

    @property
    def tls_address(self) -> tuple[str, int]:
        """Where it speaks SIP over TLS."""
        return self.host, self.tls_port

    @property
    def domain(self) -> str:
        """The first site's SIP domain."""
        return self.sites[0].domain

    @property
    def control_pid(self) -> int:
        """The process that speaks SIP."""
        return int(self.ask("ping")["pid"])

    @property
    def media_pid(self) -> int:
        """The (first) media process."""
        for pid in process_tree(self.daemon.pid):
            with contextlib.suppress(OSError):
                if b"kiestoon: media 0" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    return pid
        raise PeerFailed("no media process")

    def ask(self, command: str, **arguments: Any) -> Any:
        """One admin command. Raises ``OperatorError``."""
        return ask(self.settings.admin_socket, command, **arguments)

    def cpu_s(self) -> float:
        """Processor time of the control process, seconds."""
        return cpu_s(self.control_pid)

    def rss_bytes(self) -> int:
        """Resident memory of the control process."""
        return rss_bytes(self.control_pid)

    def records(self, limit: int = 100) -> list[Any]:
        """Call records in the database so far, newest first."""
        database = Database(self.settings.database_url)
        try:
            return list_records(database, None, limit)
        finally:
            database.close()

    def mark_records(self) -> None:
        """From now on ``new_records`` means records of calls that have not ended yet."""
        expected = self._records_at_start + self._spooled()
        wait_until(lambda: len(self.records(100_000)) >= expected, 5, "all call records are imported")
        self._known_records = {record.call_id for record in self.records(1000)}

    def _spooled(self) -> int:
        return next(int(each["value"]) for each in self.ask("metrics") if each["name"] == "spool_records")

    def new_records(self, count: int = 1, timeout_s: float = 5.0) -> list[Any]:
        """The records written since the mark, oldest first; waits until there are ``count``."""

        def fresh() -> list[Any]:
            return [record for record in reversed(self.records(1000)) if record.call_id not in self._known_records]

        wait_until(lambda: len(fresh()) >= count, timeout_s, f"{count} call records")
        return fresh()

    def report(self) -> str:
        """The end of its log, for a failure report."""
        return f"--- exchange log\n{self.daemon.log_tail(60)}"
