"""Identity providers, and which account belongs to which identity at one."""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert, or_, select

from kiestoon.company.model import IdentityProvider
from kiestoon.store.account_tables import account_identities, identity_providers
from kiestoon.store.cells import columns_of, row_reader
from kiestoon.store.keys import Vault
from kiestoon.store.scope import INSTALLATION
from kiestoon.store.tables import companies


def get_provider(connection: Connection, vault: Vault, provider_id: int) -> IdentityProvider | None:
    """A provider with its secret."""
    query = select(*columns_of(IdentityProvider)).where(identity_providers.c.id == provider_id)
    values = connection.execute(query, execution_options=INSTALLATION).first()
    return None if values is None else row_reader(IdentityProvider, vault)(values)


def list_providers(connection: Connection, company_id: int | None) -> list[IdentityProvider]:
    """The providers of a company, or (None) the installation's, without secrets."""
    query = select(*columns_of(IdentityProvider)).where(identity_providers.c.company_id == company_id)
    read = row_reader(IdentityProvider, None)
    return [read(values) for values in connection.execute(query.order_by(identity_providers.c.id))]


def offered_providers(connection: Connection, domain: str) -> list[IdentityProvider]:
    """What a login page offers: the installation's providers, and those of the company with this domain."""
    own = select(companies.c.id).where(companies.c.domain == domain).scalar_subquery()
    condition = or_(identity_providers.c.company_id.is_(None), identity_providers.c.company_id == own)
    query = select(*columns_of(IdentityProvider)).where(condition, identity_providers.c.active)
    read = row_reader(IdentityProvider, None)
    return [read(values) for values in connection.execute(query.order_by(identity_providers.c.id))]


def find_identity(connection: Connection, provider_id: int, subject: str) -> int | None:
    """The account that belongs to an identity."""
    table = account_identities
    condition = (table.c.provider_id == provider_id) & (table.c.subject == subject)
    return connection.execute(select(table.c.account_id).where(condition)).scalar()


def link_identity(connection: Connection, provider_id: int, subject: str, account_id: int, now_ms: int) -> bool:
    """From now on the identity opens this account; False when it opens another one already."""
    held = find_identity(connection, provider_id, subject)
    if held is None:
        cells = {"provider_id": provider_id, "subject": subject, "account_id": account_id, "linked_ms": now_ms}
        connection.execute(insert(account_identities).values(cells))
    return held in {None, account_id}


def linked_providers(connection: Connection, account_id: int) -> list[int]:
    """The providers whose identities open an account."""
    table = account_identities
    query = select(table.c.provider_id).where(table.c.account_id == account_id).order_by(table.c.provider_id)
    return list(connection.execute(query).scalars())


def unlink_identity(connection: Connection, provider_id: int, account_id: int) -> bool:
    """The account is no longer opened by identities of this provider; whether it was."""
    table = account_identities
    condition = (table.c.provider_id == provider_id) & (table.c.account_id == account_id)
    return connection.execute(delete(table).where(condition)).rowcount > 0
