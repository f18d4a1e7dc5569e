"""From phrases to what is to be rendered: texts in a language, and recordings that a company has put in their place."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from datetime import date, time
from typing import Any, Final

import msgspec

from kiestoon.company.numbers import display
from kiestoon.speech.languages import FALLBACK, LANGUAGES, Language, spoken_language
from kiestoon.speech.phrase import BadPhrase, Moment, Phrase
from kiestoon.speech.texts import Kind, Placeholder, Text, texts_of

LONGEST_NAME: Final = 60
LONGEST_TEXT: Final = 1000
"""Characters. The longest text of ours has half as many."""

_TELEPHONE: Final = re.compile(r"[+(]?[0-9][0-9 ()./*#-]*")
_LONGEST_NUMBER: Final = 40
_KEPT: Final = frozenset(" .,'’&+/-")
_SPACES: Final = re.compile(r"\s+")


class Utterance(msgspec.Struct, frozen=True):
    """One thing to be heard: ``text`` to be synthesised, or a ``recording`` (its file's name) in its place."""

    language: str
    text: str = ""
    recording: str = ""


def utterances(
    language: str, phrases: Iterable[Phrase], recordings: Mapping[tuple[str, str], str], country: str = ""
) -> tuple[Utterance, ...]:
    """What says these phrases, in order. ``language`` may be one that we do not speak. Raises BadPhrase.

    ``recordings``: a company's own, by key and language. One in place of a text with parameters is followed by them.
    ``country``: how telephone numbers are told.
    """
    code = spoken_language(language)
    found: list[Utterance] = []
    for phrase in phrases:
        recording = recordings.get((phrase.key, code))
        if recording is None:
            found.append(Utterance(code, compose(code, phrase, country)))
            continue
        found.append(Utterance(code, recording=recording))
        values = _values(code, phrase, country)
        if values:
            found.append(Utterance(code, ", ".join(values) + "."))
    return tuple(found)


def compose(language: str, phrase: Phrase, country: str = "") -> str:
    """The phrase in a language we speak. Raises BadPhrase."""
    filler = _Filler(language, country)
    return _SPACES.sub(" ", filler.fill(phrase)).strip()[:LONGEST_TEXT]


def _values(language: str, phrase: Phrase, country: str) -> list[str]:
    filler = _Filler(language, country)
    text = _text(language, phrase)
    return [filler.value(phrase, Placeholder(name, kind)) for name, kind in text.placeholders.items()]


def _text(language: str, phrase: Phrase) -> Text:
    text = texts_of(language).get(phrase.key) or texts_of(FALLBACK).get(phrase.key)
    if text is None:
        raise BadPhrase(f"there is no text {phrase.key}")
    return text


class _Filler:
    """Fills in parameters in one language."""

    def __init__(self, language: str, country: str) -> None:
        self._language = language
        self._grammar: Language = LANGUAGES[language]
        self._country = country

    def fill(self, phrase: Phrase) -> str:
        text = _text(self._language, phrase)
        parts = text.forms["other"]
        if text.counted:
            number = _whole(phrase.params.get(text.counted))
            parts = text.forms.get(self._grammar.plural(number), parts)
        return "".join(part if isinstance(part, str) else self.value(phrase, part) for part in parts)

    def value(self, phrase: Phrase, place: Placeholder) -> str:
        if place.name not in phrase.params:
            raise BadPhrase(f"{phrase.key} lacks {place.name}")
        try:
            return self._spoken(place.kind, phrase.params[place.name])
        except (TypeError, ValueError, AttributeError) as error:
            raise BadPhrase(f"{phrase.key}: {place.name} is no {place.kind} ({error})") from None

    def _spoken(self, kind: Kind, value: Any) -> str:
        grammar = self._grammar
        plain: dict[Kind, Callable[[Any], str]] = {
            "number": lambda given: str(_whole(given)),
            "count": lambda given: grammar.count(_whole(given)),
            "digits": lambda given: grammar.spell(str(given)[:_LONGEST_NUMBER]),
            "phone": self._telephone,
            "party": self._party,
            "name": self._name,
            "clock": lambda given: grammar.clock(_expected(given, time)),
            "date": lambda given: grammar.day(_expected(given, date)),
            "when": lambda given: grammar.when(_expected(given, Moment)),
            "until": lambda given: grammar.until(_expected(given, Moment)),
            "phrase": lambda given: self.fill(_expected(given, Phrase)),
        }
        return plain[kind](value)

    def _telephone(self, number: str) -> str:
        bare = number[:_LONGEST_NUMBER]
        shown = display(bare, self._country) if bare.startswith("+") else bare
        return self._grammar.spell(shown.translate(_NO_BRACKETS))

    def _party(self, who: str) -> str:
        who = who.strip()
        if _TELEPHONE.fullmatch(who[:_LONGEST_NUMBER]):
            return self._telephone(who)
        return self._name(who)

    def _name(self, name: str) -> str:
        return clean_name(name) or self._grammar.withheld


_NO_BRACKETS: Final = str.maketrans("()./", "    ")


def clean_name(name: str) -> str:
    """A name as it may be given to a synthesiser: letters, digits and a few signs.

    Names come from the network. Synthesisers take commands in brackets and markup, which nobody but us may give.
    """
    kept = (
        sign if sign in _KEPT or unicodedata.category(sign)[0] in "LMN" else " "
        for sign in unicodedata.normalize("NFC", name[: 4 * LONGEST_NAME])
    )
    return _SPACES.sub(" ", "".join(kept)).strip(" .,'’&+/-")[:LONGEST_NAME].strip()


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise BadPhrase(f"{value!r} is no number to say")
    return value


def _expected(value: Any, kind: type[Any]) -> Any:
    if not isinstance(value, kind):
        raise TypeError(f"{value!r} is no {kind.__name__}")
    return value
