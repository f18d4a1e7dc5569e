"""Start of the control process with 10,000 devices: time and resident memory, and how both grow with the devices.

Measured in a fresh process each time: from ``exec`` until every device is loaded, decrypted and indexed, all modules of
the control process imported. (Asterisk 22 with 10,000 endpoints on a comparable core: 4.3 s, 238 MB; not in Debian 12,
so not measured here.)
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time

import msgspec
from sqlalchemy import insert

from bench.lib.results import Result, table
from kiestoon.app.config import Settings, settings_to_json
from kiestoon.company.model import Company, Device, Number, User
from kiestoon.store.database import Database
from kiestoon.store.installation import prepare
from kiestoon.store.keys import Vault, new_secret
from kiestoon.store.load import TABLES, secret_place

NAME = "start_10k"
CORE = 1
COUNTS = (100, 1_000, 5_000, 10_000, 20_000)
PER_COMPANY = 250
REPEATS = 3


class Start(msgspec.Struct):
    """One start: seconds since ``exec``, of that for loading, and megabytes resident afterwards and before loading."""

    total_s: float
    load_s: float
    resident_mb: float
    imported_mb: float


def write_devices(settings: Settings, count: int) -> None:
    """An installation with ``count`` users, each with a device and a number, in companies of ``PER_COMPANY``."""
    database = Database(settings.database_url)
    vault = prepare(database, settings.key_path)
    with database.write() as connection:
        for first in range(0, count, PER_COMPANY):
            number = first // PER_COMPANY + 1
            company = Company(id=number, name=f"Company {number}", domain=f"c{number}.example")
            connection.execute(insert(TABLES[Company]), [msgspec.structs.asdict(company)])
            ids = range(first + 1, min(first + PER_COMPANY, count) + 1)
            own = {"company_id": number}
            users = [User(id=i, extension=str(1000 + i - first), name=f"Person {i}", **own) for i in ids]
            numbers = [Number(id=i, e164=f"+3185{i:07}", extension=str(1000 + i - first), **own) for i in ids]
            devices = [device_cells(i, number, first, vault) for i in ids]
            connection.execute(insert(TABLES[User]), [msgspec.structs.asdict(row) for row in users])
            connection.execute(insert(TABLES[Number]), [msgspec.structs.asdict(row) for row in numbers])
            connection.execute(insert(TABLES[Device]), devices)
    database.close()


def device_cells(device_id: int, company_id: int, first: int, vault: Vault) -> dict[str, object]:
    """A device's columns, its secret encrypted."""
    extension = 1000 + device_id - first
    row = Device(
        id=device_id,
        company_id=company_id,
        username=f"{extension}-abcd",
        secret=new_secret(),
        name=f"Phone of person {device_id}",
        user_id=device_id,
    )
    cells = msgspec.structs.asdict(row)
    return cells | {"secret": vault.encrypt(row.secret, secret_place(Device, cells))}


def measure(settings: Settings) -> Start:
    """Start once, in a process of its own."""
    environment = os.environ | {"BENCH_SETTINGS": settings_to_json(settings), "BENCH_STARTED": repr(time.time())}
    command = ["taskset", "-c", str(CORE), sys.executable, "-m", "bench.start_10k", "child"]
    output = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True).stdout
    return msgspec.json.decode(output.splitlines()[-1], type=Start)


def child() -> None:
    """The measured process."""
    import kiestoon.app.control  # noqa: F401 - everything the control process imports
    from kiestoon.app.config import settings_from_json
    from kiestoon.app.control_core import ControlCore, resident_bytes

    settings = settings_from_json(os.environ["BENCH_SETTINGS"])
    imported = resident_bytes()
    before = time.time()

    async def load() -> ControlCore:
        return ControlCore(settings, asyncio.get_running_loop())

    with asyncio.Runner() as runner:
        core = runner.run(load())
        after = time.time()
        start = Start(
            after - float(os.environ["BENCH_STARTED"]), after - before, resident_bytes() / 1e6, imported / 1e6
        )
        assert core.device_count > 0
    print(msgspec.json.encode(start).decode())


def main() -> None:
    """Measure each number of devices; the best of ``REPEATS``."""
    rows, results = [], {}
    for count in COUNTS:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            settings = Settings(data_dir=folder)
            write_devices(settings, count)
            best = min((measure(settings) for _ in range(REPEATS)), key=lambda start: start.total_s)
        results[count] = best
        per_device = (best.resident_mb - best.imported_mb) * 1e3 / count
        rows.append((count, best.total_s, best.load_s, best.resident_mb, per_device))
    print(table(("devices", "start, s", "of that loading, s", "resident, MB", "KB per device"), rows))
    print(Result(f"{NAME}_memory", results[10_000].resident_mb, "MB"))
    print(Result(NAME, results[10_000].total_s, "s"))


if __name__ == "__main__":
    child() if sys.argv[1:] == ["child"] else main()
