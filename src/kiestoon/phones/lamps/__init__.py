"""Lamps: what phones subscribe to (RFC 6665) and how they are told: busy lamps, message lamps, presence.

``Lamps`` is an engine without I/O beside call control. ``sources`` says what can be watched and in which state it is,
``bodies`` how that is told, ``watchers`` where the phones are, ``journal`` what outlives the process.
"""

from kiestoon.phones.lamps.engine import Lamps
from kiestoon.phones.lamps.journal import decode_journal, survivors
from kiestoon.phones.lamps.state import Appearance, Line, Seen, Source, State, View

__all__ = ["Appearance", "Lamps", "Line", "Seen", "Source", "State", "View", "decode_journal", "survivors"]
