"""Start of the control process with 10,000 devices: time and resident memory, and how both grow with the devices.

Measured in a fresh process each time: from ``exec`` until every device is loaded, decrypted and indexed, all modules of
the control process imported; by the clock and in processor time, which other processes on the core do not lengthen as
much. Plain companies have people with a device and a number each; others also the plans, groups, rules and forwardings
companies typically have, and two devices for each of the people. (Asterisk 22 with 10,000 endpoints on a comparable
core: 4.3 s, 238 MB; not in Debian 12, so not measured here.)
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence

import msgspec

from bench.lib.companies import build_rows, write_rows
from bench.lib.results import Result, table
from kiestoon.app.config import Settings, settings_to_json
from kiestoon.company.model import Company, CompanyRows, Device, Number, User
from kiestoon.store.database import Database
from kiestoon.store.installation import prepare
from kiestoon.store.keys import new_secret

NAME = "start_10k"
CORE = 1
COUNTS = (100, 1_000, 5_000, 10_000, 20_000)
PER_COMPANY = 250
REPEATS = 3


class Start(msgspec.Struct):
    """One start: seconds since ``exec`` by the clock and of processor time, of that for loading, and megabytes resident
    afterwards and before loading."""

    total_s: float
    cpu_s: float
    load_cpu_s: float
    resident_mb: float
    imported_mb: float


def write_devices(settings: Settings, count: int, *, typical: bool) -> None:
    """An installation with ``count`` devices in companies of ``PER_COMPANY``."""
    database = Database(settings.database_url)
    vault = prepare(database, settings.key_path)
    for company_id, first in enumerate(range(0, count, PER_COMPANY), 1):
        devices = min(PER_COMPANY, count - first)
        write_rows(
            database, vault, build_rows(devices // 2, company_id) if typical else plain_rows(devices, company_id, first)
        )
    database.close()


def plain_rows(users: int, company_id: int, first: int) -> CompanyRows:
    """A company of people, each with a device and a number."""
    ids = range(first + 1, first + users + 1)
    of = {"company_id": company_id}
    return CompanyRows(
        company=Company(id=company_id, name=f"Company {company_id}", domain=f"c{company_id}.example"),
        users=tuple(User(id=i, **of, extension=str(1000 + i - first), name=f"Person {i}") for i in ids),
        devices=tuple(
            Device(id=i, **of, username=f"{1000 + i - first}-abcd", secret=new_secret(), name=f"Phone of person {i}",
                   user_id=i)
            for i in ids
        ),
        numbers=tuple(Number(id=i, **of, e164=f"+3185{i:07}", extension=str(1000 + i - first)) for i in ids),
    )  # fmt: skip


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
    before = time.process_time()

    async def load() -> ControlCore:
        return ControlCore(settings, asyncio.get_running_loop())

    with asyncio.Runner() as runner:
        core = runner.run(load())
        total_s, cpu_s = time.time() - float(os.environ["BENCH_STARTED"]), time.process_time()
        start = Start(total_s, cpu_s, cpu_s - before, resident_bytes() / 1e6, imported / 1e6)
        assert core.device_count > 0
    print(msgspec.json.encode(start).decode())


def grow(counts: Sequence[int], *, typical: bool) -> Start:
    """Measure each number of devices, the best of ``REPEATS``; that of 10,000."""
    rows, results = [], {}
    for count in counts:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            settings = Settings(data_dir=folder)
            write_devices(settings, count, typical=typical)
            best = min((measure(settings) for _ in range(REPEATS)), key=lambda start: start.cpu_s)
        results[count] = best
        per_device = (best.resident_mb - best.imported_mb) * 1e3 / count
        rows.append((count, best.total_s, best.cpu_s, best.load_cpu_s, best.resident_mb, per_device))
    name = "companies with typical arrangements" if typical else "plain companies"
    headings = ("devices", "start, s", "CPU, s", "of that loading, s", "resident, MB", "KB per device")
    print(f"\n{name}\n\n{table(headings, rows)}\n", flush=True)
    return results[10_000]


def main() -> None:
    """Measure both kinds of companies."""
    typical = grow((1_000, 10_000), typical=True)
    plain = grow(COUNTS, typical=False)
    print(Result(f"{NAME}_typical_memory", typical.resident_mb, "MB"))
    print(Result(f"{NAME}_typical", typical.total_s, "s"))
    print(Result(f"{NAME}_memory", plain.resident_mb, "MB"))
    print(Result(f"{NAME}_cpu", plain.cpu_s, "s"))
    print(Result(NAME, plain.total_s, "s"))


if __name__ == "__main__":
    child() if sys.argv[1:] == ["child"] else main()
