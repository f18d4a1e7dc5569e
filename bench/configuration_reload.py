"""From a write to its being in force: a user of 500 is changed, the control process told; and how long the loop stands.

One company with 500 users, phones and numbers, all parts of the control process but SIP, asked over its admin socket as
the web process asks it. A heartbeat on the loop notes the longest time it could not run meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
import tempfile
import time

import structlog
import uvloop
from msgspec.structs import replace

from bench.lib.results import Result, percentile, table
from kiestoon.app.admin_client import ask_async
from kiestoon.app.config import Settings
from kiestoon.app.control_core import ControlCore
from kiestoon.company.model import Company, Device, Number, User
from kiestoon.store.database import Database
from kiestoon.store.installation import prepare
from kiestoon.store.keys import new_secret
from kiestoon.store.write import changing

USERS = 500
CHANGES = 30
_BEAT_S = 0.0005


def write_company(settings: Settings) -> User:
    """The last of its users."""
    database = Database(settings.database_url)
    vault = prepare(database, settings.key_path)
    with changing(database, vault, acting_user="bench") as changes:
        company = changes.add(Company(id=0, name="Acme", domain="acme.example", extension_digits=4))
        own = {"id": 0, "company_id": company.id}
        for n in range(USERS):
            user = changes.add(User(**own, extension=f"{2000 + n}", name=f"User {n}"))
            changes.add(Device(**own, username=f"d{n}", secret=new_secret(), user_id=user.id))
            changes.add(Number(**own, e164=f"+3120555{n:04}", extension=user.extension))
    database.close()
    return user


class Heartbeat:
    """How long the loop did not come round."""

    def __init__(self) -> None:
        self.worst_s = 0.0
        self._task = asyncio.create_task(self._beat())

    async def _beat(self) -> None:
        while True:
            begun = time.perf_counter()
            await asyncio.sleep(_BEAT_S)
            self.worst_s = max(self.worst_s, time.perf_counter() - begun - _BEAT_S)

    def stop(self) -> None:
        self._task.cancel()


async def measure(folder: str) -> tuple[list[float], list[float]]:
    settings = Settings(data_dir=folder)
    user = write_company(settings)
    core = ControlCore(settings, asyncio.get_running_loop())
    await core.start()
    heartbeat = Heartbeat()
    took, stalls = [], []
    for n in range(CHANGES):
        with changing(core.database, core.vault, acting_user="bench") as changes:
            user = changes.update(replace(user, name=f"Renamed {n}"))
        await asyncio.sleep(0.02)
        heartbeat.worst_s, begun = 0.0, time.perf_counter()
        await ask_async(settings.admin_socket, "reload")
        took.append(time.perf_counter() - begun)
        stalls.append(heartbeat.worst_s)
        found = core.directory.user_by_extension(user.company_id, user.extension)
        assert found is not None
        assert found.name == user.name
    heartbeat.stop()
    await core.stop()
    return took, stalls


def main() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        took, stalls = uvloop.run(measure(folder))
    rows = [
        (name, percentile(values, 50) * 1000, max(values) * 1000)
        for name, values in (("reload", took), ("loop stands still", stalls))
    ]
    print(table(("", "median ms", "longest ms"), rows))
    print(Result("configuration_reload", percentile(took, 99) * 1000, "ms"))
    print(Result("configuration_reload_stall", max(stalls) * 1000, "ms"))


if __name__ == "__main__":
    main()
