"""A file system of 64 KB that is really full or read-only, for programs started in it; root's rights are not needed."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SIZE = "64k"
_NAMESPACES = (["--user", "--map-root-user", "--mount"], ["--mount"])
"""As anybody, in a user namespace; where the kernel has none to give, as root. The mount ends with its namespace."""


@dataclass(frozen=True)
class SmallDisk:
    """A tmpfs on ``folder``, seen only by programs started ``within`` its namespace."""

    folder: Path
    within: tuple[str, ...]
    """Goes before a command."""

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command that sees the disk."""
        return subprocess.run([*self.within, *command], capture_output=True, text=True, check=False)

    def fill(self) -> None:
        """Leave no room for a single byte."""
        said = self.run("dd", "if=/dev/zero", f"of={self.folder / 'fill'}").stderr
        assert "No space left on device" in said, said

    def make_read_only(self) -> None:
        """From now on nobody may write there, not even root."""
        done = self.run("mount", "-o", "remount,bind,ro", str(self.folder))
        assert done.returncode == 0, done.stderr

    def names(self) -> list[str]:
        """What is in its folder."""
        return self.run("ls", "-A", str(self.folder)).stdout.split()


@contextlib.contextmanager
def small_disk_on(folder: Path) -> Iterator[SmallDisk]:
    """Mount one on an empty folder. A machine that lets nobody mount fails the test: it would prove nothing there."""
    refusals = []
    for kind in _NAMESPACES:
        script = f'mount -t tmpfs -o size={SIZE} tmpfs "$0" && echo mounted && exec cat'
        holder = subprocess.Popen(
            ["unshare", *kind, "--propagation", "private", "sh", "-c", script, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        with holder:  # its input is closed at the end, so cat ends, and with it the namespace
            assert holder.stdout is not None
            said = holder.stdout.readline().strip()
            if said == "mounted":
                enter = ["--user", "--preserve-credentials"] if "--user" in kind else []
                yield SmallDisk(
                    folder, ("nsenter", "--target", str(holder.pid), *enter, "--mount", f"--wd={os.getcwd()}")
                )
                return
        refusals.append(f"unshare {' '.join(kind)}: {said}")
    raise AssertionError(
        "Nothing about a full disk can be tested here, for no file system may be mounted. Allow user namespaces "
        "(sysctl user.max_user_namespaces, kernel.apparmor_restrict_unprivileged_userns; in a container: "
        f"--cap-add SYS_ADMIN), or run as root. {'; '.join(refusals)}"
    )
