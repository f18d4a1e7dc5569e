"""Recordings on the disk: uploads made ready to be played, one folder for each company.

A recording is never changed: a new one has a new name, so that whoever plays the old one plays it to its end.
"""

from __future__ import annotations

import os
import secrets
import shutil
import sys
import time
from collections.abc import Set
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec
import structlog

from kiestoon.speech.rendering.jobs import Converted
from kiestoon.speech.rendering.problems import SpeechFailed
from kiestoon.speech.rendering.program import run_program
from kiestoon.unreadable import UNREADABLE

log = structlog.get_logger("speech")

LONGEST_S: Final = 600
"""VM-7, V 8.3.2: ten minutes."""
_CONVERTING_S: Final = 300.0
_INCOMING: Final = "incoming"
_LEFT_S: Final = 86_400
"""What nobody has claimed for a day is nobody's."""


class NotAudio(ValueError):
    """The file holds nothing that can be played."""


class TooLong(ValueError):
    """The recording lasts longer than ``LONGEST_S``."""


class Taken(msgspec.Struct, frozen=True):
    """A recording that lies ready: its name in the company's folder, and how long it is."""

    file: str
    duration_ms: int


def incoming_path(folder: Path) -> Path:
    """Where an upload is gathered. Raises OSError."""
    incoming = folder / _INCOMING
    incoming.mkdir(mode=0o700, parents=True, exist_ok=True)
    return incoming / secrets.token_hex(12)


def recording_path(folder: Path, company_id: int, file: str) -> Path:
    """Where a recording is."""
    return folder / str(company_id) / file


def take_in(source: Path, folder: Path, company_id: int) -> Taken:
    """An uploaded file as a recording of a company, safely on the disk. Takes seconds: for a thread.

    Raises NotAudio, TooLong, OSError.
    """
    own = folder / str(company_id)
    own.mkdir(mode=0o700, parents=True, exist_ok=True)
    name = f"{secrets.token_hex(12)}.ogg"
    part = source.with_suffix(".part")
    try:
        duration_ms = _convert(source, part)
        with part.open("rb") as written:
            os.fsync(written.fileno())
        part.rename(own / name)
        _sync_folder(own)
    finally:
        part.unlink(missing_ok=True)
    return Taken(name, max(1, duration_ms))


def copy(folder: Path, company_id: int, file: str) -> str:
    """The same recording once more under a name of its own, safely on the disk. Raises OSError."""
    own = folder / str(company_id)
    name = f"{secrets.token_hex(12)}.ogg"
    part = incoming_path(folder)
    try:
        shutil.copyfile(own / file, part)
        with part.open("rb") as written:
            os.fsync(written.fileno())
        part.rename(own / name)
        _sync_folder(own)
    finally:
        part.unlink(missing_ok=True)
    return name


def remove(folder: Path, company_id: int, file: str) -> None:
    """A recording is not wanted any more."""
    with suppress(OSError):  # ``tidy`` will find it
        recording_path(folder, company_id, file).unlink()


def tidy(folder: Path, known: Set[str], now_s: float | None = None) -> int:
    """Remove what belongs to no row: of companies that are gone, of uploads that were broken off. Says how many.

    ``known``: ``COMPANY/FILE`` of every row. ``now_s``: the wall clock.
    """
    before = (time.time() if now_s is None else now_s) - _LEFT_S
    removed = 0
    for path in folder.glob("*/*"):
        if str(path.relative_to(folder)) in known:
            continue
        with suppress(OSError):
            if path.lstat().st_mtime < before:
                path.unlink()
                removed += 1
    return removed


def _convert(source: Path, target: Path) -> int:
    module = "kiestoon.speech.rendering.converter"
    command = [sys.executable, "-m", module, str(source), str(target), str(LONGEST_S)]
    try:
        converted = msgspec.json.decode(run_program(command, "", _CONVERTING_S, 10_000), type=Converted)
    except (SpeechFailed, *UNREADABLE) as error:  # it got the better of the decoder
        log.warning("an uploaded recording could not be converted", problem=str(error))
        raise NotAudio(str(error)) from None
    if converted.problem == "too_long":
        raise TooLong(f"longer than {LONGEST_S} s")
    if converted.problem == "not_audio":
        raise NotAudio("nothing to hear in it")
    if converted.problem:
        raise OSError(converted.problem)
    return converted.duration_ms


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
