"""How hunt groups and queues have shared out their calls, kept over a restart: whose turn it is next is not forgotten
(V 21.3, E 7.5.7)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from kiestoon.routing import HuntRecord
from kiestoon.routing.queue_order import QueueRecord
from kiestoon.unreadable import UNREADABLE


class HuntState(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="hunt"):
    """A group's record as it is now; it replaces what was known of the group before."""

    group_id: int
    record: HuntRecord


class QueueState(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="queue"):
    """The same of a queue."""

    queue_id: int
    record: QueueRecord


class Shares(NamedTuple):
    """The records by the ids of groups and queues."""

    hunts: Mapping[int, HuntRecord]
    queues: Mapping[int, QueueRecord]


_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[HuntState | QueueState] = msgspec.msgpack.Decoder(HuntState | QueueState)


def encode_hunt(group_id: int, record: HuntRecord) -> bytes:
    """A journal entry."""
    return _encoder.encode(HuntState(group_id, record))


def encode_queue(queue_id: int, record: QueueRecord) -> bytes:
    """A journal entry."""
    return _encoder.encode(QueueState(queue_id, record))


def encode_shares(shares: Shares) -> list[bytes]:
    """All there is to say, for compaction."""
    return [
        *(encode_hunt(group_id, record) for group_id, record in shares.hunts.items()),
        *(encode_queue(queue_id, record) for queue_id, record in shares.queues.items()),
    ]


def replay_shares(entries: Iterable[bytes]) -> Shares:
    """The records at the end of the journal. Entries of another version are passed over."""
    hunts: dict[int, HuntRecord] = {}
    queues: dict[int, QueueRecord] = {}
    for data in entries:
        try:
            state = _decoder.decode(data)
        except UNREADABLE:
            continue
        if isinstance(state, HuntState):
            hunts[state.group_id] = state.record
        else:
            queues[state.queue_id] = state.record
    return Shares(hunts, queues)
