"""Queues by code: agents log in and out (903, 904), supervisors forward a queue or switch it to night (#70 to #73).

The number of the queue follows the code, or is asked for where more than one can be meant. What is then in force is
told from the snapshot that calls go by.
"""

from __future__ import annotations

from typing import Final

from kiestoon.calls.conversation import ServiceFunction
from kiestoon.services.queue_codes.agents import log_in, log_out
from kiestoon.services.queue_codes.supervisors import SWITCHES, switch_queue

QUEUE_CODES: Final[dict[str, ServiceFunction]] = {
    "queue_log_in": log_in,
    "queue_log_out": log_out,
    **dict.fromkeys(SWITCHES, switch_queue),
}
"""By feature."""
