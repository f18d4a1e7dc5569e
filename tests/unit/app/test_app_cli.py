"""The command line: adding, listing, what is shown once, and errors without tracebacks."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from installed import copy_database
from typer.testing import CliRunner, Result

from kiestoon import __version__
from kiestoon.app import selftest
from kiestoon.app.admin_client import ExchangeUnreachableError
from kiestoon.app.cli import app
from kiestoon.app.cli_context import CliContext
from kiestoon.app.record_view import record_as_dict
from kiestoon.calls.record import CallRecord, LegRecord
from kiestoon.media.protocol import Quality
from kiestoon.operator_error import OperatorError
from kiestoon.routing.reasons import because
from kiestoon.store.database import Database
from kiestoon.store.records import store_records
from kiestoon.store.schema import REVISIONS


class Shell:
    """Runs commands on an installation in a temporary folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._config = folder / "kiestoon.toml"
        self._config.write_text(f'data_dir = "{folder / "data"}"\n')

    def install(self) -> None:
        """What ``kiestoon migrate`` does, quicker."""
        copy_database(self.folder / "data" / "kiestoon.db")
        self.run("migrate")  # makes the key

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
    ready.install()
    return ready


@pytest.fixture
def company(shell: Shell) -> Shell:
    shell.run("company", "add", "Acme", "--domain", "ACME.example")
    shell.run("user", "add", "101", "Ann [bold]Smith")
    return shell


def test_migrate_creates_and_then_changes_nothing(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    assert f"new → {REVISIONS[-1]}" in shell.run("migrate")
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
        "reload_certificates": None,
        "hang_up": None,
        "unban": None,
        "bans": [{"source": "203.0.113.6", "for_s": 59, "times": 1, "reason": "failed logins"}],
        "lines": [
            {"line": "a", "company": "", "host": "h", "registered": None, "calls": 2, "max_calls": 0,
             "last_failure": "call: 503", "failed_s_ago": 150, "tried_last": True},
            {"line": "b", "company": "acme.example", "host": "h", "registered": False, "calls": 0, "max_calls": 4,
             "last_failure": "", "failed_s_ago": None, "tried_last": False},
        ],
    }  # fmt: skip
    monkeypatch.setattr(CliContext, "ask", lambda _self, command, **_: answers[command])
    shown = company.run("registrations")
    assert "acme.example" in shown
    assert "\x1b[31m" not in shown  # what a phone sent must not steer the terminal
    assert "No calls." in company.run("calls")
    assert "INVITE ->" in company.run("trace", "abc")
    assert company.json("trace", "abc") == [{"way": "in"}]
    assert "2 companies" in company.run("reload")
    assert "203.0.113.6  59     1" in company.run("bans")
    assert "not banned any more" in company.run("unban", "203.0.113.6")
    assert "Call abc is ended" in company.run("hang-up", "abc")
    first, second = company.run("lines").splitlines()[1:]
    assert "all" in first
    assert "known by address, tried last" in first
    assert "2 min ago" in first
    assert "not logged in" in second


def test_the_self_test_tells_programs_its_steps_and_what_went_wrong(
    company: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(_socket: Path, say: Callable[[str, float], None]) -> dict[str, int]:
        say("phone 901 registers", 0.0123)
        return {"calls": 2}

    monkeypatch.setattr(selftest, "run_selftest", run)
    assert company.json("selftest") == {"ok": True, "steps": [{"step": "phone 901 registers", "ms": 12}], "calls": 2}
    assert "calls going on: 2" in company.run("selftest")

    def fail(_socket: Path, say: Callable[[str, float], None]) -> dict[str, int]:
        raise selftest.SelftestFailed("No audio", "Check it")

    monkeypatch.setattr(selftest, "run_selftest", fail)
    result = company.try_run("selftest", "--json")
    assert (result.exit_code, json.loads(result.stdout)) == (
        1, {"ok": False, "steps": [], "problem": "No audio", "advice": "Check it"},
    )  # fmt: skip
    assert str(company.fail("selftest")) == "No audio. Check it."


def store(shell: Shell, record: CallRecord) -> None:
    database = Database(f"sqlite:///{shell.folder / 'data' / 'kiestoon.db'}")
    with database.write() as connection:
        store_records(connection, [record])


def recorded() -> CallRecord:
    heard = Quality(
        codec="PCMA", packets_received=990, packets_lost=10, jitter_ms=2.0, round_trip_ms=30.0, mos=3.91, delay_ms=39.0
    )
    legs = (
        LegRecord("caller", "101", "Ann", started_ms=1_700_000_000_000, answered_ms=1_700_000_001_000,
                  ended_ms=1_700_000_061_000, outcome="answered", cause=16, codec="PCMA", quality=heard),
        LegRecord("trunk", "+3120", started_ms=1_700_000_000_100, ringing_ms=1_700_000_000_600, outcome="busy"),
    )  # fmt: skip
    return CallRecord(
        "c1", 1, "out", 1_700_000_000_000, 1_700_000_001_000, 1_700_000_061_000, "101", "Ann\x1b[31m", "0020", "+3120",
        "answered", "caller", 16, 200, reasons=(because("dialled", number="0020"),), legs=legs,
    )  # fmt: skip


def test_history_shows_recorded_calls_and_how_the_worst_leg_sounded(company: Shell) -> None:
    store(company, recorded())
    header, row = company.run("calls", "--history").splitlines()
    assert "MOS" in header
    assert "answered" in row
    assert " 3.9 " in row
    told = company.json("calls", "--history")[0]
    assert (told["call_id"], told["reasons"]) == ("c1", ["0020 was dialled"])
    assert told["legs"][0]["quality"]["loss_percent"] == 1.0


def test_one_call_is_told_with_its_legs_and_reasons_in_words(company: Shell) -> None:
    store(company, recorded())
    told = company.run("call", "c1")
    assert "0020 was dialled" in told
    assert "answered, ended by caller" in told
    assert "talked 60.0 s" in told
    assert "\x1b" not in told
    caller, line = told.splitlines()[-2:]
    assert caller.split()[1:3] == ["101", "Ann"]
    figures = ["3.91", "1.0", "2.0", "30.0", "39.0"]
    assert caller.split()[4:] == ["1.0", "s", "61.0", "s", "answered", "16", "PCMA", *figures]
    assert line.split()[3:] == ["0.5", "s", "busy"]
    assert company.json("call", "c1")["legs"][1]["outcome"] == "busy"


def test_a_call_that_goes_on_is_asked_of_the_exchange(company: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    record = msgspec.structs.replace(recorded(), closed_ms=0)
    asked: list[Any] = []
    monkeypatch.setattr(CliContext, "ask", lambda _, *given, **named: asked.append(named) or record_as_dict(record))
    assert "going on" in company.run("call", "c1")
    assert asked == [{"call": "c1"}]


def test_a_call_nobody_knows_is_said_so(company: Shell) -> None:
    assert "There is no call c9" in str(company.fail("call", "c9"))


def test_mistakes_say_what_to_do(company: Shell) -> None:
    assert "Give one with --company" in str(company.fail("user", "add", "1", "X", "-c", "nobody"))
    assert "already" in str(company.fail("user", "add", "101", "Twin"))
    assert "kiestoon user add" in str(company.fail("device", "add", "999"))
    assert "Write it as" in str(company.fail("device", "add", "101", "--username", "a b"))
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
