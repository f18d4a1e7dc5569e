"""What the commands for companies, people, phones and lines share: finding, listing and writing rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, TypeVar

import msgspec
import typer

from kiestoon.app.cli_context import CliContext, acting_user, context_of
from kiestoon.app.cli_output import as_cells, show
from kiestoon.company.model import Department, Location, Row
from kiestoon.operator_error import OperatorError

AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of a table.")]
OfCompany = Annotated[str, typer.Option("--company", "-c", help="Domain or name; needed when there are several.")]
RowT = TypeVar("RowT", bound=Row)

_NOUNS = {
    "companies": ("company", "companies"),
    "users": ("person", "people"),
    "devices": ("phone", "phones"),
    "trunks": ("outside line", "outside lines"),
    "allowed_addresses": ("allowed address", "allowed addresses"),
}
"""What an operator calls one row of a table and several, where the table's name does not say so."""
_LINKS: dict[str, tuple[str, type[Location | Department]]] = {
    "location": ("location_id", Location),
    "department": ("department_id", Department),
    "part_of": ("parent_id", Department),
}
"""What is named on the command line and kept as an id."""


def counted(table_name: str, count: int) -> str:
    """So many rows of a table, in words: "1 person", "2 people"; for 0 "no people"."""
    many = table_name.replace("_", " ")
    one, many = _NOUNS.get(table_name, (many.removesuffix("s"), many))
    return f"{count or 'no'} {one if count == 1 else many}"


def list_of(context: typer.Context, row_type: type[RowT], company: str) -> list[RowT]:
    """Rows of one company, or of all when none is named; without secrets."""
    from kiestoon.store.load import list_rows  # noqa: PLC0415 - SQLAlchemy only where it is needed

    own = context_of(context)
    database = own.checked_database()
    return list_rows(database, row_type, own.company(company).id if company else None)


def cells_of(context: typer.Context, row_type: type[Row], company: str) -> list[dict[str, Any]]:
    """Rows to show, the places they point to by name."""
    cells = as_cells(list_of(context, row_type, company))
    for option, (field, target) in _LINKS.items():
        if cells and field in cells[0]:
            names = {row.id: row.name for row in list_of(context, target, company)}
            for row in cells:
                row[option] = names.get(row[field], "")
    return cells


def show_rows(row_type: type[Row], cells: list[dict[str, Any]], columns: Mapping[str, str], *, as_json: bool) -> None:
    """Print rows: the ``columns`` (key to heading) as a table, or everything as JSON."""
    from kiestoon.store.load import TABLES  # noqa: PLC0415 - as above

    nothing = counted(TABLES[row_type].name, 0)
    show(cells, columns, as_json=as_json, empty=f"{nothing.capitalize()} yet.")


def add_list(
    group: typer.Typer,
    row_type: type[Row],
    what: str,
    columns: Mapping[str, str],
    complete: Callable[[typer.Context, str, list[dict[str, Any]]], None] | None = None,
) -> None:
    """Give a group its ``list`` command. ``what`` is its help, ``complete`` fills in cells that are in other tables."""

    @group.command("list", help=what)
    def list_rows(context: typer.Context, company: OfCompany = "", as_json: AsJson = False) -> None:
        cells = cells_of(context, row_type, company)
        if complete is not None:
            complete(context, company, cells)
        show_rows(row_type, cells, columns, as_json=as_json)


def find_in(context: typer.Context, row_type: type[RowT], company: str, **named: str) -> tuple[CliContext, RowT]:
    """Our context, and the row of the company named on the command line, as ``find`` finds it."""
    own = context_of(context)
    return own, find(own, row_type, own.company(company).id, **named)


def find(own: CliContext, row_type: type[RowT], company_id: int | None, **named: str) -> RowT:
    """The row whose one field is as ``named``, with its secret; raises ``OperatorError``. None: of any company.

    Where several rows may have the same name, an id after # means one of them.
    """
    from kiestoon.store.load import iterate_rows  # noqa: PLC0415 - as above

    ((field, value),) = named.items()
    with own.checked_database().read() as connection:
        rows = list(iterate_rows(connection, row_type, vault=own.vault, company_id=company_id))
    found = [row for row in rows if value in (getattr(row, field), f"#{row.id}")]
    kind = row_type.__name__.lower()
    if len(found) > 1:
        ids = ", ".join(f"#{row.id}" for row in found)
        raise OperatorError(f"There are {len(found)} {kind}s {value}", f"Say which: {ids}. See: kiestoon {kind} list")
    if not found:
        raise OperatorError(f"There is no {kind} {value}", f"See: kiestoon {kind} list")
    return found[0]


def link_ids(own: CliContext, company_id: int, **named: str | None) -> dict[str, Any]:
    """Ids of places by their names, as fields of a row: None for "", none at all for None; raises ``OperatorError``."""
    ids: dict[str, Any] = {}
    for option, name in named.items():
        field, target = _LINKS[option]
        if name is not None:
            ids[field] = find(own, target, company_id, name=name).id if name else None
    return ids


def add(own: CliContext, row: RowT) -> RowT:
    """Write a new row and tell a running exchange."""
    from kiestoon.store.write import changing  # noqa: PLC0415 - as above

    with changing(own.database, own.vault, acting_user=acting_user()) as changes:
        added = changes.add(row)
    own.announce_changes()
    return added


def given(**options: Any) -> dict[str, Any]:
    """The options that were given, as fields of a row (None: was not)."""
    return {field: value for field, value in options.items() if value is not None}


def change(own: CliContext, row: RowT, wanted: Mapping[str, Any]) -> RowT:
    """Write the ``wanted`` fields of a row and tell a running exchange."""
    from kiestoon.store.write import changing  # noqa: PLC0415 - as above

    if not wanted:
        raise OperatorError("Nothing was given to change", "See the options with --help")
    changed: RowT = msgspec.structs.replace(row, **wanted)
    with changing(own.database, own.vault, acting_user=acting_user()) as changes:
        changed = changes.update(changed)
    own.announce_changes()
    return changed
