"""From phrases to texts: parameters, names from the network, recordings in place of texts."""

from __future__ import annotations

from datetime import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiestoon.speech import BadPhrase, Phrase
from kiestoon.speech.composing import LONGEST_NAME, Utterance, clean_name, compose, utterances

SAM = Phrase("confirm-call", {"from": "Sam Jansen"})


def test_a_plural_form_is_chosen_by_the_number() -> None:
    said = [compose("lv", Phrase("voicemail-new", {"messages": number})) for number in (1, 3, 11, 21)]
    assert said == [
        "Jums ir 1 jauns ziņojums.",
        "Jums ir 3 jauni ziņojumi.",
        "Jums ir 11 jaunu ziņojumu.",
        "Jums ir 21 jauns ziņojums.",
    ]
    assert compose("nl", Phrase("voicemail-new", {"messages": 1})) == "U hebt één nieuw bericht."


def test_who_calls_is_a_name_a_number_or_withheld() -> None:
    said = [compose("nl", Phrase("confirm-call", {"from": who}), "NL") for who in ("Sam", "+31207654321", "104", "")]
    assert [text.partition(".")[0] for text in said] == [
        "Een gesprek van Sam",
        "Een gesprek van nul twee nul, zeven zes vijf, vier drie twee een",
        "Een gesprek van een nul vier",
        "Een gesprek van een afgeschermd nummer",
    ]


def test_numbers_abroad_keep_their_country_code() -> None:
    said = compose("en", Phrase("own-number", {"number": "+4989123456"}), "NL")
    assert said.startswith("Your number is plus four nine, eight nine, ")
    assert compose("en", Phrase("own-number", {"number": "(020) 765-4321"})) == (
        "Your number is zero two zero, seven six five, four three two one."
    )


def test_a_phrase_inside_another_is_in_its_language() -> None:
    assert compose("de", Phrase("status-is", {"status": Phrase("status-lunch")})) == "Ihr Status ist: beim Mittagessen."


HOSTILE = [
    "[[h@'loU]]",
    '<speak><audio src="http://evil.example/x"/></speak>',
    "Sam\r\nVia: SIP/2.0/UDP evil",
    "--voice=x",
    "\u202eevil\u0000\u0007",
    "$(reboot); `reboot` | tee",
    "{name:party} %s {0}",
    "A" * 10_000,
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_from_the_network_is_letters_and_little_else(name: str) -> None:
    said = compose("en", Phrase("confirm-call", {"from": name}))
    assert said.startswith("A call from ")
    assert said.endswith(" To take it, press 1.")
    assert not set('[]<>{}|`$;"\n\r\0') & set(said)
    assert len(said) < LONGEST_NAME + 60


@given(st.text(max_size=300))
def test_whatever_a_name_is_something_can_be_said(name: str) -> None:
    cleaned = clean_name(name)
    assert len(cleaned) <= LONGEST_NAME
    assert cleaned == clean_name(cleaned)
    assert not cleaned.startswith("-")
    assert compose("lv", Phrase("confirm-call", {"from": name}), "LV")


@pytest.mark.parametrize(
    ("key", "params"),
    [
        ("no-such-text", {}),
        ("parked-on-line", {}),
        ("parked-on-line", {"line": "7"}),
        ("parked-on-line", {"line": -1}),
        ("parked-on-line", {"line": True}),
        ("voicemail-new", {"messages": None}),
        ("clock", {"time": "14:30"}),
        ("date", {"day": time(14, 30)}),
        ("status-is", {"status": "lunch"}),
        ("status-is", {"status": Phrase("no-such-text")}),
        ("confirm-call", {"from": 3}),
    ],
)
def test_a_phrase_filled_in_wrongly_is_refused(key: str, params: dict[str, Any]) -> None:
    with pytest.raises(BadPhrase):
        compose("en", Phrase(key, params))


def test_a_recording_takes_the_place_of_its_text_in_its_language_only() -> None:
    recordings = {("goodbye", "nl"): "1/a.ogg"}
    assert utterances("nl-NL", [Phrase("goodbye")], recordings) == (Utterance("nl", recording="1/a.ogg"),)
    assert utterances("en", [Phrase("goodbye")], recordings) == (Utterance("en", "Thank you for calling. Goodbye."),)


def test_a_recording_in_place_of_a_text_with_parameters_is_followed_by_them() -> None:
    found = utterances("en", [SAM], {("confirm-call", "en"): "1/b.ogg"})
    assert found == (Utterance("en", recording="1/b.ogg"), Utterance("en", "Sam Jansen."))
    counted = utterances("es", [Phrase("voicemail-new", {"messages": 21})], {("voicemail-new", "es"): "1/c.ogg"})
    assert counted[1].text == "veintiún."


def test_phrases_are_said_one_after_the_other() -> None:
    said = utterances("en", [Phrase("voicemail-saved"), Phrase("goodbye")], {})
    assert [each.text for each in said] == ["Your message has been saved.", "Thank you for calling. Goodbye."]
