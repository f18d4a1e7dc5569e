"""What a journal keeps of a subscription: enough to go on with it after a crash of the control process."""

from __future__ import annotations

from typing import Final

import msgspec

from kiestoon.sip.dialog_state import DialogState

JUMP: Final = 1 << 17
"""How far sequence and version numbers jump at a restart: more NOTIFYs than a watcher gets between two refreshes."""


class SubscriptionData(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A subscription as plain data: see ``Subscription``."""

    dialog: DialogState
    resource: str
    package: str
    event_id: str
    accepts: frozenset[str]
    content_type: str
    version: int
