"""The command line: adding, listing, what is shown once, and errors without tracebacks."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from kiestoon import __version__
from kiestoon.app.admin_client import ExchangeUnreachableError
from kiestoon.app.cli import app
from kiestoon.app.cli_context import CliContext
from kiestoon.calls.record import CallRecord
from kiestoon.operator_error import OperatorError
from kiestoon.routing.reasons import because
from kiestoon.store.database import Database
from kiestoon.store.records import store_records


class Shell:
    """Runs commands on an installation in a temporary folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._config = folder / "kiestoon.toml"
        self._config.write_text(f'data_dir = "{folder / "data"}"\n')

    def try_run(self, *arguments: str, typed: str = "") -> Result:
        return CliRunner().invoke(app, ["--config", str(self._config), *arguments], input=typed)

    def run(self, *arguments: str, typed: str = "") -> str:
        result = self.try_run(*arguments, typed=typed)
        assert result.exit_code == 0, (result.output, result.exception)
        return result.output

    def json(self, *arguments: str) -> Any:
        return json.loads(self.try_run(*arguments, "--json").stdout)

    def fail(self, *arguments: str) -> OperatorError:
        error = self.try_run(*arguments).exception
        assert isinstance(error, OperatorError)
        return error


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    ready = Shell(tmp_path)
    ready.run("migrate")
    return ready


@pytest.fixture
def company(shell: Shell) -> Shell:
    shell.run("company", "add", "Acme", "--domain", "ACME.example")
    shell.run("user", "add", "101", "Ann [bold]Smith")
    return shell


def test_migrate_creates_and_then_changes_nothing(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    assert "new → 0001" in shell.run("migrate")
    assert "up to date" in shell.run("migrate")
    assert (tmp_path / "data" / "installation.key").stat().st_mode & 0o077 == 0


def test_what_is_added_is_listed(company: Shell) -> None:
    company.run("number", "add", "+31205550100", "101")
    company.run("trunk", "add", "provider", "--host", "sip.example", "--source", "192.0.2.1")
    assert company.json("company", "list")[0]["domain"] == "acme.example"
    assert company.json("user", "list")[0]["extension"] == "101"
    assert company.json("number", "list")[0]["reaches"] == "Ann [bold]Smith"
    assert company.json("trunk", "list")[0]["sources"] == ["192.0.2.1"]
    for kind, shown in {
        "company": "Acme",
        "user": "Ann [bold]Smith",
        "number": "+31205550100",
        "trunk": "peer",
    }.items():
        assert shown in company.run(kind, "list")


def test_a_devices_password_is_printed_once_and_never_again(company: Shell) -> None:
    output = company.run("device", "add", "101")
    password = output.split("password:")[1].split()[0]
    assert len(password) >= 20
    listed = company.run("device", "list") + json.dumps(company.json("device", "list"))
    assert "101-" in listed
    assert password not in listed
    assert password.encode() not in (company.folder / "data" / "kiestoon.db").read_bytes()
    assert company.json("device", "add", "101")["password"] != password


def test_a_providers_password_is_asked_not_given_on_the_command_line(company: Shell) -> None:
    output = company.run("trunk", "add", "p", "--host", "h", "--username", "u", typed="verysecretpassword\n")
    assert "verysecretpassword" not in output
    assert company.json("trunk", "list")[0]["kind"] == "register"


def test_with_several_companies_one_must_be_named(company: Shell) -> None:
    company.run("company", "add", "Other", "--domain", "other.example")
    error = company.fail("user", "add", "102", "Bob")
    assert "acme.example, other.example" in str(error)
    company.run("user", "add", "102", "Bob", "--company", "other.example")
    assert [row["name"] for row in company.json("user", "list", "-c", "Other")] == ["Bob"]


def test_changes_are_announced_to_a_running_exchange(company: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(CliContext, "ask", lambda _self, command, **_: asked.append(command))
    company.run("user", "add", "102", "Bob")
    assert asked == ["reload"]


def test_live_commands_show_what_the_exchange_says(company: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    answers: dict[str, Any] = {
        "registrations": [{"domain": "acme.example", "username": "101", "contact": "sip:\x1b[31mevil", "expires_s": 9}],
        "calls": [],
        "trace": {"text": "INVITE ->", "messages": [{"way": "in"}]},
        "reload": {"companies": [1, 2]},
    }
    monkeypatch.setattr(CliContext, "ask", lambda _self, command, **_: answers[command])
    shown = company.run("registrations")
    assert "acme.example" in shown
    assert "\x1b[31m" not in shown  # what a phone sent must not steer the terminal
    assert "No calls." in company.run("calls")
    assert "INVITE ->" in company.run("trace", "abc")
    assert company.json("trace", "abc") == [{"way": "in"}]
    assert "2 companies" in company.run("reload")


def test_history_shows_recorded_calls(company: Shell) -> None:
    record = CallRecord(
        "c1", 1, "out", 1_700_000_000_000, 1_700_000_001_000, 1_700_000_061_000, "101", "Ann", "0020", "+3120",
        "answered", "caller", reasons=(because("dialled", number="0020"),),
    )  # fmt: skip
    database = Database(f"sqlite:///{company.folder / 'data' / 'kiestoon.db'}")
    with database.write() as connection:
        store_records(connection, [record])
    assert "answered" in company.run("calls", "--history")
    told = company.json("calls", "--history")[0]
    assert (told["call_id"], told["reasons"]) == ("c1", ["0020 was dialled"])


def test_mistakes_say_what_to_do(company: Shell) -> None:
    assert "Give one with --company" in str(company.fail("user", "add", "1", "X", "-c", "nobody"))
    assert "already" in str(company.fail("user", "add", "101", "Twin"))
    assert "kiestoon user add" in str(company.fail("device", "add", "999"))
    assert "Use letters" in str(company.fail("device", "add", "101", "--username", "a b"))
    assert isinstance(company.fail("registrations"), ExchangeUnreachableError)


def test_without_an_installation_the_first_step_is_named(tmp_path: Path) -> None:
    assert "kiestoon migrate" in str(Shell(tmp_path).fail("user", "list"))


def run_program(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "kiestoon.app.cli", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)


def test_an_operators_error_is_one_line_and_an_exit_code(shell: Shell) -> None:
    with sqlite3.connect(shell.folder / "data" / "kiestoon.db") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    result = run_program("--config", "kiestoon.toml", "serve", folder=shell.folder)
    assert result.returncode == 78
    assert result.stderr.startswith("kiestoon: The database ")
    assert "newer version of Kiestoon" in result.stderr
    assert result.stderr.count("\n") == 1


def test_the_version_and_help_come_quickly(tmp_path: Path) -> None:
    started = time.monotonic()
    assert __version__ in run_program("--version", folder=tmp_path).stdout
    assert time.monotonic() - started < 5  # 0.3 s on an idle core
    probe = "import sys, kiestoon.app.cli; print(sorted({'sqlalchemy', 'fastapi', 'alembic'} & set(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True, env=os.environ)
    assert loaded.stdout.strip() == "[]"
