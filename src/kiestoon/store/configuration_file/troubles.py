"""What is wrong with a file: where, which field, why."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from kiestoon.store.errors import InvalidRowError
from kiestoon.store.problems import Problem


class Trouble(msgspec.Struct, frozen=True):
    """One thing wrong. ``line`` counts from 1 (0 = the file as a whole), ``place`` is the section and the row."""

    line: int
    place: str
    problem: Problem

    def text(self, language: str = "en") -> str:
        """What is wrong and what to do, in a line."""
        text, advice = self.problem.text(language), self.problem.advice(language)
        at = f"{'regel' if language.startswith('nl') else 'line'} {self.line}: " if self.line else ""
        place = f"{self.place}: " if self.place else ""
        return f"{at}{place}{text}. {advice}."


class RefusedFileError(InvalidRowError):
    """The file cannot be applied; nothing was written. ``troubles`` says where and why, in the file's order."""

    def __init__(self, troubles: Sequence[Trouble], status: int = 422) -> None:
        self.troubles = tuple(sorted(troubles, key=lambda trouble: trouble.line))
        self.status = status
        first = self.troubles[0]
        more = len(self.troubles) - 1
        rest = f" ({more} more)" if more else ""
        super().__init__(
            f"The file was not applied: {first.text().rstrip('.')}{rest}",
            "Correct the file and try again",
            tuple(
                msgspec.structs.replace(
                    trouble.problem,
                    params={**trouble.problem.params, "line": str(trouble.line)},
                    place=trouble.place,
                )
                for trouble in self.troubles
            ),
        )
