"""Tables for people, JSON for programs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
import typer

from kiestoon.company.model import Row


def show(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str], *, as_json: bool, empty: str) -> None:
    """Print rows: the ``columns`` (key to heading) as a table, or everything as JSON. ``empty``: said for no rows."""
    if as_json:
        show_json(rows)
        return
    if not rows:
        typer.echo(empty)
        return
    from rich.console import Console  # noqa: PLC0415 - 50 ms that --json does not need
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in columns.values():
        table.add_column(heading)
    for row in rows:
        table.add_row(*(Text(_cell(row.get(key))) for key in columns))  # Text: names hold no markup
    console = Console()
    if not console.is_terminal:
        console.width = 400  # into a pipe: no line is folded
    console.print(table)


def show_text(line: str) -> None:
    """Print a line that may hold what came from the network."""
    typer.echo(_cell(line))


def show_json(value: Any) -> None:
    """Print as JSON, indented."""
    typer.echo(msgspec.json.format(msgspec.json.encode(value)).decode())


def as_cells(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Rows as dictionaries, without secrets."""
    cells = [msgspec.structs.asdict(row) for row in rows]
    for row in cells:
        row.pop("secret", None)
    return cells


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return " ".join(map(_cell, value))
    return "".join(character if character.isprintable() else "�" for character in str(value))
