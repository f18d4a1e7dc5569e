"""Payload formats: which are the same, and numbers without collisions."""

from hypothesis import given, settings
from hypothesis import strategies as st

from kiestoon.media.protocol import Codec
from kiestoon.sdp.codecs import format_parameter, merge_codecs, numbered, same_format

OPUS = Codec("OPUS", 107, 48_000, 2, "useinbandfec=1")
PCMA = Codec("PCMA", 8)
PCMU = Codec("PCMU", 0)
G722 = Codec("G722", 9)


def test_payload_type_and_ordinary_parameters_do_not_make_formats_differ():
    assert same_format(OPUS, Codec("OPUS", 96, 48_000, 2, "stereo=0"))
    assert not same_format(PCMA, PCMU)
    assert not same_format(Codec("L16", 10, 44_100, 2), Codec("L16", 11, 44_100))


def test_parameters_that_change_the_bits_do():
    assert not same_format(Codec("ILBC", 97, fmtp="mode=20"), Codec("ILBC", 98))
    assert same_format(Codec("ILBC", 97, fmtp="mode=30"), Codec("ILBC", 98))
    assert not same_format(Codec("AMR", 97, fmtp="octet-align=1"), Codec("AMR", 97))


def test_a_parameter_is_found_among_others():
    assert format_parameter("a=1; MODE = 20 ;b", "mode") == "20"
    assert format_parameter("mode", "mode", "30") == "30"


def test_merging_keeps_the_first_lists_order_and_numbers():
    theirs = [Codec("G729", 18), Codec("OPUS", 96, 48_000, 2), PCMU]
    merged = merge_codecs(theirs, [OPUS, G722, PCMA, PCMU])
    assert merged == [*theirs, G722, PCMA]


def test_colliding_numbers_are_moved():
    merged = merge_codecs([Codec("SPEEX", 107, 16_000)], [OPUS])
    assert merged[0].payload_type == 107
    assert merged[1].payload_type == 96
    assert (merged[1].name, merged[1].fmtp) == ("OPUS", "useinbandfec=1")


def test_static_numbers_are_for_their_own_format_only():
    assert numbered([Codec("OPUS", 8, 48_000, 2)])[0].payload_type == 96
    assert numbered([Codec("OPUS", -5, 48_000, 2)])[0].payload_type == 96


@given(st.lists(st.tuples(st.sampled_from(["OPUS", "SPEEX", "PCMA", "G722"]), st.integers(-3, 300)), max_size=60))
@settings(max_examples=60)
def test_numbers_are_always_valid_and_used_once(entries):
    result = numbered([Codec(name, number) for name, number in entries])
    numbers = [codec.payload_type for codec in result]
    assert len(set(numbers)) == len(numbers)
    assert all(0 <= number <= 127 for number in numbers)
