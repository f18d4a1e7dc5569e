"""``kiestoon admin``, and the demo's logins to the web."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from installed import copy_database
from typer.testing import CliRunner

from kiestoon.app.cli import app
from kiestoon.app.demo.start import WEB_LOGINS_FILE, banner, demo_settings, prepare_demo, prepare_web_logins
from kiestoon.company.model import Account
from kiestoon.operator_error import OperatorError
from kiestoon.store.accounts import find_account, password_hash
from kiestoon.store.database import Database


class Office:
    """The command line over an installation of its own."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.database_url = f"sqlite:///{folder / 'kiestoon.db'}"
        monkeypatch.setenv("KIESTOON_DATA_DIR", str(folder))
        copy_database(folder / "kiestoon.db")
        self.run("migrate")  # makes the key
        self.run("company", "add", "Noord", "--domain", "noord.example")

    def run(self, *arguments: str, **options: Any) -> str:
        result = CliRunner().invoke(app, list(arguments), **options)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == 0, result.output
        return result.output

    def account(self, login: str) -> tuple[Account, str] | None:
        with Database(self.database_url).read() as connection:
            account = find_account(connection, login)
            return None if account is None else (account, password_hash(connection, account.id) or "")


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    return Office(tmp_path, monkeypatch)


def shown_password(output: str) -> str:
    found = re.search(r"^Password: (\S+)", output, re.MULTILINE)
    assert found is not None, output
    return found.group(1)


def test_the_first_operator_is_made_with_a_password_shown_once(office: Office) -> None:
    output = office.run("admin", "add", "root", "--email", "Root@Example.org")
    held = office.account("root")
    assert held is not None
    account, hashed = held
    assert (account.role, account.email, account.must_change_password) == ("operator", "root@example.org", True)
    assert PasswordHasher().verify(hashed, shown_password(output))
    assert "root" in office.run("admin", "list")


def test_administrators_of_a_company_log_in_with_its_domain(office: Office) -> None:
    office.run("location", "add", "Utrecht")
    assert "Login:    anna@noord.example" in office.run("admin", "add", "anna", "-c", "noord.example")
    office.run("admin", "add", "piet", "-c", "noord.example", "--location", "Utrecht")
    held = office.account("piet@noord.example")
    assert held is not None
    assert (held[0].role, held[0].location_id is not None) == ("location", True)
    listed = office.run("admin", "list", "-c", "noord.example")
    assert "anna@noord.example" in listed
    with pytest.raises(OperatorError, match=r"another|already|taken"):
        office.run("admin", "add", "anna", "-c", "noord.example")
    with pytest.raises(OperatorError, match="Name it with --company"):
        office.run("admin", "add", "x", "--location", "Utrecht")


def test_a_password_from_standard_input_keeps_the_rules(office: Office) -> None:
    office.run("admin", "add", "root", "--password-stdin", input="Kies-toon-42!\n")
    with pytest.raises(OperatorError, match="too short"):
        office.run("admin", "password", "root", "--password-stdin", input="Kort-1\n")
    held = office.account("root")
    assert held is not None
    assert PasswordHasher().verify(held[1], "Kies-toon-42!")
    assert not held[0].must_change_password


def test_a_new_password_replaces_the_old_one_and_an_account_goes(office: Office) -> None:
    first = shown_password(office.run("admin", "add", "root"))
    second = shown_password(office.run("admin", "password", "root"))
    held = office.account("root")
    assert held is not None
    assert first != second
    assert PasswordHasher().verify(held[1], second)
    office.run("admin", "remove", "root", "--yes")
    assert office.account("root") is None
    with pytest.raises(OperatorError, match="no account root"):
        office.run("admin", "password", "root")


def test_the_demo_has_a_web_login_of_each_role_made_once(tmp_path: Path) -> None:
    copy_database(tmp_path / "var" / "kiestoon.db")
    settings = demo_settings(None, tmp_path / "var")
    installation, logins = prepare_demo(settings)
    made = prepare_web_logins(settings, installation)
    assert [login.role for login in made] == ["operator", "company", "location", "department", "user"]
    with installation.database.read() as connection:
        for login in made:
            account = find_account(connection, login.login)
            assert account is not None
            assert PasswordHasher().verify(password_hash(connection, account.id) or "", login.password)
    path = settings.data / WEB_LOGINS_FILE
    assert path.stat().st_mode & 0o777 == 0o600
    assert all(login.password in path.read_text() for login in made)
    assert made[0].password in banner(settings, logins, "kiestoon demo", made)
    assert prepare_web_logins(settings, installation) == []
