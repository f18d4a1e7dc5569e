"""How hunt groups have shared out their calls, over a restart."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from kiestoon.calls.hunt_journal import encode_hunt, replay_hunts

from kiestoon.routing import HuntRecord


def test_the_last_entry_of_each_group_counts() -> None:
    written = [
        encode_hunt(1, HuntRecord(last="101", order={"101": 1}, total=1)),
        encode_hunt(2, HuntRecord(last="201")),
        encode_hunt(1, HuntRecord(last="102", order={"101": 1, "102": 2}, credit={"101": -3}, total=2)),
    ]
    found = replay_hunts(written)
    assert found[1] == HuntRecord(last="102", order={"101": 1, "102": 2}, credit={"101": -3}, total=2)
    assert found[2].last == "201"


@given(rubbish=st.lists(st.binary(max_size=60)), cut=st.integers(0, 20))
def test_entries_cut_off_or_of_another_version_are_passed_over(rubbish: list[bytes], cut: int) -> None:
    whole = encode_hunt(1, HuntRecord(last="101", total=7))
    other = msgspec.msgpack.encode(["1", {"last": 3}, "more"])
    found = replay_hunts([whole[:cut], *rubbish, other, whole, b""])
    assert found[1] == HuntRecord(last="101", total=7)
