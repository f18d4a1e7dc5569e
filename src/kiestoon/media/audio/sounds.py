"""Where the sounds that come with the exchange lie (how they are made: ``assets/README.md``)."""

from __future__ import annotations

from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent / "assets"

#: System music on hold (VM-9).
MUSIC_ON_HOLD = str(_FOLDER / "music_on_hold.flac")

DEFAULT_LANGUAGE = "en"


@cache
def prompts_folder(language: str) -> str:
    """The folder with a language's prompts; a language we don't speak has the English ones."""
    wanted = _FOLDER / "prompts" / language.lower().partition("-")[0]
    known = language.isascii() and language.replace("-", "").isalpha() and wanted.is_dir()
    return str(wanted if known else _FOLDER / "prompts" / DEFAULT_LANGUAGE)


def prompt(key: str, language: str) -> str:
    """The file of one prompt, such as "not-in-service"."""
    return f"{prompts_folder(language)}/{key}.ogg"
