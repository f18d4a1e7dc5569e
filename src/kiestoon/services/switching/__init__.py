"""Switches by code: forwarding, do not disturb, status, withheld number (CALL-23, CALL-7, REACH-1, REACH-10).

Each confirms what is in force afterwards, told from the snapshot that calls go by; asked (the code, then *) it tells
the same and changes nothing. What was keyed in is checked before anything is written; whoever hangs up before that has
changed nothing.
"""

from __future__ import annotations

from typing import Final

from kiestoon.calls.conversation import ServiceFunction
from kiestoon.services.switching.forwarding import FORWARDS, forward
from kiestoon.services.switching.menu import forward_menu
from kiestoon.services.switching.personal import PERSONAL, switch_personal
from kiestoon.services.switching.status import set_status

SWITCHING: Final[dict[str, ServiceFunction]] = {
    **dict.fromkeys(FORWARDS, forward),
    "forward_menu": forward_menu,
    **dict.fromkeys(PERSONAL, switch_personal),
    "status_available": set_status,
    "status_away": set_status,
}
"""By feature."""
