"""How a benchmark reports: result lines, figures beside them, percentiles, tables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

RESULT = re.compile(
    r"^(?P<name>[a-z0-9_]+): (?P<value>-?[\d.,]+(?:e[+-]?\d+)?) (?P<unit>[^,\n]*?)"
    r"(?:, peer (?P<peer>[^,]+?) (?P<peer_value>-?[\d.]+), ratio (?P<ratio>-?[\d.]+))?\s*$"
)


@dataclass(frozen=True)
class Result:
    """One measured figure, with that of a peer measured in the same run on the same core where there is one."""

    name: str
    value: float
    unit: str
    peer: str = ""
    peer_value: float = 0.0

    @property
    def ratio(self) -> float:
        """Ours divided by the peer's, 0.0 without a peer."""
        return self.value / self.peer_value if self.peer_value else 0.0

    def __str__(self) -> str:
        line = f"{self.name}: {plain(self.value)} {self.unit}"
        return f"{line}, peer {self.peer} {plain(self.peer_value)}, ratio {self.ratio:.2f}" if self.peer else line


def parse_result(line: str) -> Result | None:
    """The result in one printed line, None when it is something else."""
    if (match := RESULT.match(line.strip())) is None:
        return None
    try:
        value = float(match["value"].replace(",", ""))
        return Result(match["name"], value, match["unit"].strip(), match["peer"] or "", float(match["peer_value"] or 0))
    except ValueError:
        return None


def plain(value: float) -> str:
    """A number with three or four significant digits and no exponent."""
    magnitude = abs(value)
    if magnitude >= 100 or value == int(value):
        return f"{value:.0f}"
    return f"{value:.1f}" if magnitude >= 10 else f"{value:.2f}"


def percentile(values: Sequence[float], percent: float) -> float:
    """Nearest-rank percentile; 0.0 of nothing."""
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table; ``bench/run.py`` copies it from the output into the results."""
    lines = ["| " + " | ".join(headings) + " |", "|" + " --- |" * len(headings)]
    lines += ["| " + " | ".join(plain(c) if isinstance(c, float) else str(c) for c in row) + " |" for row in rows]
    return "\n".join(lines)
