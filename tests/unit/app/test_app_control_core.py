"""The control process' core: loading, taking changes over, figures."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from installed import copy_database

from kiestoon.app import configuration_loader
from kiestoon.app.admin_client import ask_async
from kiestoon.app.config import Settings
from kiestoon.app.control_core import ControlCore
from kiestoon.app.loop_watch import LoopWatch
from kiestoon.company.model import Company, Device, Holiday, HolidayDay, Trunk
from kiestoon.company.time import holidays
from kiestoon.company.time.index import TimeIndex
from kiestoon.store.database import Database
from kiestoon.store.errors import DatabaseUnavailableError
from kiestoon.store.installation import prepare
from kiestoon.store.write import changing

pytestmark = pytest.mark.usefixtures("thaws")

SECRET = "abcdefghijklmnopqrst"


@pytest.fixture
async def core(tmp_path: Path) -> AsyncIterator[ControlCore]:
    settings = Settings(data_dir=str(tmp_path))
    copy_database(tmp_path / "kiestoon.db")
    database = Database(settings.database_url)
    vault = prepare(database, settings.key_path)
    with changing(database, vault, acting_user="test") as changes:
        company = changes.add(Company(id=0, name="Acme", domain="acme.example"))
        changes.add(Device(id=0, company_id=company.id, username="a", secret=SECRET))
    database.close()
    core = ControlCore(settings, asyncio.get_running_loop())
    await core.start()
    yield core
    await core.stop()


async def test_everything_is_loaded_at_the_start(core: ControlCore) -> None:
    device = core.directory.device("acme.example", "a")
    assert device is not None
    assert device.secret == SECRET
    assert await ask_async(core.settings.admin_socket, "ping")


async def test_reload_takes_over_what_was_written_meanwhile(core: ControlCore) -> None:
    told: list[frozenset[int]] = []
    core.on_reload.append(told.append)
    held = core.directory.device("acme.example", "a")
    assert held is not None
    with changing(core.database, core.vault, acting_user="test") as changes:
        changes.add(Device(id=0, company_id=1, username="b", secret=SECRET))
        changes.update(msgspec.structs.replace(held, active=False))
        changes.add(Trunk(id=0, name="t", kind="peer", host="h", sources=("192.0.2.1",)))
    answer = await ask_async(core.settings.admin_socket, "reload")
    assert answer["companies"] == [1]
    assert core.directory.device("acme.example", "a") is None
    assert core.directory.device("acme.example", "b") is not None
    assert len(core.directory.trunks_by_source("192.0.2.1")) == 1
    assert told == [frozenset({1})]
    assert (await core.reload())["companies"] == []  # nothing new


async def test_a_removed_company_is_gone_after_reload(core: ControlCore) -> None:
    with changing(core.database, core.vault, acting_user="test") as changes:
        changes.remove(Company(id=1, name="Acme", domain="acme.example"))
    await core.reload()
    assert len(core.directory) == 0


async def test_figures_are_plain_values_for_the_web_process(core: ControlCore) -> None:
    core.spool.append(b"record")
    core.spool.flush()
    samples = await ask_async(core.settings.admin_socket, "metrics")
    values = {sample["name"]: sample["value"] for sample in samples}
    assert (values["companies"], values["devices"], values["spool_records"]) == (1, 1, 1)
    assert 0 < values["resident_memory_bytes"] < 1e9


async def test_what_was_journalled_is_handed_out_at_the_next_start(core: ControlCore) -> None:
    core.call_journal.append(b"call")
    core.binding_journal.append(b"binding")
    core.call_journal.flush()
    core.binding_journal.flush()  # and then kill -9
    again = ControlCore(core.settings, asyncio.get_running_loop())
    assert (again.call_records, again.binding_records) == ([b"call"], [b"binding"])
    await again.stop()


async def test_a_stall_of_the_loop_is_measured() -> None:
    now = [100.0]

    class Loop:
        def time(self) -> float:
            return now[0]

        def call_at(self, _when: float, callback: object) -> asyncio.Handle:
            self.callback = callback
            return asyncio.Handle(lambda: None, (), asyncio.get_running_loop())

    loop = Loop()
    watch = LoopWatch(loop)  # type: ignore[arg-type]
    now[0] += 0.05 + 0.25
    loop.callback()  # type: ignore[operator]
    first, second = ([metric.value for metric in watch.metrics()] for _ in range(2))
    assert first == pytest.approx([0.25, 0.25])
    assert second == pytest.approx([0.0, 0.25])


async def test_many_reloads_at_once_end_with_the_latest(core: ControlCore) -> None:
    for name in ("b", "c", "d"):
        with changing(core.database, core.vault, acting_user="test") as changes:
            changes.add(Device(id=0, company_id=1, username=name, secret=SECRET))
    answers = await asyncio.gather(*(core.reload() for _ in range(5)))
    assert [len(answer["companies"]) for answer in answers] == [1, 0, 0, 0, 0]
    assert core.device_count == 4


async def test_a_reload_that_fails_is_made_up_for_by_the_next(
    core: ControlCore, monkeypatch: pytest.MonkeyPatch
) -> None:
    with changing(core.database, core.vault, acting_user="test") as changes:
        changes.add(Device(id=0, company_id=1, username="b", secret=SECRET))
    with monkeypatch.context() as patch:
        patch.setattr(configuration_loader, "load_company", refuse)
        with pytest.raises(DatabaseUnavailableError):
            await core.reload()
    assert core.device_count == 1
    await core.reload()
    assert core.device_count == 2


def refuse(*_: object) -> None:
    raise DatabaseUnavailableError("the server is gone", "start it")


async def test_public_holidays_are_worked_out_before_a_call_asks(
    core: ControlCore, monkeypatch: pytest.MonkeyPatch
) -> None:
    with changing(core.database, core.vault, acting_user="test") as changes:
        days = (HolidayDay("Days off", public="*"),)
        holiday = changes.add(Holiday(id=0, company_id=1, name="Public", days=days))
    await core.reload()

    def computed(*_: object) -> None:
        raise AssertionError("a call would have waited for this")

    monkeypatch.setattr(holidays, "public_holidays", computed)
    index = core.directory.company(1)
    assert index is not None
    times = index.arrangements.times.holiday(holiday.id)
    assert times is not None
    now_ms = int(time.time() * 1000)
    times.at(now_ms)
    times.at(now_ms + 365 * 86_400_000)


async def test_public_holidays_are_looked_up_anew_every_day(core: ControlCore, monkeypatch: pytest.MonkeyPatch) -> None:
    prepared: list[int] = []
    monkeypatch.setattr(TimeIndex, "prepare", lambda _, at_ms: prepared.append(at_ms))
    core.configuration.tick()
    await core.configuration.stop()
    assert prepared == []
    monkeypatch.setattr(configuration_loader, "_today", lambda: 1_000_000)
    for _ in range(2):
        core.configuration.tick()
        await core.configuration.stop()
    assert len(prepared) == 1
