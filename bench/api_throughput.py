"""Requests a second of the API on one core, in companies of 1,000 and 10,000 users, and how that grows.

The application with a real SQLite file is called through ASGI, without sockets and client: what is measured is
routing, permission, SQL, rules, audit and JSON. Reads and writes come one after another; a write is a transaction.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from kiestoon.api.application import build_application
from kiestoon.api.backend import Backend
from kiestoon.api.login.authentication import authenticated
from kiestoon.api.principal import Principal
from kiestoon.company.model import Company, Location, User
from kiestoon.store.database import Database, sqlite_url
from kiestoon.store.installation import prepare
from kiestoon.store.write import changing

SIZES = (1_000, 10_000)
SECONDS = 3.0
SAM = Principal(account_id=1, name="bench", role="operator")


async def silence(command: str, **arguments: Any) -> Any:
    """There is no control process."""
    return {}


async def call(application: Any, method: str, path: str, body: Any = None, query: str = "") -> Any:
    """One request; its answer."""
    content = b"" if body is None else json.dumps(body).encode()
    headers = [(b"content-type", b"application/json"), (b"if-match", b"*"), (b"content-length", b"%d" % len(content))]
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "scheme": "http",
    }
    answer: dict[str, Any] = {"body": b""}

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": content, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        answer["status"] = message.get("status", answer.get("status"))
        answer["body"] += message.get("body", b"")

    await application(scope, receive, send)
    if answer["status"] >= 300:
        raise RuntimeError(f"{method} {path}: {answer}")
    return json.loads(answer["body"])


async def measure(name: str, users: int, request: Any) -> float:
    """Requests a second; printed with the 99th percentile of their times."""
    await request(0)
    times = []
    began = time.perf_counter()
    while time.perf_counter() - began < SECONDS:
        start = time.perf_counter()
        await request(len(times) + 1)
        times.append(time.perf_counter() - start)
    rate = len(times) / sum(times)
    worst = statistics.quantiles(times, n=100)[98] * 1000
    print(f"api_{name}_{users}_users: {rate:.0f} requests/s")
    print(f"api_{name}_{users}_users_p99: {worst:.1f} ms", flush=True)
    return rate


async def bench(users: int) -> dict[str, float]:
    """All figures for a company of this size."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(sqlite_url(Path(folder) / "kiestoon.db"))
        vault = prepare(database, Path(folder) / "installation.key")
        began = time.perf_counter()
        company_id, first = fill(database, vault, users)
        print(f"api_users_written_at_once_{users}: {users / (time.perf_counter() - began):.0f} rows/s")
        application = build_application(Backend(database, vault, silence), "bench")
        application.dependency_overrides[authenticated] = lambda: SAM
        base = f"/api/v1/companies/{company_id}/users"
        requests = {
            "get": lambda n: call(application, "GET", f"{base}/{first + n * 7 % users}"),
            "list_50": lambda n: call(application, "GET", base, query="limit=50"),
            "list_200_by_name": lambda n: call(application, "GET", base, query="limit=200&sort=name"),
            "search": lambda n: call(application, "GET", base, query=f"q=person+{n % users:05}"),
            "change": lambda n: call(application, "PATCH", f"{base}/{first + n * 7 % users}", {"name": f"New {n}"}),
            "create": lambda n: call(
                application, "POST", base, {"extension": f"{users + 20_000 + n:05}", "name": f"Added {n}"}
            ),
        }
        figures = {name: await measure(name, users, request) for name, request in requests.items()}
        database.close()
        return figures


def fill(database: Database, vault: Any, users: int) -> tuple[int, int]:
    """A company with people; the ids of the company and of the first of them."""
    with changing(database, vault, acting_user="bench") as changes:
        company = changes.add(Company(id=0, name="Town", domain="town.example", extension_digits=5))
        location = changes.add(Location(id=0, company_id=company.id, name="Hall"))
        ids = [
            changes.add(
                User(
                    id=0,
                    company_id=company.id,
                    extension=f"{20_000 + number:05}",
                    name=f"Person {number:05}",
                    location_id=location.id,
                )
            ).id
            for number in range(users)
        ]
    return company.id, ids[0]


def main() -> None:
    figures = [asyncio.run(bench(users)) for users in SIZES]
    for name in figures[0]:
        ratio = figures[0][name] / figures[1][name]
        print(f"api_{name}_in_a_company_ten_times_larger: {ratio:.2f} times the time")


if __name__ == "__main__":
    main()
