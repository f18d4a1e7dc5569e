"""CSV that spreadsheets read as it is meant (RFC 4180), and that cannot make one of them calculate."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any, Final

MEDIA_TYPE: Final = "text/csv; charset=utf-8"
_FORMULAS: Final = ("=", "@", "\t", "\r")


def csv_lines(rows: Iterable[Sequence[Any]]) -> str:
    """Rows as lines."""
    text = io.StringIO()
    csv.writer(text).writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue()


def _cell(value: Any) -> str:
    """What a spreadsheet would take for a formula gets an apostrophe; telephone numbers with + stay as they are."""
    text = "" if value is None else str(value)
    sign = text[:1] in {"+", "-"} and not text[1:].replace(" ", "").isdecimal()
    return "'" + text if text.startswith(_FORMULAS) or (sign and len(text) > 1) else text
