"""The languages the exchange speaks (VM-8)."""

from __future__ import annotations

from typing import Final

from kiestoon.speech.languages.dutch import Dutch
from kiestoon.speech.languages.english import English
from kiestoon.speech.languages.german import German
from kiestoon.speech.languages.grammar import Language, Plural
from kiestoon.speech.languages.latvian import Latvian
from kiestoon.speech.languages.spanish import Spanish

__all__ = ["FALLBACK", "LANGUAGES", "Language", "Plural", "spoken_language"]

LANGUAGES: Final[dict[str, Language]] = {
    language.code: language for language in (Dutch(), English(), German(), Spanish(), Latvian())
}
FALLBACK: Final = "en"
"""What is spoken to whoever wants a language that we do not speak."""


def spoken_language(*wanted: str) -> str:
    """The first of these that we speak, "nl-BE" being "nl"; else English."""
    for tag in wanted:
        code = tag.lower().partition("-")[0]
        if code in LANGUAGES:
            return code
    return FALLBACK
