"""When something that failed is tried again."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Final

WEBHOOK_PAUSES_S: Final = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""As Standard Webhooks recommends: ten attempts in a little over three days."""
MAIL_PAUSES_S: Final = (30, 300, 1_800, 7_200, 14_400, 28_800, 43_200, 86_400)
"""Two days and a bit; RFC 5321 §4.5.4.1 wants 4 to 5 days of mail servers, which is whom we hand over to."""
_JITTER: Final = 0.2


def pause_s(pauses: Sequence[int], failures: int, source: random.Random) -> float | None:
    """How long to wait after so many failures (1 = the first); None: it is given up.

    Up to a fifth is added by chance, so that what failed together does not come back together.
    """
    if failures > len(pauses):
        return None
    return pauses[failures - 1] * (1 + _JITTER * source.random())
