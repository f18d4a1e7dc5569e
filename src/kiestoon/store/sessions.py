"""Sessions of browsers, access tokens of programs, and what a login of several steps remembers in between.

Each is known by a random token of 256 bits of which only the SHA-256 is kept: who reads the database cannot log in.
"""

from __future__ import annotations

import secrets
from hashlib import sha256
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, insert, select, update

from kiestoon.store.account_tables import access_tokens, login_steps, sessions

IDLE_MS = 12 * 3_600_000
"""A session that nobody used for so long is over."""
ABSOLUTE_MS = 7 * 86_400_000
"""No session lasts longer."""
TOKEN_PREFIX = "kst_"  # noqa: S105 - how access tokens begin, so that scanners for leaked secrets know them
_NOTED_EVERY_MS = 60_000  # the time of last use is written once a minute at most


class Session(msgspec.Struct, frozen=True):
    """One browser's session. ``method`` is how one logged in: "password", "totp", "recovery", "passkey" or "oidc"."""

    id: int
    account_id: int
    created_ms: int
    used_ms: int
    expires_ms: int
    method: str
    source: str
    browser: str
    acting_user_id: int | None


class AccessToken(msgspec.Struct, frozen=True):
    """A personal access token, without what proves it."""

    id: int
    account_id: int
    name: str
    scopes: list[str]
    created_ms: int
    used_ms: int | None
    expires_ms: int | None


_SESSION = tuple(sessions.c[name] for name in Session.__struct_fields__)
_TOKEN = tuple(access_tokens.c[name] for name in AccessToken.__struct_fields__)


def new_token() -> str:
    """256 random bits as text."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> bytes:
    """What is kept of a token."""
    return sha256(token.encode()).digest()


# --- sessions ------------------------------------------------------------------------------------------------------


def open_session(
    connection: Connection, account_id: int, now_ms: int, *, method: str, source: str, browser: str
) -> str:
    """Begin a session; returns its token, which is told to the browser and nobody else."""
    connection.execute(
        delete(sessions).where((sessions.c.expires_ms < now_ms) | (sessions.c.used_ms < now_ms - IDLE_MS))
    )
    token = new_token()
    connection.execute(
        insert(sessions).values(
            token_hash=token_hash(token),
            account_id=account_id,
            created_ms=now_ms,
            used_ms=now_ms,
            expires_ms=now_ms + ABSOLUTE_MS,
            method=method,
            source=source[:45],
            browser="".join(character for character in browser if character.isprintable())[:255],
        )
    )
    return token


def find_session(connection: Connection, token: str, now_ms: int) -> Session | None:
    """The session of a token, unless it is over."""
    query = select(*_SESSION).where(
        sessions.c.token_hash == token_hash(token),
        sessions.c.expires_ms >= now_ms,
        sessions.c.used_ms >= now_ms - IDLE_MS,
    )
    values = connection.execute(query).first()
    return None if values is None else Session(*values)


def is_use_to_be_noted(used_ms: int | None, now_ms: int) -> bool:
    """Whether the time of last use that is kept is too old to stand."""
    return used_ms is None or now_ms - used_ms >= _NOTED_EVERY_MS


def note_session_use(connection: Connection, session_id: int, now_ms: int) -> None:
    """The session is in use."""
    connection.execute(update(sessions).where(sessions.c.id == session_id).values(used_ms=now_ms))


def list_sessions(connection: Connection, account_id: int, now_ms: int) -> list[Session]:
    """An account's living sessions, newest first."""
    query = (
        select(*_SESSION)
        .where(
            sessions.c.account_id == account_id, sessions.c.expires_ms >= now_ms, sessions.c.used_ms >= now_ms - IDLE_MS
        )
        .order_by(sessions.c.id.desc())
    )
    return [Session(*values) for values in connection.execute(query)]


def end_session(connection: Connection, account_id: int, session_id: int) -> bool:
    """End one session of an account; whether there was one."""
    condition = (sessions.c.id == session_id) & (sessions.c.account_id == account_id)
    return connection.execute(delete(sessions).where(condition)).rowcount > 0


