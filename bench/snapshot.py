"""What the call path's picture of the companies costs: time to load and build, memory for each person, one replaced.

200 companies of 500 people with typical arrangements, from SQLite. Last line: seconds until the directory of all of
them stands, reading included.
"""

from __future__ import annotations

import gc
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.lib.companies import build_rows, write_rows
from kiestoon.company.directory import Directory
from kiestoon.store.database import Database, sqlite_url
from kiestoon.store.installation import prepare
from kiestoon.store.keys import Vault
from kiestoon.store.load import load_all
from kiestoon.store.schema import migrate

COMPANIES = 200
USERS = 500


def resident_mib() -> float:
    """Memory of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 2**20


def main() -> None:
    """Print what it costs."""
    with TemporaryDirectory() as folder:
        database = Database(sqlite_url(Path(folder) / "kiestoon.db"))
        migrate(database)
        vault = prepare(database, Path(folder) / "installation.key")
        for company_id in range(1, COMPANIES + 1):
            write_rows(database, vault, build_rows(USERS, company_id))
        measure(database, vault)
        database.close()


def measure(database: Database, vault: Vault) -> None:
    gc.disable()  # as the control process has it while it loads
    before = resident_mib()
    start = time.perf_counter()
    rows = load_all(database, vault).companies
    loaded_s, loaded = time.perf_counter() - start, resident_mib()
    start = time.perf_counter()
    directory = Directory(rows)
    built_s, indexed = time.perf_counter() - start, resident_mib()
    replacing = []
    for company in rows[:20]:
        start = time.perf_counter()
        directory.replace(company)
        replacing.append(time.perf_counter() - start)
    people = COMPANIES * USERS
    print(
        f"snapshot, {COMPANIES} companies of {USERS} people: read in {loaded_s:.1f} s, indexed in {built_s:.2f} s; "
        f"rows {(loaded - before) * 1024 / people:.1f} KiB, indexes {(indexed - loaded) * 1024 / people:.1f} KiB for "
        f"each person; one company replaced in {sorted(replacing)[10] * 1000:.1f} ms"
    )
    print(f"snapshot: {loaded_s + built_s:.1f} s until the directory of {people} people stands")


if __name__ == "__main__":
    main()
