"""``kiestoon admin add|list|remove|password``: who administers over the web. The first operator is made here."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from kiestoon.app.cli_context import CliContext, acting_user, context_of
from kiestoon.app.cli_output import show
from kiestoon.app.cli_removal import Yes, remove
from kiestoon.app.cli_rows import AsJson, OfCompany
from kiestoon.company.model import Account, AccountRole
from kiestoon.company.passwords import generate_password, password_weaknesses
from kiestoon.operator_error import OperatorError

if TYPE_CHECKING:
    from kiestoon.store.write import Changes

admin_app = typer.Typer(help="Administrators' logins to the web. Without --company: operators of the installation.")
_LOGIN = typer.Argument(help="Its id, as in anna or anna@phones.example.org.")
_STDIN = typer.Option("--password-stdin", help="Read the password from standard input instead of making one.")
_COLUMNS = {
    "id": "id",
    "login_name": "login",
    "name": "name",
    "email": "e-mail",
    "role": "role",
    "disabled": "disabled",
}


class BadPasswordError(OperatorError):
    """The password does not keep the rules."""

    exit_code = 65  # EX_DATAERR


@admin_app.command("list")
def list_admins(context: typer.Context, company: OfCompany = "", as_json: AsJson = False) -> None:
    """Accounts of a company, or the operators."""
    from kiestoon.store.accounts import list_accounts, login_of  # noqa: PLC0415 - SQLAlchemy only where it is needed

    own = context_of(context)
    company_id = own.company(company).id if company else None
    with own.checked_database().read() as connection:
        cells = [
            {**msgspec.structs.asdict(account), "name": account.name, "login_name": login_of(connection, account)}
            for account in list_accounts(connection, company_id)
        ]
    show(cells, _COLUMNS, as_json=as_json, empty="No accounts yet. See: kiestoon admin add")


@admin_app.command("add")
def add_admin(
    context: typer.Context,
    login: Annotated[str, typer.Argument(help="The id to log in with, unique in the company.")],
    company: OfCompany = "",
    location: Annotated[str, typer.Option(help="Administers this location only.")] = "",
    department: Annotated[str, typer.Option(help="Administers this department only.")] = "",
    first_name: str = "",
    last_name: str = "",
    email: str = "",
    password_stdin: Annotated[bool, _STDIN] = False,
) -> None:
    """Add an administrator and show the password, this once: an operator, or of a company, location or department."""
    from kiestoon.app.cli_rows import link_ids  # noqa: PLC0415 - as above

    own = context_of(context)
    if (location or department) and not company:
        raise OperatorError("A location or department belongs to a company", "Name it with --company")
    company_id = own.company(company).id if company else None
    links = link_ids(own, company_id, location=location, department=department) if company_id is not None else {}
    role: AccountRole = "department" if department else "location" if location else "company" if company else "operator"
    account = Account(
        id=0,
        login=login.lower(),
        role=role,
        company_id=company_id,
        first_name=first_name,
        last_name=last_name,
        email=email.lower(),
        **links,
    )
    own.checked_database()
    _write(own, account, password_stdin=password_stdin)


@admin_app.command("password")
def set_password(
    context: typer.Context, login: Annotated[str, _LOGIN], password_stdin: Annotated[bool, _STDIN] = False
) -> None:
    """Give an account a new password, which must be changed at the next login; ends its sessions."""
    own = context_of(context)
    _write(own, _find(own, login), password_stdin=password_stdin)


@admin_app.command("remove")
def remove_admin(context: typer.Context, login: Annotated[str, _LOGIN], yes: Yes = False) -> None:
    """Remove an account."""
    own = context_of(context)
    account = _find(own, login)
    remove(own, account, f"account {account.login}", yes=yes)


def _find(own: CliContext, login: str) -> Account:
    from kiestoon.store.accounts import find_account  # noqa: PLC0415 - as above

    with own.checked_database().read() as connection:
        account = find_account(connection, login)
    if account is None:
        raise OperatorError(f"There is no account {login}", "See: kiestoon admin list --company …")
    return account


def _write(own: CliContext, account: Account, *, password_stdin: bool) -> None:
    from kiestoon.store.write import changing  # noqa: PLC0415 - as above

    known = (account.login, account.first_name, account.last_name, account.email)
    given = sys.stdin.readline().rstrip("\r\n") if password_stdin else ""
    password = given if password_stdin else generate_password(known)
    weak = password_weaknesses(password, known)
    if weak:
        from kiestoon.store.problems import problem  # noqa: PLC0415 - as above

        told = problem("password", weak[0].code, **weak[0].params)
        raise BadPasswordError(f"No password was set: {told.text()}", told.advice())
    with changing(own.database, own.vault, acting_user=acting_user()) as changes:
        account, login = put_password(changes, account, password, must_change=not password_stdin)
    typer.echo(f"Login:    {login}")
    if not password_stdin:
        typer.echo(f"Password: {password}  (shown this once; must be changed at the first login)")


def put_password(changes: Changes, account: Account, password: str, *, must_change: bool) -> tuple[Account, str]:
    """Write an account, new (id 0) or not, with a password; returns it with what its owner types to log in."""
    import time  # noqa: PLC0415 - as above

    from argon2 import PasswordHasher  # noqa: PLC0415 - as above

    from kiestoon.store import accounts  # noqa: PLC0415 - as above

    if not account.id:
        account = changes.add(account)
    hashed = PasswordHasher().hash(password)
    account = accounts.set_password(changes, account, hashed, int(time.time() * 1000), must_change=must_change)
    return account, accounts.login_of(changes.connection, account)
