"""What the operator is told when the machine does not let us."""

from __future__ import annotations

import errno
import os
import socket
import ssl
from pathlib import Path

import pytest

from kiestoon.app.config import Settings, SipSettings
from kiestoon.app.listeners import explain_start, net_settings
from kiestoon.app.os_problems import SystemProblemError, explain_bind, explain_file, find_port_holder, prepare_folder


@pytest.mark.parametrize("kind", ["udp", "tcp"])
def test_a_taken_port_is_named_with_the_program_that_has_it(kind: str) -> None:
    sort = socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM
    with socket.socket(socket.AF_INET, sort) as holder:
        holder.bind(("127.0.0.1", 0))
        if kind == "tcp":
            holder.listen()
        port = holder.getsockname()[1]
        sip = SipSettings(hosts=("127.0.0.1",), udp=0, tcp=0, tls=0, wss=0)
        settings = net_settings(Settings(sip=msgspec_replace(sip, **{kind: port})))
        error = explain_start(OSError(errno.EADDRINUSE, "in use"), settings.listeners)
    assert f"{kind.upper()} port {port} on 127.0.0.1 is in use already by" in str(error)
    assert f"(pid {os.getpid()})" in str(error)
    assert f"sip.{kind}" in str(error)


def msgspec_replace(sip: SipSettings, **changes: int) -> SipSettings:
    import msgspec

    return msgspec.structs.replace(sip, **changes)


def test_nobody_holds_a_free_port() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert find_port_holder("tcp", port) == ""


BIND_ERRORS = {
    (errno.EACCES, 80): "may not open TCP port 80",
    (errno.EADDRNOTAVAIL, 5060): "192.0.2.1 is not an address of this machine",
    (errno.ENOBUFS, 5060): "cannot be opened",
}


@pytest.mark.parametrize(("number", "port"), BIND_ERRORS)
def test_other_reasons_are_told_apart(number: int, port: int) -> None:
    error = explain_bind(OSError(number, os.strerror(number)), "tcp", "192.0.2.1", port, "sip.tcp")
    assert BIND_ERRORS[number, port] in str(error)


FILE_ERRORS = {
    errno.EACCES: "may not write to the data folder /d",
    errno.EROFS: "may not write",
    errno.ENOSPC: "disk that holds the data folder /d is full",
    errno.ENOTDIR: "is not a folder",
    errno.EIO: "cannot be used",
}


@pytest.mark.parametrize("number", FILE_ERRORS)
def test_file_errors_say_what_and_what_to_do(number: int) -> None:
    error = explain_file(OSError(number, os.strerror(number)), "/d", "the data folder")
    assert FILE_ERRORS[number] in str(error)
    assert error.exit_code == 71


def test_the_data_folder_is_made_for_its_user_alone(tmp_path: Path) -> None:
    prepare_folder(tmp_path / "a" / "b", "the data folder")
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o700
    assert list((tmp_path / "a" / "b").iterdir()) == []


def test_a_full_disk_is_noticed_before_anything_starts(tmp_path: Path) -> None:
    (tmp_path / f".write-test-{os.getpid()}").symlink_to("/dev/full")  # whatever is written there: ENOSPC
    with pytest.raises(SystemProblemError, match="is full"):
        prepare_folder(tmp_path, "the data folder")
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_folders_place_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SystemProblemError, match="not a folder"):
        prepare_folder(tmp_path / "file", "the data folder")


def test_a_bad_certificate_is_named() -> None:
    assert "certificate" in str(explain_start(ssl.SSLError("bad"), ()))


def test_who_holds_the_same_port_of_another_address_is_not_blamed() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
        holder.bind(("127.0.0.2", 0))
        port = holder.getsockname()[1]
        assert find_port_holder("udp", port, "127.0.0.3") == ""
        for host in ("127.0.0.2", "0.0.0.0", ""):
            assert f"(pid {os.getpid()})" in find_port_holder("udp", port, host)
