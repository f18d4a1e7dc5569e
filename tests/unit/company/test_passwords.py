"""The rules of passwords and PINs, and that generated ones keep them."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiestoon.company.passwords import (
    LONGEST_RUN,
    MAX_PIN,
    MIN_PIN,
    generate_password,
    generate_pin,
    longest_run,
    password_weaknesses,
    pin_weaknesses,
)
from kiestoon.store.problems import CODES, problem

DIGITS = st.text("0123456789", min_size=MIN_PIN, max_size=MAX_PIN)


def codes(weaknesses: tuple[object, ...]) -> set[str]:
    return {weakness.code for weakness in weaknesses}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("password", "wrong"),
    [
        ("Kies-toon-42!", set()),
        ("Aa1!aaaa", set()),
        ("Aa1!aaa", {"password_short"}),
        ("kies-toon-42!", {"password_upper"}),
        ("KIES-TOON-42!", {"password_lower"}),
        ("Kies-toon-!!!", {"password_digit"}),
        ("Kiestoon4242", {"password_special"}),
        ("Kies toon 42", set()),
        ("Élan-réel-42", set()),
        ("Kies-toon-42!\n", {"password_control"}),
        ("Aa1!" * 65, {"password_long"}),
        ("", {"password_short", "password_upper", "password_lower", "password_digit", "password_special"}),
    ],
)
def test_a_web_password_has_eight_characters_of_four_kinds(password: str, wrong: set[str]) -> None:
    assert codes(password_weaknesses(password)) == wrong


@pytest.mark.parametrize("password", ["xAnna.Jansen-42!", "Hallo-JANSEN-9", "Kies-101-Toon!", "Anna-hoi-42!"])
def test_a_password_does_not_hold_name_login_or_extension(password: str) -> None:
    assert codes(password_weaknesses(password, ("anna.jansen@noord.example", "Anna Jansen", "101"))) == {
        "password_personal"
    }


def test_names_of_two_letters_may_occur_by_chance() -> None:
    assert password_weaknesses("Al-toonde-42!", ("Al", "")) == ()


@pytest.mark.parametrize(
    ("pin", "wrong"),
    [
        ("123567", set()),  # V 8.2.1
        ("123456", {"pin_run"}),
        ("987654", {"pin_run"}),  # U 4.4
        ("554321", {"pin_run"}),
        ("333333", {"pin_repeated"}),
        ("1111", {"pin_length", "pin_repeated"}),  # E 3.1
        ("1234", {"pin_length", "pin_run"}),
        ("0000", {"pin_length", "pin_repeated"}),
        ("12a567", {"pin_digits"}),
        ("１２３５６７", {"pin_digits"}),
        ("", {"pin_digits"}),
    ],
)
def test_a_pin_is_no_run_and_no_repetition(pin: str, wrong: set[str]) -> None:
    assert codes(pin_weaknesses(pin)) == wrong


def naive_longest_run(pin: str) -> int:
    stretches = [pin[start:end] for start in range(len(pin)) for end in range(start + 1, len(pin) + 1)]
    return max(len(stretch) for stretch in stretches if stretch in "0123456789" or stretch in "9876543210")


@given(DIGITS)
def test_runs_are_found_wherever_they_are(pin: str) -> None:
    assert longest_run(pin) == naive_longest_run(pin)


@given(DIGITS)
def test_a_pin_is_refused_exactly_for_a_run_or_one_digit(pin: str) -> None:
    assert bool(pin_weaknesses(pin)) == (naive_longest_run(pin) > LONGEST_RUN or len(set(pin)) == 1)


@given(st.text(max_size=300), st.lists(st.text(max_size=20), max_size=4))
def test_whatever_is_typed_gets_an_answer_in_both_languages(text: str, known: list[str]) -> None:
    for weakness in (*password_weaknesses(text, known), *pin_weaknesses(text)):
        assert weakness.code in CODES
        told = problem("password", weakness.code, **weakness.params)
        assert told.text("nl") != told.text("en")


@given(st.integers())
def test_generated_ones_keep_the_rules(seed: int) -> None:
    random = Random(seed)
    known = ("anna.jansen", "101", "Anna", "Jansen")
    assert password_weaknesses(generate_password(known, random), known) == ()
    assert pin_weaknesses(generate_pin(random)) == ()


def test_generated_ones_differ() -> None:
    assert len({generate_password() for _ in range(50)}) == 50
    assert len({generate_pin() for _ in range(50)}) > 40
