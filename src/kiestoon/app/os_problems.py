"""Errors of the operating system in the operator's words: what is wrong, and what to do about it."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from typing import Literal

from kiestoon.operator_error import OperatorError

_UNPRIVILEGED = 1024
_TCP_LISTEN = "0A"
_UDP_UNCONNECTED = "07"


class SystemProblemError(OperatorError):
    """The machine does not let us: port, permission, disk."""

    exit_code = 71  # EX_OSERR


def explain_bind(error: OSError, protocol: Literal["udp", "tcp"], host: str, port: int, setting: str) -> OperatorError:
    """Why a listening socket could not be opened. ``setting`` is the setting that chooses the port."""
    name = f"{protocol.upper()} port {port}"
    if error.errno == errno.EADDRINUSE:
        holder = find_port_holder(protocol, port, host)
        by = f" by {holder}" if holder else ""
        return SystemProblemError(
            f"{name} on {host} is in use already{by}", f"End that program, or choose another port with {setting}"
        )
    if error.errno in (errno.EACCES, errno.EPERM) and port < _UNPRIVILEGED:
        return SystemProblemError(
            f"This user may not open {name} (below {_UNPRIVILEGED})", f"Choose a higher port with {setting}"
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return SystemProblemError(f"{host} is not an address of this machine", "Correct sip.hosts")
    return SystemProblemError(f"{name} on {host} cannot be opened ({error.strerror})", f"Check {setting}")


def explain_file(error: OSError, path: Path | str, purpose: str) -> OperatorError:
    """Why a file or folder could not be used. ``purpose`` says what for, e.g. "the data folder"."""
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return SystemProblemError(
            f"This user may not write to {purpose} {path}",
            f"Run as the owner, or: chown -R {_user_name()} {path}",
        )
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return SystemProblemError(f"The disk that holds {purpose} {path} is full", "Make room on it and start again")
    if error.errno in (errno.ENOTDIR, errno.EEXIST):
        return SystemProblemError(f"{purpose.capitalize()} {path} is not a folder", "Remove that file or use another")
    return SystemProblemError(f"{purpose.capitalize()} {path} cannot be used ({error.strerror})", "Check the path")


def prepare_folder(path: Path, purpose: str) -> None:
    """Create a folder that only this user may enter and prove that a file can be written there."""
    probe = path / f".write-test-{os.getpid()}"
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        with probe.open("wb") as file:
            file.write(b"\0" * 4096)  # a full disk shows only with real blocks
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise explain_file(error, path, purpose) from None
    finally:
        with suppress(OSError):
            probe.unlink()


def find_port_holder(protocol: Literal["udp", "tcp"], port: int, host: str = "") -> str:
    """The program that listens on a port, as "name (pid 123)"; "" when it cannot be seen.

    ``host``: only who is in the way of an address; the same port may be in use elsewhere ("" = on any).
    """
    state = _TCP_LISTEN if protocol == "tcp" else _UDP_UNCONNECTED
    inodes = {inode for table in (protocol, f"{protocol}6") for inode in _listening_inodes(table, port, host, state)}
    return _process_of({f"socket:[{inode}]" for inode in inodes}) if inodes else ""


def _listening_inodes(table: str, port: int, host: str, state: str) -> list[str]:
    try:
        lines = Path(f"/proc/net/{table}").read_text().splitlines()[1:]
    except OSError:
        return []
    found = []
    for cells in (line.split() for line in lines):
        address, _, number = cells[1].rpartition(":")
        if int(number, 16) == port and cells[3] == state and _in_the_way(address, host):
            found.append(cells[9])
    return found


def _in_the_way(held: str, wanted: str) -> bool:
    """Whether an address of /proc/net (32-bit words in the machine's order, in hexadecimal) keeps ``wanted`` busy."""
    words = bytes.fromhex(held)
    if sys.byteorder == "little":
        words = b"".join(words[at : at + 4][::-1] for at in range(0, len(words), 4))
    try:
        mine, theirs = ip_address(wanted), ip_address(words)
    except ValueError:
        return True  # a name, or none given
    if mine.is_unspecified or theirs.is_unspecified:
        return True
    return mine == theirs


def _process_of(sockets: set[str]) -> str:
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            for descriptor in os.scandir(folder / "fd"):
                if os.readlink(descriptor.path) in sockets:
                    return f"{_name_of(folder)} (pid {folder.name})"
    return ""


def _name_of(process: Path) -> str:
    """The name the kernel keeps; the title where a program has given itself one (the kernel keeps 15 bytes of it)."""
    name = (process / "comm").read_text().strip()
    title = (process / "cmdline").read_bytes().partition(b"\0")[0].decode(errors="replace").strip()
    return title if title.startswith(name) else name


def _user_name() -> str:
    return os.environ.get("USER") or str(os.getuid())
