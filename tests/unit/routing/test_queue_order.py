"""Which agent's turn it is: the strategies of a queue (E 7.5.7, V 23.3.11)."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiestoon.company.model import QueueMember, QueueStrategy
from kiestoon.routing.queue_order import QueueRecord, order

STRATEGIES = get_args(QueueStrategy)
ONE, TWO, THREE = "101", "102", "103"
EXTENSIONS = st.integers(100, 120).map(str)


def members(*extensions: str, shares: tuple[int, ...] = ()) -> tuple[QueueMember, ...]:
    """Agents in the order of their rank."""
    return tuple(
        QueueMember(
            id=number, company_id=1, queue_id=1, extension=extension, position=number,
            share=shares[number] if shares else 0,
        )
        for number, extension in enumerate(extensions)
    )  # fmt: skip


ALL = members(ONE, TWO, THREE)


def first(strategy: QueueStrategy, record: QueueRecord, agents: tuple[QueueMember, ...] = ALL) -> str:
    return order(strategy, agents, record, Random(1))[0]


def taken(strategy: QueueStrategy, calls: int, agents: tuple[QueueMember, ...] = ALL, seed: int = 1) -> list[str]:
    """Who takes each of so many calls, one after the other, all being free each time and talking for a minute."""
    record, random, found = QueueRecord(), Random(seed), []
    for number in range(calls):
        extension = order(strategy, agents, record, random)[0]
        record.note_offer(extension, 1000 * (number + 1))
        record.note_answer(extension, agents)
        record.note_talk(extension, 60_000)
        found.append(extension)
    return found


def test_the_longest_idle_was_offered_a_call_longest_ago_whether_it_was_taken_or_not() -> None:
    record = QueueRecord()
    record.note_offer(ONE, 1000)
    record.note_offer(TWO, 2000)
    assert order("longest_idle", ALL, record, Random(1)) == (THREE, ONE, TWO)


def test_fewest_calls_counts_those_that_were_answered() -> None:
    record = QueueRecord()
    record.note_offer(THREE, 1000)  # and did not answer
    record.note_answer(ONE, ALL)
    assert order("fewest_calls", ALL, record, Random(1)) == (TWO, THREE, ONE)


def test_least_talk_is_the_manuals_example() -> None:
    """An hour, 46 minutes and 12 minutes: agent 3, then 2, then 1."""
    record = QueueRecord()
    for extension, minutes in ((ONE, 60), (TWO, 46), (THREE, 12)):
        record.note_talk(extension, minutes * 60_000)
    assert order("least_talk", ALL, record, Random(1)) == (THREE, TWO, ONE)


def test_in_order_begins_at_the_top_each_time_and_with_memory_at_whoever_was_tried_last() -> None:
    record = QueueRecord()
    record.note_offer(TWO, 1000)
    assert order("sequential", ALL, record, Random(1)) == (ONE, TWO, THREE)
    assert order("sequential_memory", ALL, record, Random(1)) == (TWO, THREE, ONE)
    record.last = "199"  # is no agent any more
    assert order("sequential_memory", ALL, record, Random(1)) == (ONE, TWO, THREE)


def test_circular_goes_on_after_whoever_answered_last() -> None:
    assert taken("circular", 4) == [ONE, TWO, THREE, ONE]


def test_uniform_takes_who_has_been_without_a_call_for_longest() -> None:
    record = QueueRecord()
    for extension in (ONE, THREE):
        record.note_answer(extension, ALL)
    assert order("uniform", ALL, record, Random(1)) == (TWO, ONE, THREE)


def test_weighted_gives_everybody_the_share_that_is_set() -> None:
    agents = members(ONE, TWO, THREE, shares=(50, 30, 20))
    assert Counter(taken("weighted", 1000, agents)) == {ONE: 500, TWO: 300, THREE: 200}


@pytest.mark.parametrize("seed", range(3))
def test_random_gives_all_about_the_same(seed: int) -> None:
    counted = Counter(taken("random", 3000, seed=seed))
    assert all(900 < count < 1100 for count in counted.values())


def test_who_logs_out_begins_at_nothing_and_the_others_keep_theirs() -> None:
    record = QueueRecord()
    for extension in (ONE, TWO):
        record.note_offer(extension, 1000)
        record.note_answer(extension, ALL)
        record.note_talk(extension, 1000)
    assert record.keep(frozenset({ONE, THREE}))
    assert not record.keep(frozenset({ONE, THREE}))
    assert (record.offered_ms, record.answered, record.talked_ms) == ({ONE: 1000}, {ONE: 1}, {ONE: 1000})


@given(
    strategy=st.sampled_from(STRATEGIES),
    agents=st.lists(EXTENSIONS, unique=True, max_size=8),
    noted=st.lists(
        st.tuples(st.sampled_from(("offer", "answer", "talk")), st.integers(100, 120).map(str)), max_size=30
    ),
    seed=st.integers(0, 9),
)
def test_every_agent_has_one_turn_whatever_has_happened(
    strategy: QueueStrategy, agents: list[str], noted: list[tuple[str, str]], seed: int
) -> None:
    listed, record = members(*agents), QueueRecord()
    for number, (what, extension) in enumerate(noted):
        if what == "offer":
            record.note_offer(extension, number)
        elif what == "answer":
            record.note_answer(extension, listed)
        else:
            record.note_talk(extension, number)
    assert sorted(order(strategy, listed, record, Random(seed))) == sorted(agents)


@pytest.mark.parametrize("strategy", [each for each in STRATEGIES if each not in ("weighted", "random")])
def test_strategies_that_share_out_leave_nobody_behind(strategy: QueueStrategy) -> None:
    counted = Counter(taken(strategy, 30))
    if strategy in ("sequential", "sequential_memory", "ring_all"):
        assert counted == {ONE: 30}  # all are free each time
    else:
        assert counted == {ONE: 10, TWO: 10, THREE: 10}
