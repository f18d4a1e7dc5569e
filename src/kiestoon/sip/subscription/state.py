"""What a journal keeps of a subscription: enough to go on with it after a crash of the control process."""

from __future__ import annotations

import msgspec

from kiestoon.sip.dialog_state import DialogState


class SubscriptionData(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A subscription as plain data: see ``Subscription``."""

    dialog: DialogState
    resource: str
    package: str
    event_id: str
    accepts: frozenset[str]
    content_type: str
    version: int
