"""How hunt groups and queues have shared out their calls, over a restart."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from kiestoon.calls.sharing_journal import Shares, encode_hunt, encode_queue, encode_shares, replay_shares
from kiestoon.routing import HuntRecord
from kiestoon.routing.queue_order import QueueRecord


def test_the_last_entry_of_each_group_counts() -> None:
    written = [
        encode_hunt(1, HuntRecord(last="101", order={"101": 1}, total=1)),
        encode_hunt(2, HuntRecord(last="201")),
        encode_hunt(1, HuntRecord(last="102", order={"101": 1, "102": 2}, credit={"101": -3}, total=2)),
    ]
    found = replay_shares(written).hunts
    assert found[1] == HuntRecord(last="102", order={"101": 1, "102": 2}, credit={"101": -3}, total=2)
    assert found[2].last == "201"


@given(rubbish=st.lists(st.binary(max_size=60)), cut=st.integers(0, 20))
def test_entries_cut_off_or_of_another_version_are_passed_over(rubbish: list[bytes], cut: int) -> None:
    whole = encode_hunt(1, HuntRecord(last="101", total=7))
    other = msgspec.msgpack.encode(["1", {"last": 3}, "more"])
    found = replay_shares([whole[:cut], *rubbish, other, whole, b""]).hunts
    assert found[1] == HuntRecord(last="101", total=7)


def test_a_queue_and_a_group_of_the_same_number_are_not_mixed_up() -> None:
    queue = QueueRecord(last="103", offered_ms={"103": 5}, answered={"101": 2}, talked_ms={"101": 60_000})
    shares = Shares({1: HuntRecord(last="101")}, {1: queue})
    assert replay_shares(encode_shares(shares)) == shares
    later = encode_queue(1, QueueRecord(last="102"))
    assert replay_shares([*encode_shares(shares), later]).queues[1].last == "102"
