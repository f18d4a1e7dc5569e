"""Speed dials and short numbers: they stand in nobody's way, and do not lead to one another (CALL-22)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kiestoon.company.codes import SPEED_DIAL, read_code, shadows
from kiestoon.company.model import Company, FeatureCode, Row, ShortNumber, SpeedDial
from kiestoon.company.numbers import emergency_spellings
from kiestoon.store.problems import Problem, problem
from kiestoon.store.rules.peek import Peek, named
from kiestoon.store.rules.shape import Check


def _speed_dial(row: SpeedDial, peek: Peek) -> Iterator[Problem]:
    yield from _leads_on(row.number, peek)


def _short_number(row: ShortNumber, peek: Peek) -> Iterator[Problem]:
    company = peek.company()
    other = _hidden_by(row, company, peek) if company is not None else ""
    if other:
        yield problem("code", "code_clash", value=row.code, other=other)
    yield from _leads_on(row.number, peek)


def _hidden_by(row: ShortNumber, company: Company, peek: Peek) -> str | tuple[str, str]:
    """What this number would be in the way of, or the other way round; "" for nothing.

    People's own speed dials are no obstacle: they win over the company's (V 15.2).
    """
    if row.code in emergency_spellings(company.country, company.access_code):
        return row.code
    owner = peek.extension_owner(row.code)
    if owner is not None:
        return named(owner)
    for code in peek.find(FeatureCode):
        if code.feature != SPEED_DIAL and shadows(code, row.code, company.extension_digits):
            return f"{code.code} ({code.feature})"
    return ""


def _leads_on(number: str, peek: Peek) -> Iterator[Problem]:
    company = peek.company()
    if company is None:
        return
    read = read_code({code.code: code for code in peek.find(FeatureCode)}, number, company.extension_digits)
    if (read is not None and read.feature.name == SPEED_DIAL) or peek.find(ShortNumber, code=number):
        yield problem("number", "short_way_again", value=number)


CHECKS: Final[dict[type[Row], tuple[Check, ...]]] = {SpeedDial: (_speed_dial,), ShortNumber: (_short_number,)}
