"""Rules over the addresses of IP listing (E 6.8.2)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kiestoon.company.addresses import MOST_IN_RANGE, parse_address
from kiestoon.company.model import AllowedAddress, Row
from kiestoon.store.problems import Problem, problem
from kiestoon.store.rules.peek import Peek
from kiestoon.store.rules.shape import Check

_MOST: Final = 256
"""Rows of a company: all are looked through for a call from an unknown address."""


def _address(row: AllowedAddress, peek: Peek) -> Iterator[Problem]:
    ends = {"first_address": row.first_address, "last_address": row.last_address or row.first_address}
    wrong = [
        problem(field, "not_an_ip", value=text[:50]) for field, text in ends.items() if parse_address(text) is None
    ]
    first, last = (parse_address(text) for text in ends.values())
    if wrong or first is None or last is None:
        yield from wrong[:1]
    elif first.version != last.version or int(last) < int(first):
        yield problem("last_address", "not_after", value=row.last_address, other=row.first_address)
    elif (size := int(last) - int(first) + 1) > MOST_IN_RANGE:
        yield problem("last_address", "range_too_large", value=size, limit=MOST_IN_RANGE)
    if not row.id and len(peek.find(AllowedAddress)) >= _MOST:
        yield problem("first_address", "too_many", limit=_MOST)


CHECKS: Final[dict[type[Row], tuple[Check, ...]]] = {AllowedAddress: (_address,)}
