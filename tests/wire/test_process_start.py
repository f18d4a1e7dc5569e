"""Starts that cannot succeed say why in one line, and what to do; no traceback, no process left."""

from __future__ import annotations

import os
import re
import shutil
import socket
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from bench.peers.process import free_port
from small_disk import SmallDisk, small_disk_on
from softphones import TestExchange, exchange_in, rtp_range, run_kiestoon

from kiestoon.app.demo.world import OUTSIDE_HOST


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestExchange]:
    with exchange_in(tmp_path_factory.mktemp("start")) as running:
        yield running


def other_ports() -> dict[str, str]:
    names = ("SIP_UDP", "SIP_TLS", "SIP_WS", "SIP_WSS", "WEB_PORT", "DEMO_OUTSIDE_PORT")
    ports = {f"KIESTOON_{name}": str(free_port()) for name in names}
    first, last = rtp_range(200)
    media = {"KIESTOON_MEDIA_FIRST_PORT": str(first), "KIESTOON_MEDIA_LAST_PORT": str(last)}
    return {**ports, **media, "KIESTOON_SIP_TCP": ports["KIESTOON_SIP_UDP"], "KIESTOON_SIP_HOSTS": "127.0.0.1"}


def refused(*arguments: str, environment: dict[str, str] | None = None, within: Sequence[str] = ()) -> str:
    """What ``kiestoon`` says when it cannot start: one line that begins with its name."""
    done = run_kiestoon(*arguments, environment=environment, within=within)
    assert done.returncode not in (0, 1), done.stderr
    assert "Traceback" not in done.stderr
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("kiestoon: ")]
    return line


@pytest.fixture(scope="module")
def installed(exchange: TestExchange, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder like the running exchange's, with a configuration of its own."""
    folder = tmp_path_factory.mktemp("second")
    in_use = shutil.ignore_patterns("run", "speech", "journal", "spool", "trace")  # files come and go there
    shutil.copytree(exchange.settings.data, folder / "data", ignore=in_use)
    text = exchange.config.read_text().replace(str(exchange.settings.data), str(folder / "data"))
    (folder / "kiestoon.toml").write_text(text)
    return folder


def test_a_second_exchange_on_the_same_data_names_the_first(exchange: TestExchange) -> None:
    said = refused("--config", str(exchange.config), "serve")
    assert str(exchange.settings.data) in said
    assert f"pid {exchange.daemon.pid}" in said
    exchange.daemon.check_alive()
    assert exchange.ask("ping")


@pytest.mark.parametrize(
    ("shared", "process", "setting"),
    [("SIP_UDP", "kiestoon: control", "sip.udp"), ("SIP_WSS", "kiestoon: control", "sip.wss"),
     ("WEB_PORT", "kiestoon: web", "web.port")],
)  # fmt: skip
def test_a_taken_port_is_named_with_who_holds_it_and_the_setting(
    exchange: TestExchange, installed: Path, shared: str, process: str, setting: str
) -> None:
    ports = other_ports()
    port = {"SIP_UDP": exchange.port, "SIP_WSS": exchange.wss_port, "WEB_PORT": exchange.web_port}[shared]
    ports[f"KIESTOON_{shared}"] = str(port)
    said = refused("--config", str(installed / "kiestoon.toml"), "serve", environment=ports)
    assert f"port {port} on 127.0.0.1 is in use already by {process} (pid {exchange.child(process[10:])})" in said
    assert setting in said


def test_a_taken_port_of_the_outside_world_is_named_too(tmp_path: Path) -> None:
    ports = other_ports()
    port = int(ports["KIESTOON_DEMO_OUTSIDE_PORT"])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
        holder.bind((OUTSIDE_HOST, port))
        said = refused("demo", "--data", str(tmp_path / "data"), environment=ports)
    assert f"UDP port {port} on {OUTSIDE_HOST} is in use already by " in said
    assert f"(pid {os.getpid()})" in said
    assert "demo.outside_port (in the environment: KIESTOON_DEMO_OUTSIDE_PORT)" in said


def test_a_database_of_a_newer_version_is_left_alone(installed: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(installed / "data", copy)
    path = copy / "kiestoon.db"
    with sqlite3.connect(path) as database:
        database.execute("update alembic_version set version_num = '9999'")
    database.close()
    before = path.read_bytes()
    for command in ("serve", "migrate", "calls --history"):
        environment = {**other_ports(), "KIESTOON_DATA_DIR": str(copy)}
        said = refused("--config", str(installed / "kiestoon.toml"), *command.split(), environment=environment)
        assert "newer" in said
        assert "9999" in said
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("text", "words"),
    [("x = [", "not valid TOML"), ("[sip]\nudp = 'abc'\n", "sip.udp"), ("[sip]\nupd = 5060\n", "upd"),
     ("[sip]\nudp = 70000\n", "70000"), ("sip = 5060\n", "section"),
     ("[media]\nfirst_port = 30000\nlast_port = 20000\n", "RTP ports")],
)  # fmt: skip
def test_a_wrong_setting_is_named(tmp_path: Path, text: str, words: str) -> None:
    config = tmp_path / "wrong.toml"
    config.write_text(text)
    said = refused("--config", str(config), "serve")
    assert words in said
    assert str(config) in said


def test_a_missing_configuration_file_is_named(tmp_path: Path) -> None:
    assert str(tmp_path / "none.toml") in refused("--config", str(tmp_path / "none.toml"), "serve")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    folder = tmp_path / "disk"
    folder.mkdir()
    with small_disk_on(folder) as disk:
        yield disk


def test_a_disk_that_fills_up_during_the_installation_is_named(small_disk: SmallDisk) -> None:
    said = refused_on(small_disk)
    assert "full" in said
    assert str(small_disk.folder) in said


def test_a_full_disk_is_named(small_disk: SmallDisk) -> None:
    small_disk.fill()
    assert re.search(f"disk that holds the data folder {small_disk.folder}.* is full", refused_on(small_disk))


def test_a_disk_one_may_not_write_to_is_named(small_disk: SmallDisk) -> None:
    small_disk.make_read_only()
    said = refused_on(small_disk)
    assert "may not write" in said
    assert str(small_disk.folder) in said
    assert small_disk.names() == []


def refused_on(disk: SmallDisk) -> str:
    data = str(disk.folder / "data")
    return refused("demo", "--data", data, environment=other_ports(), within=disk.within)
