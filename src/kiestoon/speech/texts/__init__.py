"""The texts: one file per language, read once.

A file's sections are areas, its keys are the same in every language and unique in the whole file. A text holds
placeholders ``{name:kind}`` (see ``phrase.Phrase``); a table holds one for each plural form, selected by the
placeholder of kind ``count``.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final, Literal, TypeAlias, cast, get_args

import msgspec

from kiestoon.speech.languages import FALLBACK, LANGUAGES, Plural

Kind: TypeAlias = Literal[
    "number", "count", "digits", "phone", "party", "name", "clock", "date", "when", "until", "phrase"
]
KINDS: Final[frozenset[str]] = frozenset(get_args(Kind))
_FOLDER: Final = Path(__file__).parent
_PLACEHOLDER: Final = re.compile(r"\{(\w+):(\w+)\}")


class Placeholder(msgspec.Struct, frozen=True):
    """A place in a text where a parameter goes."""

    name: str
    kind: Kind


Parts: TypeAlias = tuple[str | Placeholder, ...]


class Text(msgspec.Struct, frozen=True):
    """One entry in one language. ``forms`` has "other" at least."""

    key: str
    area: str
    forms: dict[Plural, Parts]

    @property
    def placeholders(self) -> dict[str, Kind]:
        """Every parameter by name, in the order of the text."""
        return {part.name: part.kind for part in self.forms["other"] if isinstance(part, Placeholder)}

    @property
    def counted(self) -> str:
        """The parameter that selects the plural form; "" for none."""
        return next((name for name, kind in self.placeholders.items() if kind == "count"), "")

    def shown(self) -> str:
        """The text for people to read, its parameters in braces."""
        return "".join(part if isinstance(part, str) else f"{{{part.name}}}" for part in self.forms["other"])


@cache
def texts_of(language: str) -> Mapping[str, Text]:
    """Every text of a language we speak, by key. Raises ValueError for a broken file."""
    data = tomllib.loads((_FOLDER / f"{language}.toml").read_text("utf-8"))
    found: dict[str, Text] = {}
    for area, entries in data.items():
        for key, value in entries.items():
            if key in found:
                raise ValueError(f"{language}.toml: {key} is there twice")
            found[key] = Text(key, area, _forms(value, f"{language}.toml: {key}"))
    return found


def keys() -> Iterator[str]:
    """Every key, in the order of the files."""
    return iter(texts_of(FALLBACK))


def load_texts() -> None:
    """Read every file now, so that no call has to wait for it."""
    for language in LANGUAGES:
        texts_of(language)


def _forms(value: str | dict[str, str], where: str) -> dict[Plural, Parts]:
    if isinstance(value, str):
        return {"other": _parts(value, where)}
    unknown = value.keys() - get_args(Plural)
    if unknown or "other" not in value:
        raise ValueError(f"{where} must have the plural forms zero, one and other, other at least")
    return {cast("Plural", name): _parts(text, where) for name, text in value.items()}


def _parts(text: str, where: str) -> Parts:
    parts: list[str | Placeholder] = []
    position = 0
    for match in _PLACEHOLDER.finditer(text):
        name, kind = match.groups()
        if kind not in KINDS:
            raise ValueError(f"{where}: there is no kind {kind}")
        parts += [text[position : match.start()], Placeholder(name, cast("Kind", kind))]
        position = match.end()
    parts.append(text[position:])
    if any(isinstance(part, str) and ("{" in part or "}" in part) for part in parts):
        raise ValueError(f"{where}: a placeholder is written {{name:kind}}")
    return tuple(part for part in parts if part)
