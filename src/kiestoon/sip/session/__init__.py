"""The INVITE usage: one ``Session`` per call leg, its verbs one to a file."""

from kiestoon.sip.dialog_state import DialogState
from kiestoon.sip.session.session import Session
from kiestoon.sip.session.state import SessionMisuse, SessionState, TimerState

__all__ = ["DialogState", "Session", "SessionMisuse", "SessionState", "TimerState"]
