"""What renderer and control process say to each other: a job, and what came of it."""

from __future__ import annotations

import msgspec

from kiestoon.speech.voices import Engines, Voice


class Job(msgspec.Struct, frozen=True):
    """Have ``text`` spoken into the file ``target``."""

    engines: Engines
    voice: Voice
    text: str
    target: str


class Done(msgspec.Struct, frozen=True):
    """What came of it: the file's size, or the ``problem`` because of which there is none."""

    size: int = 0
    problem: str = ""


class Converted(msgspec.Struct, frozen=True):
    """What came of an uploaded file: its length, or the ``problem``: "not_audio", "too_long", else in words."""

    duration_ms: int = 0
    problem: str = ""
