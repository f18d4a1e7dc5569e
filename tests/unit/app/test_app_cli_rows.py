"""Companies' rows from the command line: what can be given, changed and taken away, and that all of it is kept."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from test_app_cli import Shell

from kiestoon.app.cli_context import CliContext
from kiestoon.app.demo.company import GREETING
from kiestoon.company.model import CompanyRows, Trunk
from kiestoon.store import tables
from kiestoon.store.database import Database
from kiestoon.store.keys import load_vault
from kiestoon.store.load import load_all
from kiestoon.store.scope import INSTALLATION


class Office(Shell):
    """A company with one person and one phone, and no exchange running."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        made, self.login = founded()
        shutil.copytree(made, folder / "data")

    @property
    def database(self) -> Database:
        return Database(f"sqlite:///{self.folder / 'data' / 'kiestoon.db'}")

    def rows(self) -> tuple[CompanyRows, tuple[Trunk, ...]]:
        configuration = load_all(self.database, load_vault(self.folder / "data" / "installation.key"))
        return configuration.companies[0], configuration.shared_trunks

    def changes(self) -> list[tuple[str, str, str]]:
        """The audit trail: action, table, and whether somebody is named."""
        columns = (tables.changes.c.action, tables.changes.c.table_name, tables.changes.c.acting_user)
        with self.database.read() as connection:
            return [
                (action, table, user[:4])
                for action, table, user in connection.execute(select(*columns), execution_options=INSTALLATION)
            ]


@cache
def founded() -> tuple[Path, Any]:
    """The data of such a company, and what was said of its phone: made once, copied for each test."""
    folder = Path(tempfile.mkdtemp(prefix="kiestoon-office-"))
    atexit.register(shutil.rmtree, folder)
    shell = Shell(folder)
    shell.install()
    shell.run("company", "add", "Acme", "--domain", "acme.example")
    shell.run("user", "add", "101", "Ann")
    return folder / "data", shell.json("device", "add", "101", "--username", "ann")


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def test_a_person_is_added_with_everything_that_can_be_said_of_one(office: Office) -> None:
    office.run("location", "add", "Depot", "--area-code", "0299")
    office.run("department", "add", "Board", "--location", "Depot")
    office.run("department", "add", "Clerks", "--part-of", "Board")
    office.run(
        "user", "add", "102", "Bob", "--hide-number", "--ring-s", "20", "--no-call-waiting", "--emergency-number",
        "+31205550100", "--language", "en", "--location", "Depot", "--department", "Clerks",
    )  # fmt: skip
    rows, _ = office.rows()
    bob = rows.users[1]
    assert (bob.hide_number, bob.ring_s, bob.call_waiting, bob.language) == (True, 20, False, "en")
    assert bob.emergency_number == "+31205550100"
    assert (bob.location_id, bob.department_id) == (rows.locations[0].id, rows.departments[1].id)
    assert rows.departments[1].parent_id == rows.departments[0].id
    (listed,) = [row for row in office.json("user", "list") if row["extension"] == "102"]
    assert (listed["location"], listed["department"]) == ("Depot", "Clerks")
    assert office.json("location", "list")[0]["area_code"] == "0299"
    assert [(row["name"], row["location"], row["part_of"]) for row in office.json("department", "list")] == [
        ("Board", "Depot", ""), ("Clerks", "", "Board"),
    ]  # fmt: skip


def test_places_nobody_knows_are_named(office: Office) -> None:
    nowhere = office.fail("user", "add", "9", "X", "--location", "Moon")
    assert str(nowhere).startswith("There is no location Moon")
    assert "kiestoon location list" in str(nowhere)
    assert "no department X" in str(office.fail("department", "add", "Y", "--part-of", "X"))
    assert "Europe/Amsterdam" in str(office.fail("location", "add", "Moon", "--timezone", "Moon/Base"))
    assert "area code" in str(office.fail("location", "add", "Moon", "--area-code", "x"))


def test_a_removed_persons_phones_stay_with_nobody_logged_in(office: Office) -> None:
    told = office.run("user", "remove", "101", "--yes")
    assert "Removed Ann on extension 101." in told
    assert "Nobody is logged in any more on: ann." in told
    rows, _ = office.rows()
    assert (rows.users, rows.devices[0].user_id) == ((), None)
    assert "kiestoon user list" in str(office.fail("user", "remove", "101", "--yes"))


