"""Tables of the logins. What proves who somebody is, is kept as a hash or encrypted; see ``accounts``, ``sessions``.

Times are wall-clock milliseconds.
"""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Boolean, Column, ForeignKey, Index, Integer, LargeBinary, String, Table

from kiestoon.company.model import Account, IdentityProvider
from kiestoon.store.tables import TABLES, metadata

accounts = TABLES[Account]
identity_providers = TABLES[IdentityProvider]
# In SQL two NULLs differ: without this there could be two operators of one name.
Index(
    "uq_accounts_operator_login",
    accounts.c.login,
    unique=True,
    sqlite_where=accounts.c.company_id.is_(None),
    postgresql_where=accounts.c.company_id.is_(None),
)
Index("ix_accounts_email", accounts.c.email)


def _of_account() -> Column[int]:
    return Column("account_id", Integer, ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False, index=True)


# The newest is in force; the others are there to be refused as used recently.
account_passwords = Table(
    "account_passwords",
    metadata,
    Column("id", Integer, primary_key=True),
    _of_account(),
    Column("hash", String(255), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
)

# As above. A PIN has so few possibilities that its hash alone would not keep it: it is encrypted besides.
user_pins = Table(
    "user_pins",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("user_id", Integer, ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("hash", LargeBinary, nullable=False),
    Column("must_change", Boolean, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
)

# Wrong PINs from one source since the last right one; kept, so that a restart gives nobody new attempts.
pin_failures = Table(
    "pin_failures",
    metadata,
    Column("user_id", Integer, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("source", String(32), primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
)

room_pin_failures = Table(
    "room_pin_failures",
    metadata,
    Column("room_id", Integer, ForeignKey("conference_rooms.id", ondelete="CASCADE"), primary_key=True),
    Column("source", String(32), primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    _of_account(),
    Column("created_ms", BigInteger, nullable=False),
    Column("used_ms", BigInteger, nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
    Column("method", String(16), nullable=False),
    Column("source", String(45), nullable=False),
    Column("browser", String(255), nullable=False),
    Column("acting_user_id", Integer, ForeignKey("users.id", ondelete="SET NULL"), nullable=True, index=True),
    sqlite_autoincrement=True,
)

access_tokens = Table(
    "access_tokens",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    _of_account(),
    Column("name", String(80), nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("used_ms", BigInteger, nullable=True),
    Column("expires_ms", BigInteger, nullable=True),
    sqlite_autoincrement=True,
)

# What a login of several steps must remember in between: each is taken once.
login_steps = Table(
    "login_steps",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("data", JSON, nullable=False),
    Column("expires_ms", BigInteger, nullable=False, index=True),
)

account_totp = Table(
    "account_totp",
    metadata,
    Column("account_id", Integer, ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True),
    Column("secret", LargeBinary, nullable=False),
    Column("confirmed", Boolean, nullable=False),
    Column("last_step", BigInteger, nullable=False),  # a code of this 30 s step, or an older one, is refused
)

recovery_codes = Table(
    "recovery_codes",
    metadata,
    Column("id", Integer, primary_key=True),
    _of_account(),
    Column("hash", LargeBinary, nullable=False),
)

passkeys = Table(
    "passkeys",
    metadata,
    Column("id", Integer, primary_key=True),
    _of_account(),
    Column("credential_id", LargeBinary, nullable=False, unique=True),
    Column("public_key", LargeBinary, nullable=False),
    Column("sign_count", BigInteger, nullable=False),
    Column("transports", JSON, nullable=False),
    Column("name", String(80), nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("used_ms", BigInteger, nullable=True),
    sqlite_autoincrement=True,
)

account_identities = Table(
    "account_identities",
    metadata,
    Column("provider_id", Integer, ForeignKey("identity_providers.id", ondelete="CASCADE"), primary_key=True),
    Column("subject", String(255), primary_key=True),
    _of_account(),
    Column("linked_ms", BigInteger, nullable=False),
)
