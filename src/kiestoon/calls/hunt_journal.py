"""How hunt groups have shared out their calls, kept over a restart: whose turn it is next is not forgotten (V 21.3)."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from kiestoon.routing import HuntRecord
from kiestoon.unreadable import UNREADABLE


class HuntState(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A group's record as it is now; it replaces what was known of the group before."""

    group_id: int
    record: HuntRecord


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(HuntState)


def encode_hunt(group_id: int, record: HuntRecord) -> bytes:
    """A journal entry."""
    return _encoder.encode(HuntState(group_id, record))


def replay_hunts(entries: Iterable[bytes]) -> dict[int, HuntRecord]:
    """The records at the end of the journal. Entries of another version are passed over."""
    records: dict[int, HuntRecord] = {}
    for data in entries:
        try:
            state = _decoder.decode(data)
        except UNREADABLE:
            continue
        records[state.group_id] = state.record
    return records