def test_a_phone_is_changed_in_what_was_given_only(office: Office) -> None:
    office.run(
        "device", "change", "ann", "--no-active", "--encryption", "required", "--dtmf", "info", "--call-limit", "4"
    )
    device = office.rows()[0].devices[0]
    assert (device.active, device.encryption, device.dtmf, device.call_limit) == (False, "required", "info", 4)
    assert device.secret == office.login["password"]
    office.run("device", "change", "ann", "--active")
    device = office.rows()[0].devices[0]
    assert (device.active, device.encryption) == (True, "required")
    assert "Nothing was given" in str(office.fail("device", "change", "ann"))
    assert "encryption" in str(office.fail("device", "change", "ann", "--encryption", "much"))
    assert "no device bob" in str(office.fail("device", "change", "bob", "--active"))


def test_a_new_password_is_shown_once_and_ends_what_the_old_one_registered(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(CliContext, "ask", lambda _self, command, **more: asked.append((command, more)))
    told = office.run("device", "change", "ann", "--new-password")
    device = office.rows()[0].devices[0]
    assert device.secret != office.login["password"]
    assert f"password: {device.secret}" in told
    assert asked == [("reload", {}), ("forget_device", {"device_id": device.id})]


def test_a_removed_phone_is_gone(office: Office) -> None:
    office.run("device", "remove", "ann", "--yes")
    assert office.rows()[0].devices == ()


def test_a_line_is_added_with_everything_a_provider_may_want(office: Office) -> None:
    office.run(
        "trunk", "add", "p", "--host", "sip.example", "--username", "u", "--transport", "tls", "--srtp", "required",
        "--untrusted", "--domain", "ims.example", "--max-calls", "30", "--expires", "120", typed="secretsecretsecret\n",
    )  # fmt: skip
    (line,) = office.rows()[1]
    assert (line.srtp, line.trusted, line.domain, line.max_calls, line.expires_s) == (
        "required", False, "ims.example", 30, 120,
    )  # fmt: skip
    refused = office.fail("trunk", "add", "q", "--host", "h", "--source", "192.0.2.1", "--srtp", "optional")
    assert "encrypted signalling" in str(refused)


def test_a_line_is_switched_off_and_on_and_taken_away(office: Office) -> None:
    office.run("trunk", "add", "own", "--host", "h", "--source", "192.0.2.1", "-c", "Acme")
    office.run("trunk", "add", "p", "--host", "h", "--username", "u", typed="secretsecretsecret\n")
    assert "is off" in office.run("trunk", "change", "p", "--no-active")
    assert [(line.active, line.secret) for line in office.rows()[1]] == [(False, "secretsecretsecret")]
    assert "is on" in office.run("trunk", "change", "p", "--active")
    office.run("trunk", "remove", "p", "--yes")
    office.run("trunk", "remove", "own", "--yes")
    rows, shared = office.rows()
    assert (rows.trunks, shared) == ((), ())


def test_numbers_and_menus(office: Office, tmp_path: Path) -> None:
    greeting = GREETING
    office.run("menu", "add", "100", "Reception", "--greeting", greeting, "--timeout-s", "9", "--fallback", "101")
    menu = office.rows()[0].menus[0]
    assert (menu.extension, menu.greeting, menu.timeout_s, menu.fallback_extension) == ("100", greeting, 9, "101")
    assert office.json("menu", "list")[0]["name"] == "Reception"
    office.run("number", "add", "+31205550100", "100")
    assert office.json("number", "list")[0]["reaches"] == "Reception"
    office.run("number", "remove", "+31205550100", "--yes")
    assert office.rows()[0].numbers == ()
    broken = tmp_path / "broken.wav"
    broken.write_text("no sound")
    assert f"{broken} cannot be played" in str(office.fail("menu", "add", "200", "X", "--greeting", str(broken)))
    assert "cannot be played" in str(office.fail("menu", "add", "200", "X", "--greeting", "/nowhere.wav"))


def test_every_change_is_in_the_audit_trail_with_who_made_it(office: Office) -> None:
    before = len(office.changes())
    office.run("device", "change", "ann", "--call-limit", "1")
    office.run("device", "remove", "ann", "--yes")
    office.run("user", "remove", "101", "--yes")
    assert office.changes()[before:] == [
        ("updated", "devices", "cli:"), ("removed", "devices", "cli:"), ("removed", "users", "cli:"),
    ]  # fmt: skip


def test_the_right_companys_row_is_meant(office: Office) -> None:
    office.run("company", "add", "Other", "--domain", "other.example")
    office.run("user", "add", "101", "Otto", "-c", "Other")
    office.run("user", "remove", "101", "--yes", "-c", "Other")
    assert [user.name for user in office.rows()[0].users] == ["Ann"]
    assert "--company" in str(office.fail("user", "remove", "101", "--yes"))
