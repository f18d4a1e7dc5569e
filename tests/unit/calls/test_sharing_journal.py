"""How hunt groups and queues have shared out their calls, over a restart."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from kiestoon.calls.sharing_journal import (
    QueueState,
    Shares,
    encode_hunt,
    encode_share,
    encode_shares,
    replay_shares,
    share_of,
)
from kiestoon.company.model import QueueMember
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
    later = encode_share(QueueState(1, QueueRecord(last="102")))
    assert replay_shares([*encode_shares(shares), later]).queues[1].last == "102"


AGENTS = ("101", "102", "103")
HAPPENINGS = st.lists(st.tuples(st.sampled_from(("offer", "answer", "hunted", "talk")), st.sampled_from(AGENTS)))


@given(happenings=HAPPENINGS, whole_at=st.integers(0, 10))
def test_what_changed_about_each_agent_adds_up_to_the_queues_record(
    happenings: list[tuple[str, str]], whole_at: int
) -> None:
    """Also when the whole record is written in between."""
    members = tuple(
        QueueMember(id=at, company_id=1, queue_id=7, extension=extension, position=at, share=30)
        for at, extension in enumerate(AGENTS, 1)
    )
    record, written = QueueRecord(), []
    for number, (what, extension) in enumerate(happenings):
        if what == "offer":
            record.note_offer(extension, 1000 + number)
        elif what == "talk":
            record.note_talk(extension, 1 + number)
        else:
            record.note_answer(extension, members if what == "hunted" else ())
        written.append(encode_share(share_of(7, record, extension, hunted=what == "hunted")))
        if number == whole_at:
            written.append(encode_share(QueueState(7, record)))
    found = replay_shares(written).queues.get(7, QueueRecord())
    assert found == record
