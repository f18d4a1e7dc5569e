"""What the commands share: settings, the opened installation, and telling a running exchange about changes."""

from __future__ import annotations

import getpass
import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from kiestoon.app.config import Settings, load_settings
from kiestoon.operator_error import OperatorError

if TYPE_CHECKING:
    from kiestoon.company.model import Company
    from kiestoon.store.database import Database
    from kiestoon.store.keys import Vault


class CliContext:
    """Opens things when a command needs them, so that the others start quickly."""

    def __init__(self, config: Path | None) -> None:
        self._config = config

    @cached_property
    def settings(self) -> Settings:
        return load_settings(self._config)

    @cached_property
    def database(self) -> Database:
        from kiestoon.store.database import Database  # noqa: PLC0415 - SQLAlchemy is for those who need it

        return Database(self.settings.database_url)

    @cached_property
    def vault(self) -> Vault:
        from kiestoon.store.installation import open_vault  # noqa: PLC0415 - as above

        return open_vault(self.database, self.settings.key_path)

    def checked_database(self) -> Database:
        """The database, once it is known to be ours and of our version."""
        from kiestoon.store.schema import check_schema  # noqa: PLC0415 - as above

        if self.database.is_sqlite and not Path(self.database.place).exists():
            raise OperatorError(f"There is no database at {self.database.place} yet", "Run: kiestoon migrate")
        check_schema(self.database)
        return self.database

    def company(self, name: str) -> Company:
        """The company named on the command line; "" is the only one there is."""
        from kiestoon.company.model import Company  # noqa: PLC0415
        from kiestoon.store.load import find_company, list_rows  # noqa: PLC0415

        companies = list_rows(self.checked_database(), Company)
        if not name and len(companies) == 1:
            return companies[0]
        company = find_company(self.database, name) if name else None
        if company is None:
            known = ", ".join(company.domain for company in companies) or "none yet; see kiestoon company add"
            what = f"There is no company {name!r}" if name else "Which company is meant is not clear"
            raise OperatorError(what, f"Give one with --company ({known})")
        return company

    def ask(self, command: str, **arguments: Any) -> Any:
        """Run a command of the running exchange."""
        from kiestoon.app.admin_client import ask  # noqa: PLC0415 - as above

        return ask(self.settings.admin_socket, command, **arguments)

    def announce_changes(self) -> None:
        """Have a running exchange take over what was written; one that is not running will read it at its start."""
        from kiestoon.app.admin_client import CommandRefusedError, ExchangeUnreachableError  # noqa: PLC0415

        try:
            self.ask("reload")
        except ExchangeUnreachableError:
            typer.echo("(no exchange is running here; it will know at its next start)", err=True)
        except CommandRefusedError as problem:
            typer.echo(f"Written, but the running exchange did not take it over. {problem}", err=True)


def acting_user() -> str:
    """Who is at the command line, for the audit trail."""
    try:
        return f"cli:{os.environ.get('SUDO_USER') or getpass.getuser()}"
    except (KeyError, OSError):  # a user id without a name
        return f"cli:uid {os.getuid()}"


def context_of(context: typer.Context) -> CliContext:
    """Our context inside Typer's."""
    found = context.find_object(CliContext)
    if found is None:
        raise RuntimeError("the command line was entered without its callback")
    return found
