"""A dialog as plain data: what journals keep of sessions and subscriptions."""

from __future__ import annotations

from typing import Final

import msgspec

JUMP: Final = 1 << 17
"""How far numbers of our requests jump at a restart: more than are sent without the dialog being written down again."""


class DialogState(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A dialog's state (RFC 3261 §12). ``local`` and ``remote`` are whole From/To values, tags included."""

    call_id: str
    local: str
    remote: str
    local_tag: str
    remote_tag: str
    local_cseq: int
    remote_cseq: int
    invite_cseq: int
    remote_target: str
    route_set: tuple[str, ...] = ()
    secure: bool = False
