"""The cookies: session, CSRF token, known browser. HttpOnly but for the CSRF token, which the page must read."""

from __future__ import annotations

import hmac
from hashlib import sha256
from typing import Final, Literal

import msgspec
from starlette.requests import HTTPConnection
from starlette.responses import Response

from kiestoon.api.login.logins import Logins
from kiestoon.operator_error import OperatorError
from kiestoon.store.keys import Vault
from kiestoon.store.sessions import ABSOLUTE_MS, new_token

SESSION: Final = "kiestoon_session"
CSRF: Final = "kiestoon_csrf"
DEVICE: Final = "kiestoon_device"
OIDC: Final = "kiestoon_oidc"
CSRF_HEADER: Final = "x-csrf-token"
_DEVICE_DAYS: Final = 365
_KEPT_DEVICES: Final = 8  # accounts one browser is known to
_PLACE: Final = "device cookie"


class _Known(msgspec.Struct, frozen=True, array_like=True):
    account_id: int
    device: str


def put(
    connection: HTTPConnection,
    response: Response,
    logins: Logins,
    name: str,
    value: str,
    *,
    seconds: int,
    readable: bool = False,
    samesite: Literal["lax", "strict"] = "lax",
) -> None:
    """Set one of our cookies; with the ``__Host-`` prefix (RFC 6265bis §4.1.3) wherever there is TLS."""
    secure = logins.is_secure(connection)
    response.set_cookie(
        _name(name, secure), value, max_age=seconds, secure=secure, httponly=not readable, samesite=samesite, path="/"
    )


def get(connection: HTTPConnection, logins: Logins, name: str) -> str:
    """One of our cookies, or ""."""
    return connection.cookies.get(_name(name, logins.is_secure(connection)), "")


def drop(connection: HTTPConnection, response: Response, logins: Logins, *names: str) -> None:
    """Have the browser forget cookies."""
    secure = logins.is_secure(connection)
    for name in names:
        response.delete_cookie(_name(name, secure), path="/", secure=secure, httponly=name != CSRF, samesite="lax")


def _name(name: str, secure: bool) -> str:
    return f"__Host-{name}" if secure else name


def csrf_token(session_token: str) -> str:
    """The token a page must send along: bound to its session, which it cannot be computed back to."""
    return hmac.new(session_token.encode(), b"kiestoon csrf", sha256).hexdigest()


def put_session(connection: HTTPConnection, response: Response, logins: Logins, token: str) -> None:
    """Set the cookies of a session."""
    seconds = ABSOLUTE_MS // 1000
    put(connection, response, logins, SESSION, token, seconds=seconds)
    put(connection, response, logins, CSRF, csrf_token(token), seconds=seconds, readable=True)


def known_device(connection: HTTPConnection, logins: Logins, account_id: int) -> str:
    """The name under which an account knows this browser; "" when it does not."""
    return next((held.device for held in _held(connection, logins) if held.account_id == account_id), "")


def remember_device(connection: HTTPConnection, response: Response, logins: Logins, account_id: int) -> None:
    """Let the browser prove next time that somebody has logged in to this account in it."""
    held = _held(connection, logins)
    own = next((known for known in held if known.account_id == account_id), _Known(account_id, new_token()[:16]))
    kept = [own, *(known for known in held if known.account_id != account_id)][:_KEPT_DEVICES]
    sealed = logins.backend.vault.encrypt(msgspec.json.encode(kept).decode(), _PLACE).hex()
    put(connection, response, logins, DEVICE, sealed, seconds=_DEVICE_DAYS * 86_400, samesite="strict")


def _held(connection: HTTPConnection, logins: Logins) -> list[_Known]:
    return _open(logins.backend.vault, get(connection, logins, DEVICE))


def _open(vault: Vault, sealed: str) -> list[_Known]:
    try:
        return msgspec.json.decode(vault.decrypt(bytes.fromhex(sealed), _PLACE), type=list[_Known])
    except (ValueError, OperatorError, msgspec.DecodeError):
        return []
