"""A web application with logins over a temporary installation, a clock that is stepped, and cheap hashes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import httpx
from argon2 import PasswordHasher
from fastapi import Depends, FastAPI

from kiestoon.api import problems
from kiestoon.api.backend import Backend
from kiestoon.api.login import ROUTERS
from kiestoon.api.login.authentication import authenticated
from kiestoon.api.login.logins import Logins, install
from kiestoon.api.principal import Principal
from kiestoon.company.model import Account, Company, Department, Location, User
from kiestoon.store.accounts import set_password
from kiestoon.store.database import Database
from kiestoon.store.installation import prepare
from kiestoon.store.write import changing

PASSWORD = "Kies-toon-42!"
START_MS = 1_790_000_000_000
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


class House:
    """An installation with two companies and a web application over it. One serves all tests, each ``begin``s with it
    on a database: FastAPI takes its time over the first request to each route of an application."""

    def __init__(self, key: Path) -> None:
        self._key = key
        self.application = FastAPI()
        problems.install(self.application)
        for router in ROUTERS:
            self.application.include_router(router)
        self._add_probes()

    def _found(self) -> None:
        with changing(self.database, self.vault, acting_user="test") as changes:
            self.company = changes.add(Company(id=0, name="Noord", domain="noord.example"))
            self.other = changes.add(Company(id=0, name="Zuid", domain="zuid.example"))
            self.location = changes.add(Location(id=0, company_id=self.company.id, name="Utrecht"))
            place = {"company_id": self.company.id, "location_id": self.location.id}
            self.department = changes.add(Department(id=0, name="Verkoop", **place))
            self.team = changes.add(Department(id=0, name="Binnendienst", parent_id=self.department.id, **place))
            self.anna = changes.add(
                User(id=0, extension="101", name="Anna Jansen", department_id=self.team.id, **place)
            )
            self.bas = changes.add(User(id=0, company_id=self.company.id, extension="102", name="Bas de Wit"))
            self.zoe = changes.add(User(id=0, company_id=self.other.id, extension="101", name="Zoë Smit"))

    def begin(self, database: Database) -> None:
        """Everything as it is made, at the beginning of time. ``database`` has our tables and no rows."""
        self.database = database
        self._key.unlink(missing_ok=True)
        self.vault = prepare(self.database, self._key)
        self._found()
        self.now_s = 0.0
        self.asked: list[str] = []
        self.mailed: list[str] = []
        self.backend = Backend(self.database, self.vault, self._ask)
        self.logins = Logins(
            self.backend,
            hasher=CHEAP,
            private_targets=True,
            wall_ms=lambda: START_MS + int(self.now_s * 1000),
            monotonic=lambda: self.now_s,
            mail_login=self._mail,
        )
        state = self.application.state
        state.backend, state.limits = self.backend, None
        install(self.application, self.logins)

    def _mail(self, _connection: Any, account: Account) -> int | None:
        if not account.email:
            return None
        self.mailed.append(account.login)
        return len(self.mailed)

    async def _ask(self, command: str, **_arguments: Any) -> Any:
        self.asked.append(command)

    def _add_probes(self) -> None:
        @self.application.get("/api/v1/probe")
        @self.application.post("/api/v1/probe")
        async def probe(principal: Annotated[Principal, Depends(authenticated)]) -> dict[str, Any]:
            return {"name": principal.name, "role": principal.role, "acting_as": principal.acting_as}

    def add_account(self, login: str, role: str = "company", password: str = PASSWORD, **fields: Any) -> Account:
        """An account with a password; of the first company unless it is said otherwise."""
        if role != "operator":
            fields.setdefault("company_id", self.company.id)
        with changing(self.database, self.vault, acting_user="test") as changes:
            account = changes.add(Account(id=0, login=login, role=role, **fields))
            if password:
                hashed = CHEAP.hash(password)
                account = set_password(changes, account, hashed, START_MS, must_change=account.must_change_password)
        return account

    def client(self, source: str = "192.0.2.10") -> httpx.AsyncClient:
        """A browser, or a program, at an address."""
        transport = httpx.ASGITransport(self.application, client=(source, 40000))
        return httpx.AsyncClient(transport=transport, base_url="https://phones.example.org")

    def trail(self) -> list[tuple[str, str, str, str]]:
        """The audit trail: who, for whom, did what to which table."""
        from sqlalchemy import select

        from kiestoon.store.scope import INSTALLATION
        from kiestoon.store.tables import changes

        columns = (changes.c.acting_user, changes.c.acting_for, changes.c.action, changes.c.table_name)
        with self.database.read() as connection:
            return [tuple(row) for row in connection.execute(select(*columns), execution_options=INSTALLATION)]


async def log_in(client: httpx.AsyncClient, login: str, password: str = PASSWORD) -> httpx.Response:
    """Log in; the client sends the CSRF token from then on."""
    answer = await client.post("/api/v1/session", json={"login": login, "password": password})
    if answer.status_code == 200 and answer.json()["state"] == "logged_in":
        client.headers["X-CSRF-Token"] = answer.json()["csrf_token"]
    return answer