def end_all_sessions(connection: Connection, account_id: int, *, but: int | None = None) -> int:
    """End an account's sessions, except the one named; returns how many."""
    condition = sessions.c.account_id == account_id
    if but is not None:
        condition &= sessions.c.id != but
    return connection.execute(delete(sessions).where(condition)).rowcount


def act_as(connection: Connection, session_id: int, user_id: int | None) -> None:
    """Put a session into a person's view, or (None) back into its owner's."""
    connection.execute(update(sessions).where(sessions.c.id == session_id).values(acting_user_id=user_id))


# --- access tokens -------------------------------------------------------------------------------------------------


def issue_token(
    connection: Connection, account_id: int, now_ms: int, *, name: str, scopes: list[str], expires_ms: int | None
) -> tuple[str, AccessToken]:
    """Make an access token; its text is returned this once."""
    token = TOKEN_PREFIX + new_token()
    cells: dict[str, Any] = {"name": name, "scopes": scopes, "created_ms": now_ms, "expires_ms": expires_ms}
    query = insert(access_tokens).values(token_hash=token_hash(token), account_id=account_id, **cells)
    token_id = connection.execute(query.returning(access_tokens.c.id)).scalar_one()
    return token, AccessToken(token_id, account_id, name, scopes, now_ms, None, expires_ms)


def find_token(connection: Connection, token: str, now_ms: int) -> AccessToken | None:
    """The access token, unless it is over or withdrawn."""
    values = connection.execute(select(*_TOKEN).where(access_tokens.c.token_hash == token_hash(token))).first()
    found = None if values is None else AccessToken(*values)
    return None if found is None or (found.expires_ms is not None and found.expires_ms < now_ms) else found


def note_token_use(connection: Connection, token_id: int, now_ms: int) -> None:
    """The token is in use."""
    connection.execute(update(access_tokens).where(access_tokens.c.id == token_id).values(used_ms=now_ms))


def list_tokens(connection: Connection, account_id: int) -> list[AccessToken]:
    """An account's access tokens, by id."""
    query = select(*_TOKEN).where(access_tokens.c.account_id == account_id).order_by(access_tokens.c.id)
    return [AccessToken(*values) for values in connection.execute(query)]


def withdraw_token(connection: Connection, account_id: int, token_id: int) -> bool:
    """Make a token worthless; whether there was one."""
    condition = (access_tokens.c.id == token_id) & (access_tokens.c.account_id == account_id)
    return connection.execute(delete(access_tokens).where(condition)).rowcount > 0


# --- steps of a login ----------------------------------------------------------------------------------------------


def begin_step(connection: Connection, kind: str, data: dict[str, Any], now_ms: int, lasts_ms: int) -> str:
    """Remember something until the next step; returns the token that step must show."""
    connection.execute(delete(login_steps).where(login_steps.c.expires_ms < now_ms))
    token = new_token()
    connection.execute(
        insert(login_steps).values(token_hash=token_hash(token), kind=kind, data=data, expires_ms=now_ms + lasts_ms)
    )
    return token


def peek_step(connection: Connection, kind: str, token: str, now_ms: int) -> dict[str, Any] | None:
    """What was remembered under this token, leaving it there."""
    query = select(login_steps.c.data).where(
        login_steps.c.token_hash == token_hash(token), login_steps.c.kind == kind, login_steps.c.expires_ms >= now_ms
    )
    return connection.execute(query).scalar()


def take_step(connection: Connection, kind: str, token: str, now_ms: int) -> dict[str, Any] | None:
    """As ``peek_step``, once: two who come with the same token do not both get it."""
    condition = (login_steps.c.token_hash == token_hash(token)) & (login_steps.c.kind == kind)
    query = delete(login_steps).where(condition, login_steps.c.expires_ms >= now_ms).returning(login_steps.c.data)
    return connection.execute(query).scalar()
