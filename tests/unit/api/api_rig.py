"""The web application with a company in it, and clients of somebody of every role."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
from api_organisation import Organisation
from fastapi import Request

from kiestoon.api import mail
from kiestoon.api.application import build_application
from kiestoon.api.backend import Backend
from kiestoon.api.limits import RateLimits, count
from kiestoon.api.login.authentication import Presence, logged_in
from kiestoon.api.problems import ApiProblem
from kiestoon.company.model import Account
from kiestoon.store.database import Database
from kiestoon.store.keys import Vault


class Control:
    """The control process as the web process sees it: it notes what it is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []

    async def ask(self, command: str, **arguments: Any) -> Any:
        self.asked.append((command, arguments))
        return {}


class Api:
    """The application with its company, and clients of it. One serves all tests, each ``begin``s with it anew:
    FastAPI takes its time over the first request to each route of an application."""

    def __init__(
        self, database: Database, vault: Vault, organisation: Organisation, recordings: Path | None = None
    ) -> None:
        self.recordings = recordings
        self.database = database
        self.vault = vault
        self.organisation = organisation
        self.backend = Backend(database, vault, self._ask)
        self.application = build_application(self.backend, "1.2.3", recordings=recordings)
        self.application.dependency_overrides[logged_in] = self._whoever
        self.begin()

    def begin(self) -> None:
        """Forget the test before."""
        self.control = Control()
        self.backend.ask = self._ask  # a test may have answered in its place
        self.principals = self.organisation.principals()
        self.application.state.limits = RateLimits(0)
        mail.install(self.application, None)
        self.application.state.logins.mail_login = None
        self._clients: list[httpx.AsyncClient] = []

    async def _ask(self, command: str, **arguments: Any) -> Any:
        return await self.control.ask(command, **arguments)

    def of(self, role: str, **changes: Any) -> httpx.AsyncClient:
        """A client of somebody; "nobody" is not logged in. ``changes``: headers."""
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.application),
            base_url="http://test",
            headers={"x-test-principal": role, **changes},
        )
        self._clients.append(client)
        return client

    def path(self, table: str, row_id: int | str = "") -> str:
        """Where a table (or a row) of the company is."""
        base = f"/api/v1/companies/{self.organisation.company_id}"
        if table == "companies":
            return base if row_id else "/api/v1/companies"
        base = f"{base}/{table}"
        return f"{base}/{row_id}" if row_id else base

    async def _whoever(self, request: Request) -> Presence:
        principal = self.principals.get(request.headers.get("x-test-principal", ""))
        if principal is None:
            raise ApiProblem("unauthenticated")
        request.state.principal = principal
        count(request, principal.account_id)
        account = Account(
            id=principal.account_id,
            login=principal.name,
            role=principal.role,
            company_id=principal.company_id,
            location_id=principal.location_id,
            department_id=principal.department_id,
            user_id=principal.user_id,
        )
        return Presence(account, principal, None)

    async def end(self) -> None:
        """Leave nothing running."""
        await self.backend.settle()
        for client in self._clients:
            await client.aclose()
