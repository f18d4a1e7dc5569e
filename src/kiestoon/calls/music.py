"""Music for those who wait: whose it is, and switching it off for one call (VM-9)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiestoon.calls.call import Call
from kiestoon.calls.leg import Leg
from kiestoon.calls.party import Party
from kiestoon.calls.service_data import Queued
from kiestoon.company.music import WaitState
from kiestoon.media.protocol import Music

if TYPE_CHECKING:
    from kiestoon.calls.exchange import Exchange
    from kiestoon.company.directory import CompanyIndex


def music_for(x: Exchange, call: Call, leg: Leg, state: WaitState) -> Music | None:
    """What a party hears that waits; None = nothing. It is the music of whoever lets it wait."""
    index = x.directory.company(call.company_id)
    own = (index.company.music_path if index is not None else "") or x.settings.music_path
    files: tuple[str, ...] | None = ()
    if index is not None and state == "queued":
        files = _of_queue(index, call)
    elif index is not None:
        holder = _holder(call, leg)
        user = index.users.get(holder.user_id) if holder is not None else None
        location = index.location_of(user) if user is not None else None
        internal = leg.party.kind == "device"
        files = index.music.files_for(user, location, index.departments, state, internal=internal)
    if files is None:
        return None
    folder = f"{x.settings.recordings_folder}/{call.company_id}"
    paths = tuple(f"{folder}/{file}" for file in files) or ((own,) if own else ())
    return Music(paths[0], paths[1:]) if paths else None


def _of_queue(index: CompanyIndex, call: Call) -> tuple[str, ...]:
    """The queue's own playlist (E 7.5.15), else what others who wait hear."""
    data = call.service.data if call.service is not None else None
    queue = index.arrangements.queues.get(data.queue_id) if isinstance(data, Queued) else None
    own = index.music.playlist(queue.music_playlist) if queue is not None and queue.music_playlist else ()
    location = index.locations.get(queue.location_id or 0) if queue is not None else None
    return own or index.music.files_for(None, location, index.departments, "queued", internal=False) or ()


def _holder(call: Call, leg: Leg) -> Party | None:
    """Who lets a party wait: the other one in the bridge, or who put it where it is."""
    other = call.other(leg)
    if other is not None:
        return other.party
    by = getattr(call.service.data, "by", None) if call.service is not None else None
    return by if isinstance(by, Party) else None
