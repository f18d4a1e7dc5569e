"""What the commands for companies, people, phones and lines share: finding, writing and taking away rows."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

import msgspec
import typer

from kiestoon.app.cli_context import CliContext, acting_user, context_of
from kiestoon.company.model import Row
from kiestoon.operator_error import OperatorError

AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of a table.")]
OfCompany = Annotated[str, typer.Option("--company", "-c", help="Domain or name; needed when there are several.")]
RowT = TypeVar("RowT", bound=Row)


def list_of(context: typer.Context, row_type: type[RowT], company: str) -> list[RowT]:
    """Rows of one company, or of all when none is named; without secrets."""
    from kiestoon.store.load import list_rows  # noqa: PLC0415 - SQLAlchemy only where it is needed

    own = context_of(context)
    database = own.checked_database()
    return list_rows(database, row_type, own.company(company).id if company else None)


def find(own: CliContext, row_type: type[RowT], company_id: int | None, **named: str) -> RowT:
    """The row whose one field is as ``named``, with its secret; raises ``OperatorError``. None: of any company."""
    from kiestoon.store.load import iterate_rows  # noqa: PLC0415 - as above

    ((field, value),) = named.items()
    with own.checked_database().read() as connection:
        for row in iterate_rows(connection, row_type, vault=own.vault, company_id=company_id):
            if getattr(row, field) == value:
                return row
    kind = row_type.__name__.lower()
    raise OperatorError(f"There is no {kind} {value}", f"See: kiestoon {kind} list")


def add(own: CliContext, row: RowT) -> RowT:
    """Write a new row and tell a running exchange."""
    from kiestoon.store.write import changing  # noqa: PLC0415 - as above

    with changing(own.database, own.vault, acting_user=acting_user()) as changes:
        added = changes.add(row)
    own.announce_changes()
    return added


def update(own: CliContext, row: RowT, **given: Any) -> RowT:
    """Write what was ``given`` (None: was not) into a row and tell a running exchange."""
    from kiestoon.store.write import changing  # noqa: PLC0415 - as above

    wanted = {field: value for field, value in given.items() if value is not None}
    if not wanted:
        raise OperatorError("Nothing was given to change", "See the options with --help")
    changed: RowT = msgspec.structs.replace(row, **wanted)
    with changing(own.database, own.vault, acting_user=acting_user()) as changes:
        changes.update(changed)
    own.announce_changes()
    return changed


def remove(own: CliContext, row: Row) -> None:
    """Take a row away and tell a running exchange."""
    from kiestoon.store.write import changing  # noqa: PLC0415 - as above

    with changing(own.database, own.vault, acting_user=acting_user()) as changes:
        changes.remove(row)
    own.announce_changes()
