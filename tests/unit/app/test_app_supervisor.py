"""The supervisor: starts, restarts, ends in order, leaves no orphan."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from kiestoon.app import supervisor as module
from kiestoon.app.config import LogSettings, Settings
from kiestoon.app.supervisor import ChildSpec, StartFailedError, Supervisor

HERE = Path(__file__).parent


def child(name: str, how: str = "good", phase: int = 1) -> ChildSpec:
    path = os.pathsep.join(filter(None, (str(HERE), os.environ.get("PYTHONPATH"))))
    return ChildSpec(name, "supervised_child", (name, how), phase, (("PYTHONPATH", path),))


def quiet(tmp_path: Path) -> Settings:
    return Settings(data_dir=str(tmp_path), log=LogSettings(format="json"))


@asynccontextmanager
async def running(tmp_path: Path, *specs: ChildSpec) -> AsyncIterator[Supervisor]:
    ready = asyncio.Event()
    supervisor = Supervisor(specs, quiet(tmp_path), ready.set)
    task = asyncio.create_task(supervisor.run())
    try:
        await asyncio.wait_for(ready.wait(), 20)
        yield supervisor
    finally:
        supervisor.stop()
        await asyncio.wait_for(task, 10)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)


def pids(tmp_path: Path, name: str) -> list[int]:
    return [int(line) for line in (tmp_path / f"{name}.pids").read_text().split()]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


async def test_processes_end_in_their_phases(tmp_path: Path) -> None:
    async with running(tmp_path, child("clerk", phase=2), child("media"), child("control", phase=0)):
        started = [pids(tmp_path, name)[0] for name in ("clerk", "media", "control")]
        assert all(map(alive, started))
    assert (tmp_path / "ended").read_text().split() == ["control", "media", "clerk"]
    assert not any(map(alive, started))


async def test_a_killed_process_is_restarted_and_the_others_stay(tmp_path: Path) -> None:
    async with running(tmp_path, child("control"), child("media")):
        os.kill(pids(tmp_path, "control")[0], signal.SIGKILL)
        await until(lambda: len(pids(tmp_path, "control")) == 2)
        assert len(pids(tmp_path, "media")) == 1
        assert alive(pids(tmp_path, "media")[0])


async def test_a_start_that_cannot_succeed_ends_with_the_reason(tmp_path: Path) -> None:
    supervisor = Supervisor([child("media"), child("control", "hopeless")], quiet(tmp_path))
    with pytest.raises(StartFailedError, match=r"Port 1 is taken\. Free it\."):
        await asyncio.wait_for(supervisor.run(), 20)
    with suppress(FileNotFoundError):  # ended before it got anywhere
        assert not alive(pids(tmp_path, "media")[0])


async def test_a_process_that_keeps_dying_is_tried_again_and_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_FIRST_PAUSE_S", 0.01)
    causes: list[str] = []
    monkeypatch.setattr(module.log, "warning", lambda _event, **details: causes.append(details["cause"]))
    supervisor = Supervisor([child("control", "broken")], quiet(tmp_path))
    task = asyncio.create_task(supervisor.run())
    await until(lambda: len(causes) >= 2)
    supervisor.stop()
    await asyncio.wait_for(task, 10)
    assert causes[:2] == ["exit code 70", "exit code 70"]


async def test_who_does_not_end_in_time_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_STOP_S", (0.1, 0.1, 0.1))
    async with running(tmp_path, child("control", "stubborn")):
        pid = pids(tmp_path, "control")[0]
    assert not alive(pid)


async def test_ctrl_c_on_the_terminal_does_not_reach_the_children(tmp_path: Path) -> None:
    async with running(tmp_path, child("control")):
        pid = pids(tmp_path, "control")[0]
        assert os.getpgid(pid) != os.getpgid(0)
        os.kill(pid, signal.SIGINT)
        assert alive(pid)


async def test_a_killed_supervisor_leaves_no_orphans(tmp_path: Path) -> None:
    program = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from test_app_supervisor import Supervisor, child, quiet\n"
        "folder = Path(sys.argv[1])\n"
        "asyncio.run(Supervisor([child('control')], quiet(folder), lambda: print('ready', flush=True)).run())\n"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, str(tmp_path), cwd=HERE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdout is not None
    async with asyncio.timeout(20):
        while await process.stdout.readline() != b"ready\n":
            assert process.returncode is None
    pid = pids(tmp_path, "control")[0]
    process.kill()
    await process.wait()
    await until(lambda: not alive(pid))


async def test_sigterm_ends_everything(tmp_path: Path) -> None:
    ready = asyncio.Event()
    task = asyncio.create_task(Supervisor([child("control")], quiet(tmp_path), ready.set).run())
    await asyncio.wait_for(ready.wait(), 20)
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.wait_for(task, 10)
    assert not alive(pids(tmp_path, "control")[0])
