"""The journal of subscriptions: what a restarted control process needs so that no lamp stays as the crash left it.

Entries are MessagePack arrays: ``Kept`` replaces what was known of a subscription, ``Gone`` forgets it, ``Restarted``
says that a process began from here: sequence numbers it used are not in the journal.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

import msgspec

from kiestoon.calls.record import mend
from kiestoon.sip.flow import RELIABLE, Destination, Flow, Target
from kiestoon.sip.subscription import Subscription, SubscriptionData
from kiestoon.unreadable import UNREADABLE


class Kept(msgspec.Struct, frozen=True, array_like=True, tag=True, gc=False):
    """A subscription. ``udp``: address and port the watcher was heard from, None on connections, which are gone."""

    device_id: int
    expires_wall_s: float
    udp: tuple[str, int] | None
    data: SubscriptionData

    @property
    def destination(self) -> Target | None:
        """Where its phone was."""
        return None if self.udp is None else Target("udp", *self.udp)


class Gone(msgspec.Struct, frozen=True, array_like=True, tag=True, gc=False):
    """The subscription with this tag of ours is over."""

    tag: str


class Restarted(msgspec.Struct, frozen=True, array_like=True, tag=True, gc=False):
    """A process took over."""


Entry: TypeAlias = Kept | Gone | Restarted
_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[Entry] = msgspec.msgpack.Decoder(Entry)


def encode_kept(subscription: Subscription, device_id: int, now: float, wall_s: float) -> bytes:
    """A subscription as a journal entry."""
    expires_wall_s = wall_s + subscription.expires_at - now
    kept = Kept(device_id, expires_wall_s, _udp(subscription.destination), subscription.data())
    try:
        return _encoder.encode(kept)
    except UnicodeEncodeError:  # bytes that were no UTF-8, in a display name: tags and URIs are ASCII
        return _encoder.encode(mend(msgspec.to_builtins(kept)))


def encode_gone(tag: str) -> bytes:
    """The end of one."""
    return _encoder.encode(Gone(tag))


def encode_restarted() -> bytes:
    """The beginning of a process."""
    return _encoder.encode(Restarted())


def decode_journal(records: Iterable[bytes]) -> list[tuple[Kept, int]]:
    """The subscriptions at the end of the journal, each with how many processes, this one included, have begun since it
    was written down. Entries of another version are passed over: those phones subscribe again when they renew."""
    alive: dict[str, tuple[Kept, int]] = {}
    restarts = 0
    for record in records:
        try:
            entry = _decoder.decode(record)
        except UNREADABLE:
            continue
        if isinstance(entry, Kept):
            alive[entry.data.dialog.local_tag] = entry, restarts
        elif isinstance(entry, Gone):
            alive.pop(entry.tag, None)
        else:
            restarts += 1
    return [(entry, restarts - at + 1) for entry, at in alive.values()]


def survivors(records: Iterable[bytes]) -> list[bytes]:
    """The records that still say something, for compaction: the last word on each subscription that lives, and the
    restarts after the oldest of them."""
    alive: dict[str, int] = {}
    kept: dict[int, bytes] = {}
    restarts: dict[int, bytes] = {}
    for at, record in enumerate(records):
        try:
            entry = _decoder.decode(record)
        except UNREADABLE:
            continue
        if isinstance(entry, Restarted):
            restarts[at] = record
            continue
        tag = entry.tag if isinstance(entry, Gone) else entry.data.dialog.local_tag
        before = alive.pop(tag, None)
        if before is not None:
            del kept[before]
        if isinstance(entry, Kept):
            alive[tag], kept[at] = at, record
    if not kept:
        return []
    oldest = next(iter(kept))
    later = {at: record for at, record in restarts.items() if at > oldest}
    return [record for _, record in sorted({**kept, **later}.items())]


def _udp(to: Destination | None) -> tuple[str, int] | None:
    if to is None or to.transport in RELIABLE:
        return None
    return (to.remote_host, to.remote_port) if isinstance(to, Flow) else (to.host, to.port)
