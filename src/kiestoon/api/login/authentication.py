"""Who is asking: a browser by its session cookie, a program by its access token.

``Depends(authenticated)`` gives routes their ``Principal``. It works for WebSockets too.
"""

from __future__ import annotations

from hmac import compare_digest
from typing import Annotated, Final, TypeAlias

import msgspec
from fastapi import Depends
from sqlalchemy import Connection
from starlette.requests import HTTPConnection

from kiestoon.api.limits import count
from kiestoon.api.login import cookies
from kiestoon.api.login.logins import Logins, get_logins
from kiestoon.api.login.reach import may_act_as
from kiestoon.api.principal import Principal
from kiestoon.api.problems import ApiProblem
from kiestoon.company.model import Account, Company, User
from kiestoon.store import accounts as accounts_store
from kiestoon.store import sessions as sessions_store
from kiestoon.store.load import iterate_rows
from kiestoon.store.problems import problem

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class Presence(msgspec.Struct, frozen=True):
    """Somebody who is logged in. ``session`` is None for a program with an access token.

    ``account`` is whose login it is; ``principal`` may be the person in whose view its owner acts.
    """

    account: Account
    principal: Principal
    session: sessions_store.Session | None


async def logged_in(connection: HTTPConnection) -> Presence:
    """Who is logged in, also when only a change of password is left to do; raises ``ApiProblem`` 401, 403 or 429."""
    logins = get_logins(connection)
    scheme, _, credentials = connection.headers.get("authorization", "").partition(" ")
    if scheme:
        token = credentials.strip() if scheme.lower() == "bearer" else ""
        presence = await _by_token(logins, token) if token.startswith(sessions_store.TOKEN_PREFIX) else None
    else:
        presence = await _by_cookie(logins, connection)
    if presence is None:
        raise ApiProblem("unauthenticated")
    connection.state.principal = presence.principal
    count(connection, presence.account.id)
    return presence


LoggedIn: TypeAlias = Annotated[Presence, Depends(logged_in)]


async def authenticated(presence: LoggedIn) -> Principal:
    """Whose request it is. 401 without a valid session or token, 403 without CSRF token or with a password to
    change."""
    if presence.account.must_change_password and presence.session is not None:
        raise ApiProblem("forbidden", (problem("", "password_must_change"),))
    return presence.principal


async def _by_token(logins: Logins, token: str) -> Presence | None:
    now_ms = logins.wall_ms()

    def find(connection: Connection) -> tuple[Presence, sessions_store.AccessToken] | None:
        held = sessions_store.find_token(connection, token, now_ms)
        account = accounts_store.get_account(connection, held.account_id) if held is not None else None
        if held is None or account is None or not is_usable(connection, account):
            return None
        principal = principal_of(connection, account, scopes=frozenset(held.scopes))
        return Presence(account, principal, None), held

    found = await logins.backend.read(find)
    if found is None:
        return None
    presence, held = found
    if sessions_store.is_use_to_be_noted(held.used_ms, now_ms):
        await logins.backend.store(lambda connection: sessions_store.note_token_use(connection, held.id, now_ms))
    return presence


async def _by_cookie(logins: Logins, connection: HTTPConnection) -> Presence | None:
    token = cookies.get(connection, logins, cookies.SESSION)
    if not token:
        return None
    now_ms = logins.wall_ms()

    def find(store: Connection) -> Presence | None:
        session = sessions_store.find_session(store, token, now_ms)
        account = accounts_store.get_account(store, session.account_id) if session is not None else None
        if session is None or account is None or not is_usable(store, account):
            return None
        return Presence(account, principal_of(store, account, acting_user_id=session.acting_user_id), session)

    presence = await logins.backend.read(find)
    if presence is None or presence.session is None:
        return None
    refuse_forgery(logins, connection, cookies.csrf_token(token))
    session = presence.session
    if sessions_store.is_use_to_be_noted(session.used_ms, now_ms):
        await logins.backend.store(lambda store: sessions_store.note_session_use(store, session.id, now_ms))
    return presence


def refuse_forgery(logins: Logins, connection: HTTPConnection, expected: str | None) -> None:
    """Raise unless a changing request comes from our own pages: their origin, and the session's CSRF token.

    ``expected`` None: there is no session yet, the origin alone counts. WebSockets cannot carry the token: for them
    the origin, which browsers always send, must be ours.
    """
    is_socket = connection.scope["type"] == "websocket"
    if not is_socket and connection.scope.get("method") in _SAFE:
        return
    origin = connection.headers.get("origin")
    foreign = origin is not None and origin.lower() != logins.origin(connection).lower()
    site = connection.headers.get("sec-fetch-site", "same-origin")
    if foreign or (origin is None and (is_socket or site not in {"same-origin", "none"})):
        raise ApiProblem("forbidden", (problem("", "foreign_origin"),))
    given = connection.headers.get(cookies.CSRF_HEADER, "")
    if expected is not None and not is_socket and not compare_digest(given.encode(), expected.encode()):
        raise ApiProblem("forbidden", (problem("", "csrf"),))


def is_usable(connection: Connection, account: Account) -> bool:
    """Whether one may work with the account at all."""
    if account.disabled:
        return False
    company = _company(connection, account.company_id)
    return account.company_id is None or (company is not None and company.active)


def principal_of(
    connection: Connection,
    account: Account,
    *,
    scopes: frozenset[str] | None = None,
    acting_user_id: int | None = None,
) -> Principal:
    """The principal of an account, or of the person in whose view it acts while it still may."""
    own = Principal(
        account_id=account.id,
        name=accounts_store.login_of(connection, account),
        role=account.role,
        company_id=account.company_id,
        location_id=account.location_id if account.role == "location" else None,
        department_id=account.department_id if account.role == "department" else None,
        user_id=account.user_id,
        rights=rights_of(_user(connection, account.user_id)),
        scopes=scopes,
        language=account.language or _language(connection, account.company_id),
    )
    person = _user(connection, acting_user_id)
    if person is None or not may_act_as(connection, account, person):
        return own
    return msgspec.structs.replace(
        own,
        role="user",
        company_id=person.company_id,
        location_id=None,
        department_id=None,
        user_id=person.id,
        rights=rights_of(person),
        acting_as=person.name,
    )


def rights_of(person: User | None) -> frozenset[str]:
    """What a person may beyond the role."""
    if person is None:
        return frozenset()
    held = {
        "recordings_all": person.may_see_all_recordings,
        "recordings_own": person.may_see_own_recordings,
        "time_configuration": person.may_configure_time,
        "supervisor": person.is_supervisor,
    }
    return frozenset(name for name, has in held.items() if has)


def _user(connection: Connection, user_id: int | None) -> User | None:
    return None if user_id is None else next(iterate_rows(connection, User, row_id=user_id), None)


def _company(connection: Connection, company_id: int | None) -> Company | None:
    return None if company_id is None else next(iterate_rows(connection, Company, row_id=company_id), None)


def _language(connection: Connection, company_id: int | None) -> str:
    company = _company(connection, company_id)
    return company.language if company is not None and company.language else "nl"
