"""Telephone numbers in and out (RTE-21)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiestoon.company.numbers import (
    area_context,
    canonical,
    clean_dialled,
    dialable,
    display,
    emergency_number,
    format_for_trunk,
    plain_number,
    plain_pattern,
    read_outside_number,
    read_trunk_number,
)


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("0 020-765 43.21", "00207654321"),
        ("+31 (0)20 765 4321", "+31207654321"),
        ("+31 (20) 765-4321", "+31207654321"),
        ("101", "101"),
        ("*21#", "*21#"),
        ("7654321;phone-context=+31-20", "+31207654321"),
        ("+31207654321;phone-context=+44", "+31207654321"),
        ("101;isub=1", "101"),
        ("+49 (89) 7007-98765", "+4989700798765"),
        ("+49/89:7007;98765", "+4989700798765"),
        ("+31 20; 765 43 21 ;isub=1", "+31207654321"),
        ("101;phone-context=town.example", "101"),
        ("a1", "A1"),
        ("", ""),
        ("alice", ""),
        ("1+2", ""),
        ("٣٤٥", ""),
        ("1" * 41, ""),
        ("'; DROP TABLE", ""),
    ],
)
def test_cleaning_what_was_dialled(text, cleaned):
    assert clean_dialled(text) == cleaned


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("+49 (89) 7007-98765", "+4989700798765"),
        (" +31/20: 765; 4321", "+31207654321"),
        ("020 765 4321", "020 765 4321"),
        ("+31 twenty", "+31 twenty"),
        ("", ""),
    ],
)
def test_a_number_in_canonical_format_is_kept_as_e164_and_anything_else_as_it_is(text, kept):
    assert plain_number(text) == kept


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("+31 5555 6666?6", "+3155556666?6"),
        ("+31 55?5 6*", "+3155?56*"),
        ("+31 (0)20-555*", "+3120555*"),
        ("020 (555) 12.34", "0205551234"),
        ("+31 5*5", "+31 5*5"),
        ("no number", "no number"),
    ],
)
def test_a_pattern_is_kept_without_separators_and_anything_else_as_it_is(text, kept):
    assert plain_pattern(text) == kept


@pytest.mark.parametrize(
    ("dialled", "country", "code", "number"),
    [
        ("112", "NL", "0", "112"),
        ("0112", "NL", "0", "112"),
        ("00112", "NL", "0", ""),
        ("911", "US", "9", "911"),
        ("9911", "US", "9", "911"),
        ("999", "GB", "9", "999"),
        ("9999", "GB", "9", "999"),
        ("112", "US", "9", "112"),
        ("112", "ZZ", "", "112"),
        ("110", "DE", "0", "110"),
        ("+112", "NL", "0", "112"),
        ("+31112", "NL", "0", "112"),
        ("urn:service:sos", "NL", "0", "112"),
        ("urn:service:sos.fire", "NL", "", "112"),
        ("1120", "NL", "0", ""),
        ("101", "NL", "0", ""),
        ("999", "NL", "0", ""),
        ("", "NL", "0", ""),
        ("0", "NL", "0", ""),
    ],
)
def test_emergency_numbers_are_recognised(dialled, country, code, number):
    assert emergency_number(dialled, country, code) == number


@pytest.mark.parametrize(
    ("dialled", "country", "area", "number", "kind", "completed"),
    [
        ("0207654321", "NL", "", "+31207654321", "national", False),
        ("+31207654321", "NL", "", "+31207654321", "national", False),
        ("0031207654321", "NL", "", "+31207654321", "national", False),
        ("7654321", "NL", "020", "+31207654321", "national", True),
        ("7654321", "NL", "20", "+31207654321", "national", True),
        ("0612345678", "NL", "020", "+31612345678", "mobile", False),
        ("612345678", "NL", "020", "+31612345678", "mobile", False),
        ("09001234", "NL", "020", "+319001234", "premium", False),
        ("08000123", "NL", "", "+318000123", "toll_free", False),
        ("0080012345678", "NL", "", "+80012345678", "toll_free", False),
        ("+18005551234", "NL", "", "+18005551234", "international", False),
        ("00870773111632", "NL", "", "+870773111632", "satellite", False),
        ("+881612345678", "NL", "", "+881612345678", "satellite", False),
        ("0880001234", "NL", "", "+31880001234", "national", False),
        ("004989700798765", "NL", "", "+4989700798765", "international", False),
        ("+4989700798765", "NL", "", "+4989700798765", "international", False),
        ("+4915112345678", "NL", "", "+4915112345678", "international", False),
        ("+449012345678", "NL", "", "+449012345678", "premium", False),
        ("14020", "NL", "020", "+3114020", "national", False),
        ("116111", "NL", "020", "116111", "national", False),
        ("70079876", "DE", "089", "+498970079876", "national", True),
        ("2125551234", "US", "", "+12125551234", "national", False),
        ("12125551234", "US", "", "+12125551234", "national", False),
        ("16045551234", "US", "", "+16045551234", "national", False),
        ("18765551234", "US", "", "+18765551234", "international", False),
        ("011442079460000", "US", "", "+442079460000", "international", False),
        ("0612345678", "IT", "", "+390612345678", "national", False),
    ],
)
def test_outside_numbers_are_understood(dialled, country, area, number, kind, completed):
    found = read_outside_number(dialled, country, area)
    assert found is not None
    assert (found.number, found.kind, found.completed) == (number, kind, completed)


def test_numbers_missing_from_the_plan_are_tried_all_the_same():
    for dialled, number in (("+31999999999", "+31999999999"), ("116117", "116117"), ("0116117", "+31116117")):
        found = read_outside_number(dialled, "NL", "020")
        assert found is not None
        assert (found.number, found.valid) == (number, False)


@pytest.mark.parametrize("dialled", ["", "+", "0", "00", "*21", "12345678901234567890123", "1", "+0"])
def test_what_can_be_no_number(dialled):
    assert read_outside_number(dialled, "NL") is None


@pytest.mark.parametrize(
    ("text", "country", "number"),
    [
        ("+31207654321", "NL", "+31207654321"),
        ("31207654321", "NL", "+31207654321"),
        ("0207654321", "NL", "+31207654321"),
        ("0031207654321", "NL", "+31207654321"),
        ("207654321", "NL", "+31207654321"),
        ("2125551234", "US", "+12125551234"),
    ],
)
def test_numbers_from_trunks_in_every_form(text, country, number):
    assert number in read_trunk_number(text, country)


def test_garbage_from_trunks_is_no_number():
    assert read_trunk_number("", "NL") == ()
    assert read_trunk_number("anonymous", "NL") == ()


@pytest.mark.parametrize(
    ("number", "digits", "text"),
    [
        ("+4989700798765", 5, "+49 (89) 7007-98765"),
        ("+31207654321", 0, "+31 (20) 7654321"),
        ("+31612345678", 0, "+31 (6) 12345678"),
        ("+4512345678", 0, "+45 12345678"),
        ("112", 0, "112"),
        ("+", 0, "+"),
    ],
)
def test_canonical_form(number, digits, text):
    assert canonical(number, digits) == text


@pytest.mark.parametrize(
    ("number", "country", "code", "text"),
    [
        ("+31207654321", "NL", "0", "00207654321"),
        ("+31207654321", "NL", "", "0207654321"),
        ("+4989700798765", "NL", "0", "0004989700798765"),
        ("+442079460000", "US", "9", "9011442079460000"),
        ("+12125551234", "US", "9", "92125551234"),
        ("+390612345678", "IT", "0", "00612345678"),
        ("112", "NL", "0", "0112"),
    ],
)
def test_dialable_form(number, country, code, text):
    assert dialable(number, country, code) == text


@pytest.mark.parametrize(
    ("number", "how", "text"),
    [
        ("+31207654321", "plus", "+31207654321"),
        ("+31207654321", "e164", "31207654321"),
        ("+31207654321", "national", "0207654321"),
        ("+4989700798765", "national", "004989700798765"),
        ("112", "e164", "112"),
        ("+3114020", "national", "14020"),
        ("116117", "plus", "116117"),
        ("", "plus", ""),
    ],
)
def test_forms_for_trunks(number, how, text):
    assert format_for_trunk(number, how, "NL") == text


def test_display_and_area():
    assert display("+31207654321", "NL") == "020 765 4321"
    assert display("+4989700798765", "NL") == "+49 89 700798765"
    assert display("101", "NL") == "101"
    assert area_context("020", "NL") == area_context("20", "NL") == "+3120"
    assert area_context("", "NL") == area_context("20", "ZZ") == ""


@given(st.integers(10**8, 10**9 - 1))
@settings(max_examples=60)
def test_what_we_tell_to_dial_is_understood_as_the_same_number(digits):
    number = f"+31{digits}"
    found = read_outside_number(number, "NL")
    if found is None or not found.valid:
        return
    again = read_outside_number(dialable(number, "NL"), "NL", "020")
    assert again is not None
    assert again.number == number
    assert number in read_trunk_number(format_for_trunk(number, "national", "NL"), "NL")


@given(st.text(max_size=60), st.sampled_from(["NL", "US", "ZZ", ""]))
@settings(max_examples=120)
def test_any_text_is_handled(text, country):
    cleaned = clean_dialled(text)
    emergency_number(cleaned, country, "0")
    read_outside_number(cleaned, country, "020")
    read_trunk_number(cleaned, country)
    canonical(text)
    dialable(text, country)
    display(text, country)
