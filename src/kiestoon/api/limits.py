"""How many requests a minute an account, and an address, may make. Counted in memory: there is one web process."""

from __future__ import annotations

import math
import time
from typing import Final

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from starlette.requests import HTTPConnection

from kiestoon.api.networks import network_of
from kiestoon.api.problems import ApiProblem

ADDRESS_FACTOR: Final = 5
"""An address may make this many times the requests of one account: an office is behind one."""


class RateLimits:
    """``per_minute`` requests of one account; 0 = as many as it likes."""

    def __init__(self, per_minute: int) -> None:
        self._limiter = FixedWindowRateLimiter(MemoryStorage())
        self._account = RateLimitItemPerMinute(per_minute) if per_minute else None
        self._address = RateLimitItemPerMinute(per_minute * ADDRESS_FACTOR) if per_minute else None

    def refuse_account(self, account_id: int) -> ApiProblem | None:
        """Count a request of an account; the problem to answer it with when it is one too many."""
        return self._count(self._account, f"account {account_id}")

    def refuse_address(self, address: str) -> ApiProblem | None:
        """The same for an address."""
        return self._count(self._address, f"address {network_of(address)}")

    def _count(self, item: RateLimitItemPerMinute | None, key: str) -> ApiProblem | None:
        if item is None or self._limiter.hit(item, key):
            return None
        wait_s = max(1, math.ceil(self._limiter.get_window_stats(item, key).reset_time - time.time()))
        return ApiProblem("too_many_requests", headers={"Retry-After": str(wait_s)})


def count(connection: HTTPConnection, account_id: int) -> None:
    """Count a request of an account, once however often it is asked who makes it; raises ``ApiProblem`` 429."""
    limits: RateLimits | None = getattr(connection.app.state, "limits", None)
    if limits is None or getattr(connection.state, "counted", False):
        return
    connection.state.counted = True
    refused = limits.refuse_account(account_id)
    if refused is not None:
        raise refused
