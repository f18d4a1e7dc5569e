"""Writing configuration: 10,000 users of one company in one audited transaction, and single writes, each one its own.

On SQLite, and on PostgreSQL where Debian's ``postgresql`` is installed (a server of its own in a temporary folder).
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.lib.results import Result, table
from kiestoon.company.model import Company, User
from kiestoon.store.database import Database, sqlite_url
from kiestoon.store.installation import prepare
from kiestoon.store.write import changing

BULK = 10_000
SINGLE = 200

sys.path.append(str(Path(__file__).parents[1] / "tests" / "unit" / "store"))
from postgresql_server import PostgresqlServer  # noqa: E402 - the tests' own, found by the line above


def databases(folder: Path) -> Iterator[tuple[str, Database]]:
    yield "sqlite", Database(sqlite_url(folder / "kiestoon.db"))
    server = PostgresqlServer()
    try:
        yield "postgresql", Database(server.create("kiestoon"))
    finally:
        server.stop()


def measure(database: Database, folder: Path) -> tuple[float, float, float]:
    """Users/s at once, single writes/s, ms to remove a user with a phone's link."""
    vault = prepare(database, folder / f"{database.url.get_backend_name()}.key")
    with changing(database, vault, acting_user="bench") as changes:
        company = changes.add(Company(id=0, name="Acme", domain="acme.example", extension_digits=5))
    begun = time.perf_counter()
    with changing(database, vault, acting_user="bench") as changes:
        users = [
            changes.add(User(id=0, company_id=company.id, extension=f"{20_000 + n}", name=f"User {n}"))
            for n in range(BULK)
        ]
    bulk = BULK / (time.perf_counter() - begun)
    begun = time.perf_counter()
    for n in range(SINGLE):
        with changing(database, vault, acting_user="bench") as changes:
            changes.add(User(id=0, company_id=company.id, extension=f"{40_000 + n}", name=f"Late {n}"))
    single = SINGLE / (time.perf_counter() - begun)
    begun = time.perf_counter()
    for user in users[:SINGLE]:
        with changing(database, vault, acting_user="bench") as changes:
            changes.remove(user)
    removal_ms = (time.perf_counter() - begun) / SINGLE * 1000
    database.close()
    return bulk, single, removal_ms


def main() -> None:
    rows = []
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        for kind, database in databases(Path(name)):
            rows.append((kind, *measure(database, Path(name))))
    print(table(("database", "users/s at once", "single writes/s", "ms to remove a user"), rows))
    for kind, bulk, _, _ in rows:
        print(Result(f"store_writes_{kind}", bulk, "users/s"))


if __name__ == "__main__":
    main()
