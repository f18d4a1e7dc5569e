"""``kiestoon company export|diff|apply``: a company as a file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kiestoon.app.cli_context import CliContext, acting_user, context_of
from kiestoon.app.cli_output import show_json, show_text
from kiestoon.app.cli_removal import Yes
from kiestoon.app.cli_rows import AsJson, OfCompany
from kiestoon.operator_error import OperatorError

if TYPE_CHECKING:
    from kiestoon.store.configuration_file.document import Document

_FILE = typer.Argument(help="The YAML file.", metavar="FILE.yaml")
_LANGUAGE = typer.Option(help="Of the comments and lines: en or nl.")


def export_company(
    context: typer.Context,
    company: Annotated[str, typer.Argument(help="Its domain or name; needed when there are several.")] = "",
    to: Annotated[Path | None, typer.Option(help="Write it to this file.")] = None,
    language: Annotated[str, _LANGUAGE] = "en",
) -> None:
    """Write a company as YAML: everything but passwords, ids and defaults."""
    from kiestoon.store.configuration_file.applying import rows_of  # noqa: PLC0415 - SQLAlchemy for those who need it
    from kiestoon.store.configuration_file.document import document_of  # noqa: PLC0415
    from kiestoon.store.configuration_file.writing import write_document  # noqa: PLC0415

    own = context_of(context)
    row = own.company(company)
    with own.database.read() as connection:
        rows = rows_of(connection, row.id, None)
    if rows is None:
        raise OperatorError(f"The company {row.name} is gone", "List them: kiestoon company list")
    text = write_document(document_of(rows), language)
    if to is None:
        typer.echo(text, nl=False)
        return
    try:
        to.write_text(text)
    except OSError as error:
        raise OperatorError(f"{to} cannot be written ({error.strerror})", "Choose another file") from None


def diff_company(
    context: typer.Context,
    file: Annotated[Path, _FILE],
    company: OfCompany = "",
    language: Annotated[str, _LANGUAGE] = "en",
    as_json: AsJson = False,
) -> None:
    """Show what applying the file would add (+), change (~), remove (-) and add again (±)."""
    from kiestoon.store.configuration_file.applying import difference_of  # noqa: PLC0415 - as above

    own = context_of(context)
    document = _read(file)
    vault = own.vault
    with own.checked_database().read() as connection:
        changes = difference_of(connection, vault, _company_id(own, document, company), document)
    _show(changes, language, as_json=as_json)


def apply_company(
    context: typer.Context,
    file: Annotated[Path, _FILE],
    company: OfCompany = "",
    yes: Yes = False,
    language: Annotated[str, _LANGUAGE] = "en",
    as_json: AsJson = False,
) -> None:
    """Make the company what the file says, all of it or nothing. A domain that is not there yet is a new company."""
    from kiestoon.store.configuration_file.applying import apply_document, difference_of  # noqa: PLC0415 - as above
    from kiestoon.store.write import changing  # noqa: PLC0415

    own = context_of(context)
    document = _read(file)
    database, vault = own.checked_database(), own.vault
    company_id = _company_id(own, document, company)
    with database.read() as connection:
        planned = difference_of(connection, vault, company_id, document)
    removals = sum(change.action == "remove" for change in planned)
    if removals and not yes:
        _show(planned, language, as_json=False, to_stderr=True)
        rows = "1 row" if removals == 1 else f"{removals} rows"
        if not sys.stdin.isatty():
            raise OperatorError(f"This removes {rows}", "Give --yes if that is what you want")
        typer.confirm(f"This removes {rows}. Apply it?", abort=True, err=True)
    with changing(database, vault, acting_user=acting_user()) as changes:
        applied = apply_document(
            changes, vault, company_id, document, may_remove=True, permit=lambda now: _same(planned, now)
        )
    if as_json:
        show_json(applied)
    else:
        _show(applied.changes, language, as_json=False)
        for made in applied.secrets:
            show_text(f"Password of {made.username}, shown this once: {made.secret}")
    if applied.changes:
        own.announce_changes()


def _same(shown: list[Any], now: list[Any]) -> None:
    if shown != now:
        raise OperatorError("The company was changed by somebody else meanwhile", "Look at the difference again")


def _read(file: Path) -> Document:
    from kiestoon.store.configuration_file.reading import read_document  # noqa: PLC0415 - as above

    try:
        return read_document(file.read_bytes())
    except OSError as error:
        raise OperatorError(f"{file} cannot be read ({error.strerror})", "Give the name of an exported file") from None


def _company_id(own: CliContext, document: Document, company: str) -> int | None:
    """The company named, else the one with the file's domain; None for a new one."""
    from kiestoon.company.model import Company  # noqa: PLC0415
    from kiestoon.store.load import list_rows  # noqa: PLC0415 - as above

    if company:
        return own.company(company).id
    domain = document.company.values["domain"]
    return next((row.id for row in list_rows(own.checked_database(), Company) if row.domain == domain), None)


def _show(changes: list[Any], language: str, *, as_json: bool, to_stderr: bool = False) -> None:
    from kiestoon.store.configuration_file.difference import in_words  # noqa: PLC0415 - as above

    if as_json:
        show_json({"changes": changes, "text": in_words(changes, language)})
        return
    for line in in_words(changes, language):
        if to_stderr:
            typer.echo(line, err=True)
        else:
            show_text(line)
