"""Feature codes, extensions and emergency numbers must not hide one another (CALL-23)."""

from __future__ import annotations

from collections.abc import Iterator

from kiestoon.company.codes import FEATURES, LONGEST, SPEED_DIAL, first_clash, shadows
from kiestoon.company.model import Company, FeatureCode, ShortNumber
from kiestoon.company.numbers import emergency_spellings
from kiestoon.store.problems import Problem, problem
from kiestoon.store.rules.peek import Peek, named


def check_code(row: FeatureCode, peek: Peek) -> Iterator[Problem]:
    """A code of a feature there is, that stands in nobody's way."""
    if row.feature not in FEATURES:
        yield problem("feature", "not_a_choice", value=row.feature, choices=", ".join(FEATURES))
        return
    company = peek.company()
    other = _hidden_by(row, company, peek) if company is not None else ""
    if other:
        yield problem("code", "code_clash", value=row.code, other=other)


def _hidden_by(row: FeatureCode, company: Company, peek: Peek) -> str | tuple[str, str]:
    """What nobody could dial any more beside this code, or the other way round; "" for nothing."""
    digits = company.extension_digits
    for number in emergency_spellings(company.country, company.access_code):
        if shadows(row, number, digits):
            return number
    for number in peek.extensions():
        owner = peek.extension_owner(number) if shadows(row, number, digits) else None
        if owner is not None:
            return named(owner)
    for short in peek.find(ShortNumber) if row.feature != SPEED_DIAL else ():
        if shadows(row, short.code, digits):
            return named(short)
    clash = first_clash(row, peek.find(FeatureCode))
    if clash is None or clash.code == row.code:  # the same code is told of as taken
        return ""
    return f"{clash.code} ({clash.feature})"


def check_not_a_code(number: str, company: Company, peek: Peek) -> Iterator[Problem]:
    """An extension that would be taken for a code, or that is a short number already."""
    beginnings = [number[:length] for length in range(1, min(len(number), LONGEST) + 1)]
    for code in peek.find(FeatureCode, code=beginnings):
        if shadows(code, number, company.extension_digits):
            yield problem("extension", "code_clash", value=number, other=f"{code.code} ({code.feature})")
    for short in peek.find(ShortNumber, code=number):
        yield problem("extension", "code_clash", value=number, other=named(short))
