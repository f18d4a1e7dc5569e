"""The demo's logins to the web: one for each role, made once with fresh passwords."""

from __future__ import annotations

from typing import Any

import msgspec

from kiestoon.app.cli_accounts import put_password
from kiestoon.app.demo.sample import load_sample
from kiestoon.company.model import Account, Department, Location, User
from kiestoon.company.passwords import generate_password
from kiestoon.store.accounts import list_accounts
from kiestoon.store.database import Database
from kiestoon.store.keys import Vault
from kiestoon.store.load import find_company, list_rows
from kiestoon.store.write import changing


class WebLogin(msgspec.Struct, frozen=True):
    """A login to be shown to the person trying the demo."""

    login: str
    password: str
    role: str


def create_web_logins(database: Database, vault: Vault) -> list[WebLogin]:
    """An operator, an administrator of each kind, and a person; [] when there are operators already."""
    with database.read() as connection:
        if list_accounts(connection, None):
            return []
    company = find_company(database, load_sample().domain)
    wanted = [Account(id=0, login="operator", role="operator")]
    if company is not None:
        location, *_ = list_rows(database, Location, company.id)
        department, *_ = list_rows(database, Department, company.id)
        person, *_ = list_rows(database, User, company.id)
        own: dict[str, Any] = {"company_id": company.id, "language": company.language}
        wanted += [
            Account(id=0, login="beheer", role="company", **own),
            Account(id=0, login="locatie", role="location", location_id=location.id, **own),
            Account(id=0, login="afdeling", role="department", department_id=department.id, **own),
            Account(id=0, login=person.extension, role="user", user_id=person.id, **own),
        ]
    made = []
    with changing(database, vault, acting_user="demo") as changes:
        for account in wanted:
            password = generate_password((account.login,))
            _, login = put_password(changes, account, password, must_change=False)
            made.append(WebLogin(login, password, account.role))
    return made


def web_login_lines(logins: list[WebLogin]) -> list[str]:
    """The logins as a table."""
    width = max((len(login.login) for login in logins), default=5) + 2
    heading = f"{'login':{width}}{'password':16}role"
    return [heading] + [f"{login.login:{width}}{login.password:16}{login.role}" for login in logins]
