"""Feature codes: what each is, presets, how they are read, which exclude each other (CALL-23)."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kiestoon.company.code_presets import PRESETS, preset_codes
from kiestoon.company.codes import FEATURES, PER_CALL, collide, first_clash, read_code, shadows
from kiestoon.company.model import Company, FeatureCode
from kiestoon.company.numbers import emergency_numbers

TOWN = Company(id=1, name="Town", domain="town.example")


def code(text, feature, row_id=0):
    return FeatureCode(id=row_id, company_id=1, feature=feature, code=text)


def table(preset):
    return {text: code(text, feature, n) for n, (text, feature) in enumerate(PRESETS[preset].items(), 1)}


# --- catalogue and presets -------------------------------------------------------------------------------------------


def test_every_feature_is_described_in_dutch_and_english():
    for feature in FEATURES.values():
        assert feature.english
        assert feature.dutch
        assert feature.english != feature.dutch
        assert feature.describe("nl-NL") == feature.dutch
        assert len(feature.name) <= 40


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_has_known_features_and_no_conflicts(preset):
    rows = list(table(preset).values())
    assert {row.feature for row in rows} <= set(FEATURES)
    assert [(row.code, clash.code) for row in rows if (clash := first_clash(row, rows))] == []


@pytest.mark.parametrize(
    ("preset", "text", "feature"),
    [
        ("standard", "*8", "pickup"), ("standard", "1233", "voicemail"), ("standard", "#39#", "caller_id_9"),
        ("standard", "915", "plan_menu"), ("standard", "*80", "no_diversion"), ("3cx", "*4", "voicemail_box"),
        ("3cx", "*5", "caller_id_hide"), ("3cx", "*64", "plan_menu"), ("one-net", "*72", "forward_always_on"),
        ("one-net", "#70", "night_service_on"), ("one-net", "*33", "barge_in"), ("3cx", "9196", "echo"),
    ],
)  # fmt: skip
def test_presets_are_those_of_the_systems_people_know(preset, text, feature):
    assert PRESETS[preset][text] == feature


def test_a_preset_leaves_out_what_is_an_emergency_number_of_the_country():
    british = Company(id=1, name="B", domain="b.example", country="GB")
    assert "999" in {row.code for row in preset_codes("3cx", TOWN)}
    assert "999" not in {row.code for row in preset_codes("3cx", british)}
    assert len(preset_codes("3cx", british)) == len(PRESETS["3cx"]) - 1


@pytest.mark.parametrize("country", ["NL", "DE", "GB", "US", "FR", "IT", "PL", "AU"])
@pytest.mark.parametrize("preset", PRESETS)
def test_no_preset_hides_an_emergency_number(preset, country):
    company = Company(id=1, name="C", domain="c.example", country=country)
    codes = {row.code: row for row in preset_codes(preset, company)}
    assert all(read_code(codes, number, 3) is None for number in emergency_numbers(country))


# --- reading ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("preset", "dialled", "feature", "argument"),
    [
        ("standard", "908", "pickup", ""),
        ("standard", "908102", "pickup", "102"),
        ("standard", "915*2", "plan_menu", "*2"),
        ("standard", "9152*13", "plan_menu", "2*13"),
        ("3cx", "*64*0", "plan_menu", "*0"),
        ("standard", "*8", "pickup", ""),
        ("standard", "*8102", "pickup", "102"),
        ("standard", "*80102", "no_diversion", "102"),
        ("standard", "*9*102", "intercom", "102"),
        ("standard", "*9", "take_over", ""),
        ("standard", "93001", "retrieve_line", "01"),
        ("standard", "#31#0701234567", "caller_id_hide", "0701234567"),
        ("standard", "#12", "speed_dial", "12"),
        ("standard", "#", "speed_dial", ""),
        ("standard", "#31#", "caller_id_hide", ""),
        ("standard", "*31", "status_away", ""),
        ("standard", "*311430", "status_away", "1430"),
        ("one-net", "*72", "forward_always_on", ""),
        ("one-net", "*72#", "forward_always_on", ""),
        ("standard", "#8", "callback_cancel", ""),
        ("standard", "9031", "queue_log_in", "1"),
        ("standard", "*03", "park_lot", "3"),
        ("standard", "*6", "park", ""),
        ("3cx", "*11", "retrieve_lot", "1"),
        ("3cx", "*11*102", "listen_in", "102"),
        ("one-net", "#83", "queue_log_in", ""),
        ("one-net", "#84", "speed_dial", "84"),
        ("one-net", "*720612345678#", "forward_always_on", "0612345678"),
        ("one-net", "*73", "forward_always_off", ""),
    ],
)
def test_the_longest_code_that_fits_is_meant(preset, dialled, feature, argument):
    read = read_code(table(preset), dialled, 3)
    assert read is not None
    assert (read.feature.name, read.argument, read.query) == (feature, argument, False)


@pytest.mark.parametrize("dialled", ["*78*", "*72*", "*79*", "#70*"])
def test_a_switch_is_asked_how_it_stands_by_a_star_at_the_end(dialled):
    read = read_code(table("one-net"), dialled, 3)
    assert read is not None
    assert (read.query, read.argument) == (True, "")


@pytest.mark.parametrize(
    "dialled", ["", "102", "*", "*7", "*710", "9000", "##", "1", "*86*", "*9*", "0701234567", "9152", "915*", "915*2*"]
)
def test_what_is_no_code_is_not_read_as_one(dialled):
    assert read_code(table("standard"), dialled, 3) is None


# --- conflicts -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "feature", "number", "shadowed"),
    [
        ("908", "pickup", "908", True),
        ("*8", "pickup", "808", False),
        ("131", "caller_id_hide", "1310", True),  # an extension of four digits begins like code and number
        ("131", "caller_id_hide", "1320", False),
        ("131", "caller_id_hide", "131", True),
        ("930", "retrieve_line", "93001", True),
        ("930", "retrieve_line", "9300", False),
        ("900", "who_logged_in", "9001", False),
        ("11", "retrieve_lot", "112", True),
        ("1", "consult_end", "1", False),  # keyed in during a call only
    ],
)
def test_a_code_shadows_the_numbers_it_would_be_taken_for(text, feature, number, shadowed):
    assert shadows(code(text, feature), number, len(number)) is shadowed


@pytest.mark.parametrize(
    ("one", "other", "clash"),
    [
        (("*72", "forward_always_on"), ("*721", "redial"), True),
        (("903", "queue_log_in"), ("9035", "redial"), True),
        (("*8", "pickup"), ("*80", "no_diversion"), False),  # an extension's length is fixed: the longer one is meant
        (("#", "speed_dial"), ("#83", "queue_log_in"), False),
        (("*78", "do_not_disturb_on"), ("*78*", "redial"), True),  # the query
        (("*78", "do_not_disturb_on"), ("*789", "redial"), False),
        (("*66", "redial"), ("*66", "call_return"), True),
        (("915", "plan_menu"), ("9152*", "redial"), True),
        (("915", "plan_menu"), ("915*2", "redial"), True),
        (("915", "plan_menu"), ("9152", "redial"), False),
        (("*4", "assistant_start"), ("*4", "voicemail_box"), False),  # one in a call, one outside
        (("*6", "park"), ("*6", "redial"), True),
        (("##", "hold"), ("##*", "transfer"), False),
    ],
)
def test_codes_collide_where_one_hides_the_other(one, other, clash):
    assert collide(code(*one), code(*other)) is clash
    assert collide(code(*other), code(*one)) is clash


texts = st.text("019*#", min_size=1, max_size=4)
rows = st.builds(code, texts, st.sampled_from(sorted(FEATURES)))


@given(st.lists(rows, max_size=12), st.text("019", min_size=3, max_size=3), st.text("0189", min_size=2, max_size=9))
def test_in_a_sound_table_every_code_and_extension_gets_what_is_meant(candidates, extension, number):
    """Whatever an administrator has tried to enter: what was accepted can be dialled and means what it should."""
    codes = {}
    for row in candidates:
        sound = not shadows(row, extension, 3) and not any(collide(row, other) for other in codes.values())
        if sound:
            codes[row.code] = row
    assert read_code(codes, extension, 3) is None
    for row in codes.values():
        feature = FEATURES[row.feature]
        if feature.place == "call":
            continue
        if feature.takes("", 3):
            assert read_code(codes, row.code, 3).feature == feature
        if feature.open_ended:
            assert read_code(codes, row.code + number, 3).feature == feature
        if feature.switch:
            asked = read_code(codes, row.code + "*", 3)
            assert (asked.feature, asked.query) == (feature, True)


@given(rows, rows)
def test_collisions_are_mutual(one, other):
    assert collide(one, other) == collide(other, one)


@given(rows, st.text("0123456789", min_size=2, max_size=5))
def test_a_number_is_shadowed_exactly_when_it_would_be_read_as_the_code(row, number):
    assume(number != row.code)
    read = read_code({row.code: row}, number, len(number))
    assert shadows(row, number, len(number)) == (read is not None)


def test_the_codes_for_one_call_take_a_number():
    assert {FEATURES[name].follows for name in PER_CALL} == {"number"}
