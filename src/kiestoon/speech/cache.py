"""Which speech lies ready as files, and which of it goes when there is too much."""

from __future__ import annotations

import os
from collections import OrderedDict
from pathlib import Path
from typing import Final

KEPT_S: Final = 120.0
"""Who was told of a file has so long to open it."""


class SpeechCache:
    """The files of one folder by name, the one used longest ago first. Only ``scan`` touches the disk.

    ``now`` is any clock that only goes forward, in seconds.
    """

    def __init__(self, folder: Path, most_bytes: int) -> None:
        self.folder = folder
        self._most_bytes = most_bytes
        self._files: OrderedDict[str, tuple[int, float]] = OrderedDict()
        self.bytes_held = 0

    def __len__(self) -> int:
        return len(self._files)

    def scan(self) -> None:
        """Take in what is there from before, remove what is of no use. Raises OSError."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = []
        for entry in os.scandir(self.folder):
            status = entry.stat(follow_symlinks=False)
            if entry.name.endswith(".ogg") and status.st_size:  # none: a power cut took it
                found.append((status.st_mtime, entry.name, status.st_size))
            else:
                os.unlink(entry.path)
        for _, name, size in sorted(found):
            self._files[name] = (size, -KEPT_S)
            self.bytes_held += size

    def path(self, name: str) -> str:
        """Where a file is, or is to be."""
        return str(self.folder / name)

    def find(self, name: str, now: float) -> str | None:
        """A file's path, when it is there; it counts as used."""
        held = self._files.get(name)
        if held is None:
            return None
        self._files[name] = (held[0], now)
        self._files.move_to_end(name)
        return self.path(name)

    def add(self, name: str, size: int, now: float) -> list[str]:
        """Note a new file. The paths of those that are to be removed: they are forgotten already."""
        self._forget(name)
        self._files[name] = (size, now)
        self.bytes_held += size
        gone = []
        while self.bytes_held > self._most_bytes and self._files:
            oldest, (_, used) = next(iter(self._files.items()))
            if used > now - KEPT_S:
                break
            self._forget(oldest)
            gone.append(self.path(oldest))
        return gone

    def _forget(self, name: str) -> None:
        size, _ = self._files.pop(name, (0, 0.0))
        self.bytes_held -= size
