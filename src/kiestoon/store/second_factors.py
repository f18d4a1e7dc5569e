"""Second factors and passkeys: codes of an authenticator app (RFC 6238), recovery codes, WebAuthn credentials."""

from __future__ import annotations

import secrets
from hashlib import sha256

import msgspec
from sqlalchemy import Connection, delete, insert, select, update

from kiestoon.store.account_tables import account_totp, passkeys, recovery_codes
from kiestoon.store.keys import Vault

RECOVERY_CODES = 10
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # without what is mistaken for one another


class Totp(msgspec.Struct, frozen=True):
    """An authenticator app. ``last_step`` is the 30 s step of the last code used."""

    secret: str
    confirmed: bool
    last_step: int


class Passkey(msgspec.Struct, frozen=True):
    """A WebAuthn credential."""

    id: int
    account_id: int
    credential_id: bytes
    public_key: bytes
    sign_count: int
    transports: list[str]
    name: str
    created_ms: int
    used_ms: int | None


_PASSKEY = tuple(passkeys.c[name] for name in Passkey.__struct_fields__)


# --- codes of an app -----------------------------------------------------------------------------------------------


def begin_totp(connection: Connection, vault: Vault, account_id: int, secret: str) -> bool:
    """Keep the secret of an app whose first code is still to come; False when the account has an app already."""
    if has_totp(connection, account_id):
        return False
    connection.execute(delete(account_totp).where(account_totp.c.account_id == account_id))
    cells = {"secret": vault.encrypt(secret, _place(account_id)), "confirmed": False, "last_step": 0}
    connection.execute(insert(account_totp).values(account_id=account_id, **cells))
    return True


def get_totp(connection: Connection, vault: Vault, account_id: int) -> Totp | None:
    """The account's app, confirmed or not."""
    query = select(account_totp.c.secret, account_totp.c.confirmed, account_totp.c.last_step)
    values = connection.execute(query.where(account_totp.c.account_id == account_id)).first()
    return None if values is None else Totp(vault.decrypt(values[0], _place(account_id)), values[1], values[2])


def has_totp(connection: Connection, account_id: int) -> bool:
    """Whether codes are asked for at the login."""
    query = select(account_totp.c.confirmed).where(account_totp.c.account_id == account_id)
    return bool(connection.execute(query).scalar())


def use_totp(connection: Connection, account_id: int, step: int) -> bool:
    """Mark a code's step as used, and the app as confirmed; False when it, or a later one, was used already."""
    condition = (account_totp.c.account_id == account_id) & (account_totp.c.last_step < step)
    query = update(account_totp).where(condition).values(last_step=step, confirmed=True)
    return connection.execute(query).rowcount > 0


def remove_totp(connection: Connection, account_id: int) -> bool:
    """Take the app away, with the recovery codes; whether there was one."""
    connection.execute(delete(recovery_codes).where(recovery_codes.c.account_id == account_id))
    return connection.execute(delete(account_totp).where(account_totp.c.account_id == account_id)).rowcount > 0


def _place(account_id: int) -> str:
    return f"totp {account_id}"


def new_recovery_codes(connection: Connection, account_id: int) -> list[str]:
    """Ten codes of 79 random bits, each good once; older ones are void. Only their hashes are kept."""
    connection.execute(delete(recovery_codes).where(recovery_codes.c.account_id == account_id))
    codes = [
        "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(4)) for _ in range(RECOVERY_CODES)
    ]
    connection.execute(insert(recovery_codes), [{"account_id": account_id, "hash": _code_hash(code)} for code in codes])
    return codes


def use_recovery_code(connection: Connection, account_id: int, code: str) -> bool:
    """Whether it is one of the account's codes; then it is used up."""
    condition = (recovery_codes.c.account_id == account_id) & (recovery_codes.c.hash == _code_hash(code))
    return connection.execute(delete(recovery_codes).where(condition)).rowcount > 0


def count_recovery_codes(connection: Connection, account_id: int) -> int:
    """How many are left."""
    return len(connection.execute(select(recovery_codes.c.id).where(recovery_codes.c.account_id == account_id)).all())


def _code_hash(code: str) -> bytes:
    return sha256("".join(character for character in code.lower() if character.isalnum()).encode()).digest()


# --- passkeys ------------------------------------------------------------------------------------------------------


def add_passkey(
    connection: Connection,
    account_id: int,
    now_ms: int,
    *,
    credential_id: bytes,
    public_key: bytes,
    sign_count: int,
    transports: list[str],
    name: str,
) -> int:
    """Keep a passkey; returns its id."""
    query = insert(passkeys).values(
        account_id=account_id,
        credential_id=credential_id,
        public_key=public_key,
        sign_count=sign_count,
        transports=transports,
        name=name,
        created_ms=now_ms,
    )
    return int(connection.execute(query.returning(passkeys.c.id)).scalar_one())


def find_passkey(connection: Connection, credential_id: bytes) -> Passkey | None:
    """The passkey a browser names."""
    values = connection.execute(select(*_PASSKEY).where(passkeys.c.credential_id == credential_id)).first()
    return None if values is None else Passkey(*values)


def list_passkeys(connection: Connection, account_id: int) -> list[Passkey]:
    """An account's passkeys."""
    query = select(*_PASSKEY).where(passkeys.c.account_id == account_id).order_by(passkeys.c.id)
    return [Passkey(*values) for values in connection.execute(query)]


def use_passkey(connection: Connection, passkey: Passkey, sign_count: int, now_ms: int) -> bool:
    """Note a use; False when it was used meanwhile by somebody else who had the same counter."""
    condition = (passkeys.c.id == passkey.id) & (passkeys.c.sign_count == passkey.sign_count)
    query = update(passkeys).where(condition).values(sign_count=sign_count, used_ms=now_ms)
    return connection.execute(query).rowcount > 0


def remove_passkey(connection: Connection, account_id: int, passkey_id: int) -> bool:
    """Take a passkey away; whether there was one."""
    condition = (passkeys.c.id == passkey_id) & (passkeys.c.account_id == account_id)
    return connection.execute(delete(passkeys).where(condition)).rowcount > 0
