"""The control process ends statuses in time (REACH-10)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from kiestoon.app import presence_clock
from kiestoon.app.config import Settings
from kiestoon.app.control_core import ControlCore
from kiestoon.company.model import Company, Presence, User
from kiestoon.store.database import Database
from kiestoon.store.errors import DatabaseUnavailableError
from kiestoon.store.installation import prepare
from kiestoon.store.load import list_rows
from kiestoon.store.write import changing

pytestmark = pytest.mark.usefixtures("thaws")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """An installation in which somebody has been at lunch for too long, and another will be for a day."""
    settings = Settings(data_dir=str(tmp_path))
    database = Database(settings.database_url)
    vault = prepare(database, settings.key_path)
    now_ms = int(time.time() * 1000)
    with changing(database, vault, acting_user="test") as changes:
        company = changes.add(Company(id=0, name="Acme", domain="acme.example"))
        for extension, until_ms in (("101", now_ms - 1), ("102", now_ms + 86_400_000)):
            person = changes.add(User(id=0, company_id=company.id, extension=extension, name="Anna"))
            changes.add(Presence(id=0, company_id=1, user_id=person.id, status="lunch", until_ms=until_ms))
    database.close()
    return settings


@pytest.fixture
async def core(settings: Settings) -> AsyncIterator[ControlCore]:
    core = ControlCore(settings, asyncio.get_running_loop())
    await core.start()
    yield core
    await core.stop()


async def ended(core: ControlCore, user_id: int) -> None:
    """Wait until somebody is at the office again, in the snapshot calls go by."""
    changed = asyncio.Event()
    core.on_reload.append(lambda _: changed.set())

    def status() -> str:
        index = core.directory.company(1)
        assert index is not None
        return index.arrangements.presences[user_id].status

    async with asyncio.timeout(20):
        while status() != "office":
            await changed.wait()
            changed.clear()


async def test_what_ran_out_while_nobody_looked_is_ended_at_the_start(core: ControlCore) -> None:
    await ended(core, 1)
    assert [row.status for row in list_rows(core.database, Presence)] == ["office", "lunch"]


async def test_a_status_that_is_set_later_ends_in_its_time(core: ControlCore) -> None:
    await ended(core, 1)
    row = next(row for row in list_rows(core.database, Presence) if row.user_id == 2)
    with changing(core.database, core.vault, acting_user="test") as changes:
        changes.update(replace(row, until_ms=int(time.time() * 1000) + 300))
    await core.reload()
    await ended(core, 2)


async def test_a_database_that_is_away_is_tried_again(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence_clock, "AGAIN_S", 0.05)
    real, tries = presence_clock.end_statuses, []

    def failing(*arguments: object) -> int:
        tries.append(1)
        if len(tries) < 3:
            raise DatabaseUnavailableError("The database is away", "Wait")
        return real(*arguments)  # type: ignore[arg-type]  # as they come

    monkeypatch.setattr(presence_clock, "end_statuses", failing)
    core = ControlCore(settings, asyncio.get_running_loop())
    await core.start()
    await ended(core, 1)
    await core.stop()
    assert len(tries) >= 3
