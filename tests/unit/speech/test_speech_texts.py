"""The texts: the same things said in every language, with the same parameters and the right plural forms."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import get_args

import pytest

import kiestoon
from kiestoon.company.model import PresenceStatus
from kiestoon.speech import Moment, Phrase
from kiestoon.speech.composing import LONGEST_TEXT, compose
from kiestoon.speech.languages import LANGUAGES
from kiestoon.speech.phrase import Param
from kiestoon.speech.texts import Kind, keys, texts_of

at = datetime.fromisoformat
NOW = at("2026-11-28T19:09")
SAMPLES: dict[Kind, tuple[Param, ...]] = {
    "number": (0, 7, 99),
    "count": (0, 1, 2, 10, 11, 21, 22, 101, 111),
    "digits": ("104", "*31"),
    "phone": ("+31207654321", "0612345678"),
    "party": ("Anna de Vries", "+4989700798765", ""),
    "name": ("José Ķēniņš",),
    "clock": (time(0, 0), time(1, 5), time(14, 30), time(12, 0)),
    "date": tuple(date(2026, 1 + day % 12, day) for day in range(1, 29)),
    "when": (Moment(NOW, NOW), Moment(at("2026-11-27T01:00"), NOW), Moment(at("2026-05-31T23:59"), NOW)),
    "until": (Moment(NOW, NOW), Moment(at("2026-11-29T00:00"), NOW), Moment(at("2027-03-01T09:00"), NOW)),
    "phrase": (Phrase("status-lunch"), Phrase("status-available")),
}
each_language = pytest.mark.parametrize("language", LANGUAGES)


def samples_of(key: str) -> list[Phrase]:
    """The phrase with every sample of one parameter, the first of the others."""
    kinds = texts_of("en")[key].placeholders
    usual = {name: SAMPLES[kind][0] for name, kind in kinds.items()}
    varied = [Phrase(key, {**usual, name: sample}) for name, kind in kinds.items() for sample in SAMPLES[kind]]
    return varied or [Phrase(key)]


@each_language
def test_all_languages_say_the_same_things_in_the_same_order_of_areas(language: str) -> None:
    ours, english = texts_of(language), texts_of("en")
    assert [(text.key, text.area) for text in ours.values()] == [(text.key, text.area) for text in english.values()]


@each_language
def test_every_form_of_a_text_names_the_same_parameters_as_the_english_one(language: str) -> None:
    for key, text in texts_of(language).items():
        wanted = texts_of("en")[key].placeholders
        assert sorted(text.placeholders.items()) == sorted(wanted.items()), key
        for name, form in text.forms.items():
            named = {part.name for part in form if not isinstance(part, str)}
            spoken_out = {text.counted} if name == "one" else set()  # "one new message"
            assert wanted.keys() - spoken_out <= named <= wanted.keys(), (key, name)


@each_language
def test_a_text_with_plural_forms_has_every_form_that_its_language_has(language: str) -> None:
    categories = {LANGUAGES[language].plural(number) for number in range(200)}
    for key, text in texts_of(language).items():
        assert len(text.forms) == 1 or set(text.forms) == categories, key


@each_language
def test_whatever_is_filled_in_a_text_is_a_sentence_of_bounded_length(language: str) -> None:
    for key in keys():
        for phrase in samples_of(key):
            said = compose(language, phrase, "NL")
            assert not set("{}[]<>\n") & set(said), said
            assert "  " not in said, said
            assert len(said) < LONGEST_TEXT / 2
            assert said.endswith(".") == compose("en", phrase).endswith("."), said  # some are parts of sentences


@each_language
def test_a_digit_before_a_full_stop_ends_the_sentence(language: str) -> None:
    """Elsewhere a synthesiser takes it for an ordinal: "press 1. and" is "press first and" in Latvian and German."""
    for key in keys():
        for phrase in samples_of(key):
            said = compose(language, phrase, "NL")
            assert not re.search(r"[0-9]\.(?! ?$| [A-ZÄÖÜŠŽĀĒĪŪĶĻŅČĢÁÉÍÓÚ])", said), said


def test_all_but_a_few_texts_are_sentences() -> None:
    parts = {key for key in keys() if not compose("en", samples_of(key)[0]).endswith(".")}
    assert {key for key in parts if not key.startswith("status-")} == {"voicemail-new-and"}
    assert len(parts) < 15


def test_every_presence_has_a_text() -> None:
    for status in get_args(PresenceStatus):
        assert f"status-{status.replace('_', '-')}" in texts_of("en")


def test_keys_are_words_with_hyphens() -> None:
    assert [key for key in keys() if not re.fullmatch(r"[a-z][a-z-]{1,40}", key)] == []
    assert len(list(keys())) > 200


# --- who uses them ---------------------------------------------------------------------------------------------------

SOURCE = Path(kiestoon.__file__).parent
NOT_FILLED_IN = {"most", "timeout_s", "end", "prompt"}
"""Parameters of ``Conversation.ask_for`` itself."""


def constants(node: ast.expr) -> Iterator[str]:
    """The texts an expression can be, as far as they stand in the source: of both branches, of a table's default."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from (*constants(node.body), *constants(node.orelse))
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get":
        yield from (found for part in node.args[1:] for found in constants(part))


def filled_in(call: ast.Call, function: str) -> set[str] | None:
    """What a call of ``function`` fills in; None when that cannot be seen."""
    names = {keyword.arg for keyword in call.keywords}
    given = call.args[1] if len(call.args) > 1 else None
    if None in names or not (given is None or isinstance(given, ast.Dict)):
        return None
    cells = [key.value for key in given.keys if isinstance(key, ast.Constant)] if given is not None else []
    return {str(name) for name in (*cells, *names)} - (NOT_FILLED_IN if function == "ask_for" else set())


def uses() -> Iterator[tuple[str, set[str] | None, str]]:
    """Every text that is said somewhere: its key, what is filled in, and where."""
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            where = f"{path.relative_to(SOURCE)}:{node.lineno}"
            if name in {"Phrase", "say", "ask_for"}:
                yield from ((key, filled_in(node, name), where) for key in constants(node.args[0]))
            elif name == "refuse" and len(node.args) > 3:
                yield from ((key, set(), where) for key in constants(node.args[3]) if key)


def test_whatever_is_said_anywhere_has_a_text_and_fills_in_what_it_needs() -> None:
    found = list(uses())
    assert len(found) > 20
    for key, given, where in found:
        text = texts_of("en").get(key)
        assert text is not None, f"{where} says {key}"
        assert given is None or given == set(text.placeholders), f"{where}: {key} needs {set(text.placeholders)}"
