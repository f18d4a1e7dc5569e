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


class AgentShare(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="agent"):
    """What a queue's record says now of one agent, and of the last who was offered a call; the rest stays as it was.

    ``hunt``: what it says now for the strategies of hunt groups, if that has changed.
    """

    queue_id: int
    extension: str
    last: str
    offered_ms: int
    answered: int
    talked_ms: int
    hunt: HuntRecord | None = None


class Shares(NamedTuple):
    """The records by the ids of groups and queues."""

    hunts: Mapping[int, HuntRecord]
    queues: Mapping[int, QueueRecord]


_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[HuntState | QueueState | AgentShare] = msgspec.msgpack.Decoder(
    HuntState | QueueState | AgentShare
)


def encode_hunt(group_id: int, record: HuntRecord) -> bytes:
    """A journal entry."""
    return _encoder.encode(HuntState(group_id, record))


def encode_share(state: QueueState | AgentShare) -> bytes:
    """A journal entry."""
    return _encoder.encode(state)


def share_of(queue_id: int, record: QueueRecord, extension: str, *, hunted: bool = False) -> AgentShare:
    """What has just changed about an agent. ``hunted``: and about the strategies of hunt groups."""
    return AgentShare(
        queue_id,
        extension,
        record.last,
        record.offered_ms.get(extension, 0),
        record.answered.get(extension, 0),
        record.talked_ms.get(extension, 0),
        record.hunt if hunted else None,
    )


def encode_shares(shares: Shares) -> list[bytes]:
    """All there is to say, for compaction."""
    return [
        *(encode_hunt(group_id, record) for group_id, record in shares.hunts.items()),
        *(encode_share(QueueState(queue_id, record)) for queue_id, record in shares.queues.items()),
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
        elif isinstance(state, QueueState):
            queues[state.queue_id] = state.record
        else:
            _take_over(queues.setdefault(state.queue_id, QueueRecord()), state)
    return Shares(hunts, queues)


def _take_over(record: QueueRecord, share: AgentShare) -> None:
    """Bring a record up to date; what is nothing is not noted, as it is while calls go on."""
    record.last = share.last
    numbers = (
        (record.offered_ms, share.offered_ms),
        (record.answered, share.answered),
        (record.talked_ms, share.talked_ms),
    )
    for kept, number in numbers:
        if number:
            kept[share.extension] = number
    if share.hunt is not None:
        record.hunt = share.hunt
