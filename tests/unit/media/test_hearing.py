"""Who hears whom, as pairs and as a group."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiestoon.media.hearing import Hearing
from kiestoon.media.protocol import Topology

MEMBERS = range(1, 7)


def arranged(**how: object) -> Hearing:
    hearing = Hearing()
    hearing.replace(Topology(1, **how), MEMBERS)  # type: ignore[arg-type]
    return hearing


def pairs(hearing: Hearing) -> set[tuple[int, int]]:
    return {(talker, listener) for talker in MEMBERS for listener in MEMBERS if hearing.hears(listener, talker)}


def test_everybody_mixed_hears_all_others_and_nobody_himself() -> None:
    assert pairs(arranged(mixed=(1, 2, 3))) == {(1, 2), (1, 3), (2, 1), (2, 3), (3, 1), (3, 2)}


def test_those_listening_hear_the_group_and_are_not_heard() -> None:
    hearing = arranged(mixed=(1, 2), listening=(3, 4))
    assert pairs(hearing) == {(1, 2), (2, 1), (1, 3), (2, 3), (1, 4), (2, 4)}


def test_pairs_add_to_the_group() -> None:
    hearing = arranged(edges=((4, 1), (1, 2)), mixed=(1, 2, 3))
    assert pairs(hearing) == pairs(arranged(mixed=(1, 2, 3))) | {(4, 1)}
    assert hearing.edges == {1: (4,)}  # what the group covers is not kept twice


def test_all_pairs_spelt_out_are_a_group() -> None:
    edges = tuple((a, b) for a in (1, 2, 3) for b in (1, 2, 3) if a != b)
    hearing = arranged(edges=(*edges, edges[0]))
    assert (list(hearing.mixed), hearing.edges) == ([1, 2, 3], {})
    assert not arranged(edges=edges[:-1]).mixed
    assert not arranged(edges=((1, 2), (2, 1))).mixed
    assert not arranged(edges=(*edges[:-1], (1, 1))).mixed


@pytest.mark.parametrize("how", [{"edges": ((1, 9),)}, {"mixed": (1, 9)}, {"listening": (9,)}])
def test_a_stranger_is_refused_and_nothing_changes(how: dict[str, object]) -> None:
    hearing = arranged(mixed=(1, 2, 3))
    before = pairs(hearing)
    with pytest.raises(ValueError, match="9"):
        hearing.replace(Topology(1, **how), MEMBERS)  # type: ignore[arg-type]
    assert pairs(hearing) == before


numbers = st.sampled_from(MEMBERS)
groups = st.lists(numbers, max_size=4).map(tuple)


@given(st.lists(st.tuples(numbers, numbers), max_size=12).map(tuple), groups, groups, numbers)
def test_whatever_is_arranged_is_what_is_heard(
    edges: tuple[tuple[int, int], ...], mixed: tuple[int, ...], listening: tuple[int, ...], leaver: int
) -> None:
    hearing = arranged(edges=edges, mixed=mixed, listening=listening)
    expected = set(edges) | {(a, b) for a in mixed for b in (*mixed, *listening) if a != b}
    assert pairs(hearing) == expected
    hearing.remove(leaver)
    assert pairs(hearing) == {pair for pair in expected if leaver not in pair}
