"""Numbers, digits, times and days as each language says them (VM-8)."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest

from kiestoon.speech import Moment, moment
from kiestoon.speech.languages import LANGUAGES, spoken_language

local = datetime.fromisoformat
NOW = local("2026-11-28T19:09")  # a Saturday
EARLIER, LATER = local("2026-11-23T09:05"), local("2026-12-03T13:00")


def at(hour: int, minute: int, days: int = 0) -> Moment:
    return Moment(local(f"2026-11-28T{hour:02}:{minute:02}") + timedelta(days=days), NOW)


def test_plural_categories_are_those_of_the_cldr() -> None:
    for code in ("nl", "en", "de", "es"):
        plural = LANGUAGES[code].plural
        assert [number for number in range(1000) if plural(number) == "one"] == [1]
        assert {plural(number) for number in range(1000)} == {"one", "other"}
    latvian = LANGUAGES["lv"].plural
    by_category = {name: [n for n in range(130) if latvian(n) == name] for name in ("zero", "one", "other")}
    assert by_category["zero"] == [0, *range(10, 21), 30, 40, 50, 60, 70, 80, 90, 100, *range(110, 121)]
    assert by_category["one"] == [1, 21, 31, 41, 51, 61, 71, 81, 91, 101, 121]
    assert by_category["other"][:5] == [2, 3, 4, 5, 6]


def test_a_spanish_number_before_a_noun_loses_its_ending() -> None:
    assert [LANGUAGES["es"].count(number) for number in (2, 21, 31, 22)] == ["2", "veintiún", "treinta y un", "22"]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("nl", "een nul vier"), ("en", "one zero four"), ("de", "eins null vier"), ("es", "uno cero cuatro"),
        ("lv", "viens nulle četri"),
    ],
)  # fmt: skip
def test_digits_are_said_one_by_one(code: str, said: str) -> None:
    assert LANGUAGES[code].spell("104") == said


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("020 765 4321", [3, 3, 4]),
        ("+49 89 70079876", [3, 2, 3, 3, 2]),
        ("0612345678", [3, 3, 2, 2]),
        ("1234", [4]),
        ("12345", [3, 2]),
        ("*31", [3]),
        ("", []),
    ],
)
def test_long_rows_of_digits_are_said_in_groups_and_none_alone_at_the_end(text: str, groups: list[int]) -> None:
    spoken = LANGUAGES["en"].spell(text)
    assert [len(group.split()) for group in spoken.split(", ") if group] == groups


def test_what_is_no_digit_and_no_sign_of_the_telephone_is_not_said() -> None:
    assert LANGUAGES["nl"].spell("1x2³٣") == "een twee"


CLOCK = {
    "nl": ["0 uur", "0 uur 5", "1 uur", "12 uur", "14 uur 30", "21 uur 1"],
    "en": ["midnight", "12 oh 5 am", "1 am", "noon", "2:30 pm", "9 oh 1 pm"],
    "de": ["null Uhr", "null Uhr 5", "ein Uhr", "12 Uhr", "14 Uhr 30", "21 Uhr 1"],
    "es": [
        "son las cero horas", "son las cero y 5", "es la una", "son las doce", "son las catorce y 30",
        "son las veintiuna y 1",
    ],
    "lv": ["tieši 0", "0 nulle 5", "tieši 1", "tieši 12", "14 30", "21 nulle 1"],
}  # fmt: skip


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_clock(code: str) -> None:
    times = (time(0, 0), time(0, 5), time(1, 0), time(12, 0), time(14, 30), time(21, 1))
    assert [LANGUAGES[code].clock(each) for each in times] == CLOCK[code]


WHEN = {
    "nl": ["vandaag om 14 uur 30", "gisteren om 1 uur", "morgen om 9 uur", "maandag 23 november om 9 uur 5"],
    "en": ["today at 2:30 pm", "yesterday at 1 am", "tomorrow at 9 am", "on Monday the 23rd of November at 9 oh 5 am"],
    "de": [
        "heute um 14 Uhr 30", "gestern um ein Uhr", "morgen um 9 Uhr",
        "am Montag, dem dreiundzwanzigsten November, um 9 Uhr 5",
    ],
    "es": [
        "hoy a las catorce y 30", "ayer a la una", "mañana a las nueve", "el lunes 23 de noviembre a las nueve y 5",
    ],
    "lv": [
        "šodien pulksten četrpadsmitos 30", "vakar pulksten vienos", "rīt pulksten deviņos",
        "pirmdien, divdesmit trešajā novembrī, pulksten deviņos nulle 5",
    ],
}  # fmt: skip


@pytest.mark.parametrize("code", LANGUAGES)
def test_when_something_was_is_told_by_the_day_as_seen_from_now(code: str) -> None:
    moments = (at(14, 30), at(1, 0, -1), at(9, 0, 1), Moment(EARLIER, NOW))
    assert [LANGUAGES[code].when(each) for each in moments] == WHEN[code]


UNTIL = {
    "nl": ["tot 21 uur 15", "tot morgen, 9 uur", "tot donderdag 3 december, 13 uur"],
    "en": ["until 9:15 pm", "until tomorrow at 9 am", "until Thursday the 3rd of December at 1 pm"],
    "de": ["bis 21 Uhr 15", "bis morgen um 9 Uhr", "bis Donnerstag, den dritten Dezember, um 13 Uhr"],
    "es": [
        "hasta las veintiuna y 15", "hasta mañana a las nueve", "hasta el jueves 3 de diciembre a las trece",
    ],
    "lv": [
        "līdz pulksten divdesmit vieniem 15", "līdz rītdienai, pulksten deviņiem",
        "līdz ceturtdienai, trešajam decembrim, pulksten trīspadsmitiem",
    ],
}  # fmt: skip


@pytest.mark.parametrize("code", LANGUAGES)
def test_how_long_something_lasts_names_the_day_unless_it_is_today(code: str) -> None:
    assert [LANGUAGES[code].until(each) for each in (at(21, 15), at(9, 0, 1), Moment(LATER, NOW))] == UNTIL[code]


@pytest.mark.parametrize("code", LANGUAGES)
def test_no_day_of_the_year_and_no_minute_of_the_day_is_without_words(code: str) -> None:
    grammar = LANGUAGES[code]
    days = [date(2028, 1, 1) + timedelta(days=number) for number in range(366)]
    assert len({grammar.day(day) for day in days}) == 366
    minutes = [time(number // 60, number % 60) for number in range(1440)]
    assert len({grammar.clock(each) for each in minutes}) == 1440
    assert len({grammar.when(Moment(datetime.combine(NOW.date(), each), NOW)) for each in minutes}) == 1440


def test_what_latvian_adds_to_stems() -> None:
    latvian = LANGUAGES["lv"]
    assert latvian.day(date(2026, 5, 1)) == "piektdiena, pirmais maijs"
    assert latvian.day(date(2026, 2, 20)) == "piektdiena, divdesmitais februāris"
    assert latvian.when(Moment(local("2026-05-31T03:00"), NOW)).startswith("svētdien, trīsdesmit pirmajā maijā")
    assert latvian.until(Moment(local("2027-04-12T03:00"), NOW)).endswith("divpadsmitajam aprīlim, pulksten trijiem")


def test_a_language_we_do_not_speak_is_english_and_a_variant_is_its_language() -> None:
    assert [spoken_language(tag) for tag in ("xx", "", "../..", "nl-BE", "NL")] == ["en", "en", "en", "nl", "nl"]
    assert spoken_language("", "fr", "lv", "nl") == "lv"


def test_a_moment_is_a_minute_on_the_clock_of_the_place() -> None:
    summer_ms = 1_751_371_259_999  # 2025-07-01 12:00:59.999 UTC
    assert moment(summer_ms, summer_ms, "Europe/Riga").at.isoformat() == "2025-07-01T15:00:00+03:00"
    assert moment(0, 0, "Europe/Amsterdam").at.isoformat() == "1970-01-01T01:00:00+01:00"
