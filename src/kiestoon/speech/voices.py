"""Which engine speaks a language with which voice, and what its speech is called in the cache."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Final, Literal, TypeAlias, cast, get_args

import msgspec

from kiestoon.speech.languages import LANGUAGES

Engine: TypeAlias = Literal["espeak-ng", "piper", "http"]
_FORMAT: Final = "1"
"""Part of every name in the cache: another number makes all speech anew."""


class Voice(msgspec.Struct, frozen=True):
    """``name``: a voice of espeak-ng ("en-gb"), the path of a Piper model (.onnx), or what the endpoint calls it."""

    engine: Engine
    name: str


class Engines(msgspec.Struct, frozen=True):
    """How to reach the engines. ``espeak`` and ``piper`` are programs.

    ``url`` is the base of an OpenAI-compatible endpoint ("https://host/v1"), ``model`` what it is to speak with,
    ``key_file`` holds its key ("" = none is sent). ``timeout_s``: for one text.
    """

    espeak: str = "espeak-ng"
    piper: str = "piper"
    url: str = ""
    model: str = ""
    key_file: str = ""
    timeout_s: float = 15.0


ESPEAK: Final[dict[str, Voice]] = {
    language: Voice("espeak-ng", "en-gb" if language == "en" else language) for language in LANGUAGES
}
"""What speaks where nothing else is chosen, and where that fails."""


def read_voices(entries: Iterable[str]) -> dict[str, Voice]:
    """Voices as in the settings, "nl=piper:/srv/nl.onnx", by language. Raises ValueError in the operator's words."""
    chosen: dict[str, Voice] = {}
    for entry in entries:
        language, _, rest = entry.partition("=")
        engine, _, name = rest.partition(":")
        if language not in LANGUAGES:
            raise ValueError(f"'{entry}' begins with no language we speak ({', '.join(LANGUAGES)})")
        if engine not in get_args(Engine) or not name or name.startswith("-"):
            raise ValueError(f"'{entry}' is not written {language}=ENGINE:VOICE, ENGINE one of espeak-ng, piper, http")
        if engine == "piper" and not name.startswith("/"):
            raise ValueError(f"'{entry}' needs the absolute path of a Piper model")
        chosen[language] = Voice(cast("Engine", engine), name)
    return chosen


def voices_of(language: str, chosen: Mapping[str, Voice]) -> tuple[Voice, ...]:
    """The voices of a language in the order in which they are tried."""
    usual = ESPEAK[language]
    wanted = chosen.get(language, usual)
    return (usual,) if wanted.engine == "espeak-ng" and wanted == usual else (wanted, usual)


def cache_name(voice: Voice, engines: Engines, language: str, text: str) -> str:
    """The file of a text as this voice speaks it: a hash of everything that makes it sound as it does."""
    model = f"{engines.url} {engines.model}" if voice.engine == "http" else ""
    parts = "\0".join((_FORMAT, voice.engine, voice.name, model, language, text))
    return hashlib.sha256(parts.encode()).hexdigest()[:40] + ".ogg"
