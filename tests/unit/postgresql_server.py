"""A PostgreSQL server of the tests' own: in a temporary folder, on a Unix socket, gone with the test run.

Debian's ``postgresql`` brings the programs. PostgreSQL refuses to run as root, so root's tests run it as ``nobody``.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg

_START_S = 30.0
_ROLL_BACK_OTHERS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'
"""
_EMPTY = """
    DO $$
    DECLARE name text;
    BEGIN
        SET LOCAL session_replication_role = replica;  -- in whatever order
        FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
            EXECUTE format('DELETE FROM %I', name);
        END LOOP;
        PERFORM setval(format('%I', sequencename), 1, false) FROM pg_sequences
            WHERE schemaname = 'public' AND last_value IS NOT NULL;
    END $$
"""
_OPTIONS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=40", "listen_addresses=")


class PostgresqlServer:
    """Started by ``__init__``; ends with ``stop``, or when the test run is killed."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="kiestoon-pg-"))
        self._programs = _programs()
        self._log = self.folder / "log"
        if os.getuid() == 0:
            shutil.chown(self.folder, "nobody", "nogroup")
        data = self.folder / "data"
        self._run(
            "initdb", "--pgdata", str(data), "--username=kiestoon", "--auth=trust", "--no-sync", "--encoding=UTF8"
        )
        options = [part for option in _OPTIONS for part in ("-c", option)]
        command = self._command("postgres", "-D", str(data), "-k", str(self.folder), *options, dies_with_us=True)
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder)
        self._await_start()

    def url(self, name: str) -> str:
        """The URL of a database."""
        return f"postgresql+psycopg://kiestoon@/{name}?host={self.folder}"

    def create(self, name: str) -> str:
        """An empty database of this name, whatever there was; its URL. Making one anew takes ten times as long."""
        with self._connect() as connection:
            known = connection.execute("SELECT FROM pg_database WHERE datname = %s", (name,)).fetchone()
            if known is None:
                connection.execute(f'CREATE DATABASE "{name}"')
                return self.url(name)
        with self._connect(name) as connection:
            connection.execute(_ROLL_BACK_OTHERS)
            connection.execute("DROP SCHEMA public CASCADE")
            connection.execute("CREATE SCHEMA public")
        return self.url(name)

    def empty(self, name: str) -> None:
        """Take all rows out of our tables; ids begin anew. A connection that a test has left in a transaction ends."""
        with self._connect(name) as connection:
            connection.execute(_ROLL_BACK_OTHERS)
            connection.execute(_EMPTY)

    def drop_connections(self) -> None:
        """End every other connection, as a restart of the server would."""
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        with self._connect() as connection:
            connection.execute(others)

    def stop(self) -> None:
        """End the server and remove its folder."""
        self._process.send_signal(signal.SIGINT)  # at once: connections that tests have left are cut off
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _connect(self, name: str = "postgres") -> psycopg.Connection:
        return psycopg.connect(host=str(self.folder), user="kiestoon", dbname=name, autocommit=True)

    def _await_start(self) -> None:
        until = time.monotonic() + _START_S
        while self._process.poll() is None and time.monotonic() < until:
            try:
                self._connect().close()
            except psycopg.OperationalError:
                time.sleep(0.02)
            else:
                return
        raise RuntimeError(f"PostgreSQL does not start:\n{self._log.read_text()}")

    def _run(self, program: str, *arguments: str) -> None:
        result = subprocess.run(
            self._command(program, *arguments), capture_output=True, text=True, cwd=self.folder, check=False
        )
        if result.returncode:
            raise RuntimeError(f"{program} failed:\n{result.stdout}{result.stderr}")

    def _command(self, program: str, *arguments: str, dies_with_us: bool = False) -> list[str]:
        privileges = ["--pdeathsig", "INT"] if dies_with_us else []
        if os.getuid() == 0:
            privileges += ["--reuid=nobody", "--regid=nogroup", "--clear-groups"]
        return [*(["setpriv", *privileges] if privileges else []), str(self._programs / program), *arguments]


def _programs() -> Path:
    """Where initdb and postgres are: Debian keeps each version's in a folder of its own, outside PATH."""
    versions = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = max(versions, key=lambda path: int(path.parts[-3]), default=None)
    found = newest or shutil.which("initdb")
    if found is None:
        raise RuntimeError("PostgreSQL is missing. Run: make setup (Debian's package postgresql)")
    return Path(found).parent
