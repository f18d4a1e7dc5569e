"""The web application with a company in it, and clients of somebody of every role."""

from __future__ import annotations

from typing import Any

import httpx
from api_organisation import Organisation
from fastapi import Request

from kiestoon.api.application import build_application
from kiestoon.api.backend import Backend
from kiestoon.api.login.authentication import authenticated
from kiestoon.api.principal import Principal
from kiestoon.api.problems import ApiProblem
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
    """The application with its company, and clients of it."""

    def __init__(
        self, database: Database, vault: Vault, organisation: Organisation, *, requests_per_minute: int = 0
    ) -> None:
        self.database = database
        self.vault = vault
        self.control = Control()
        self.backend = Backend(database, vault, self.control.ask)
        self.application = build_application(self.backend, "1.2.3", requests_per_minute=requests_per_minute)
        self.application.dependency_overrides[authenticated] = self._whoever
        self.organisation = organisation
        self.principals = self.organisation.principals()
        self._clients: list[httpx.AsyncClient] = []

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

    async def _whoever(self, request: Request) -> Principal:
        principal = self.principals.get(request.headers.get("x-test-principal", ""))
        if principal is None:
            raise ApiProblem("unauthenticated")
        return principal

    async def close(self) -> None:
        for client in self._clients:
            await client.aclose()
