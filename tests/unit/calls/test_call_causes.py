"""What a final response means, and which of several failures is told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiestoon.calls.call import Failure
from kiestoon.calls.causes import (
    BUSY,
    NO_ANSWER,
    NO_LINE,
    NORMAL,
    REJECTED,
    UNREACHABLE,
    from_status,
    last_word,
    reason_header,
    worst_first,
)
from kiestoon.sip.headers import parse_reason


@pytest.mark.parametrize(
    ("status", "outcome", "told", "cause"),
    [(486, "busy", 486, 17), (600, "busy", 600, 17), (603, "rejected", 603, 21), (404, "not_found", 404, 1),
     (480, "unreachable", 480, 20), (408, "unreachable", 408, 18), (500, "failed", 503, 41), (599, "failed", 503, 41),
     (488, "failed", 488, 88), (482, "refused", 482, 25), (483, "refused", 483, 25),
     (607, "rejected", 607, 21), (302, "failed", 480, 127)],
)  # fmt: skip
def test_a_status_from_a_phone_has_its_meaning(status: int, outcome: str, told: int, cause: int) -> None:
    failure = from_status(status, "", outside=False)
    assert (failure.outcome, failure.status, failure.q850) == (outcome, told, cause)


@pytest.mark.parametrize("status", [401, 407, 408, 500, 502, 503, 504])
def test_a_lines_own_trouble_sends_the_call_to_the_next_line(status: int) -> None:
    assert from_status(status, "", outside=True).outcome == "failed"


@pytest.mark.parametrize("status", [403, 404, 410, 480, 482, 483, 484, 486, 600, 603, 604])
def test_what_concerns_the_number_is_final(status: int) -> None:
    assert from_status(status, "", outside=True).outcome != "failed"


@given(st.integers(300, 699), st.booleans())
def test_the_caller_never_gets_a_redirection_or_a_challenge(status: int, outside: bool) -> None:
    told = from_status(status, "", outside=outside).status
    assert 400 <= told <= 699
    assert told not in (401, 407, 420, 421, 422, 423, 491)


def test_of_several_devices_a_persons_word_counts_most() -> None:
    assert worst_first([UNREACHABLE, BUSY, REJECTED]) == REJECTED
    assert worst_first([UNREACHABLE, BUSY, NO_ANSWER]) == BUSY
    assert worst_first([UNREACHABLE, NO_ANSWER]) == NO_ANSWER
    assert worst_first([]) == UNREACHABLE


def test_of_several_lines_what_was_said_of_the_number_counts_most() -> None:
    broken, unknown = Failure("failed", 503, 41), Failure("not_found", 404, 1)
    assert last_word([broken, unknown]) == unknown
    assert last_word([unknown, NO_LINE]) == unknown
    assert last_word([broken, NO_LINE]) == broken
    assert last_word([NO_LINE]) == last_word([]) == NO_LINE


@given(st.text(max_size=60))
def test_a_reason_header_can_always_be_read_back(text: str) -> None:
    text = "".join(c for c in text if c.isprintable())
    value = reason_header(Failure("failed", 503, 41, text))
    assert parse_reason(value).cause == 41


def test_hanging_up_is_normal_clearing() -> None:
    assert reason_header(NORMAL) == 'Q.850;cause=16;text="Normal call clearing"'
