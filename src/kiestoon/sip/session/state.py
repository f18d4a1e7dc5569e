"""What the call journal keeps of a session: enough to go on with it after a crash of the control process."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from kiestoon.sip.dialog_state import DialogState
from kiestoon.sip.flow import Flow

Role: TypeAlias = Literal["uac", "uas"]
Phase: TypeAlias = Literal["calling", "early", "accepted", "confirmed", "ended"]
Refresher: TypeAlias = Literal["", "local", "remote"]


class TimerState(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The session timer (RFC 4028). ``interval_s`` 0: none. ``refresher`` is seen from us."""

    interval_s: int = 0
    min_se_s: int = 90
    refresher: Refresher = ""


class SessionState(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """An accepted or confirmed session as plain data.

    ``unacknowledged`` holds the bytes of our 2xx while its ACK is missing (phase "accepted"), else b"".
    """

    id: int
    role: Role
    phase: Phase
    dialog: DialogState
    flow: Flow | None
    contact: str = ""
    timer: TimerState = TimerState()
    local_body: bytes = b""
    local_content_type: str = "application/sdp"
    remote_body: bytes = b""
    remote_allows: tuple[str, ...] = ()
    remote_supported: tuple[str, ...] = ()
    unacknowledged: bytes = b""
    offered_in_accept: bool = False
    owns_call_id: bool = False
    username: str = ""


class SessionMisuse(Exception):
    """Our own mistake: a command that can never be right for this session (accepting a call one placed oneself)."""
