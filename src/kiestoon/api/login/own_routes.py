"""What somebody does with the own login: password, access tokens. In a browser's session, never in another's view."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from kiestoon.api.login import cookies
from kiestoon.api.login.answers import Body, Id, SessionAnswer, Title, as_time, describe_session
from kiestoon.api.login.authentication import LoggedIn, Presence, authenticated, principal_of
from kiestoon.api.login.choosing import hash_password, known_of
from kiestoon.api.login.logins import Logins, get_logins, source_of
from kiestoon.api.login.throttle import Attempt
from kiestoon.api.problems import ApiProblem
from kiestoon.company.model import BY_TABLE
from kiestoon.company.passwords import generate_password
from kiestoon.store import accounts as accounts_store
from kiestoon.store import sessions as sessions_store
from kiestoon.store.problems import problem
from kiestoon.store.write import Changes

router = APIRouter(prefix="/api/v1", tags=["own login"])
WithLogins = Annotated[Logins, Depends(get_logins)]
_DAY_MS = 86_400_000


async def own_session(presence: LoggedIn) -> Presence:
    """Somebody in a session of the own, in the own view."""
    if presence.session is None:
        raise ApiProblem("forbidden", (problem("", "needs_session"),))
    if presence.principal.acting_as:
        raise ApiProblem("forbidden", (problem("", "no_acting"),))
    return presence


InOwnSession = Annotated[Presence, Depends(own_session)]
Settled = [Depends(authenticated)]
"""Not for who must change the password first."""


class PasswordChange(Body):
    """A change of the own password."""

    current: Annotated[str, Field(max_length=256, description="The present one; may be empty when there is none yet.")]
    new: Annotated[str, Field(min_length=1, max_length=1024, examples=["Kies-toon-42!"])]


class Generated(BaseModel):
    """A password as the rules want it. It is not in force until it is set."""

    password: str


@router.get("/session/password/proposal")
async def propose_password(presence: InOwnSession, logins: WithLogins) -> Generated:
    """A random password that keeps the rules, for the form's "generate"."""
    known = await logins.backend.read(lambda connection: known_of(connection, presence.account))
    return Generated(password=generate_password(known))


@router.put("/session/password")
async def change_password(
    body: PasswordChange, presence: InOwnSession, request: Request, response: Response, logins: WithLogins
) -> SessionAnswer:
    """Change the own password. Every other session of the account ends; this one goes on with a new token."""
    account = presence.account
    await confirm_password(logins, request, presence, body.current)
    hashed = await hash_password(logins, account, body.new, "new")
    now_ms = logins.wall_ms()
    browser = request.headers.get("user-agent", "")
    method = presence.session.method if presence.session is not None else ""

    def write(changes: Changes) -> tuple[str, Presence]:
        current = accounts_store.get_account(changes.connection, account.id)
        if current is None:
            raise ApiProblem("unauthenticated")
        current = accounts_store.set_password(changes, current, hashed, now_ms)
        connection = changes.connection
        token = sessions_store.open_session(
            connection, account.id, now_ms, method=method, source=source_of(request), browser=browser
        )
        session = sessions_store.find_session(connection, token, now_ms)
        return token, Presence(current, principal_of(connection, current), session)

    token, changed = await logins.backend.write(presence.principal, write)
    cookies.put_session(request, response, logins, token)
    return describe_session(changed, cookies.csrf_token(token))


async def confirm_password(logins: Logins, request: Request, presence: Presence, password: str) -> None:
    """Raise unless it is the account's password; accounts without one (single sign-on) need none."""
    account = presence.account
    hashed = await logins.backend.read(lambda connection: accounts_store.password_hash(connection, account.id))
    if hashed is None:
        return
    attempt = Attempt(f"#{account.id}", source_of(request), f"session {presence.session and presence.session.id}")
    logins.refuse_if_too_fast(attempt)
    if not await logins.hashing.verify(hashed, password):
        logins.throttle.failed(attempt, logins.monotonic())
        logins.note("refused", "confirmation", attempt)
        raise ApiProblem("invalid", (problem("current", "wrong_password"),))
    logins.throttle.succeeded(attempt)


# --- access tokens -------------------------------------------------------------------------------------------------

Scope = Annotated[
    str,
    Field(
        pattern=r"^(read|write|[a-z_]{1,40}:(read|write))$",
        max_length=48,
        examples=["read", "users:write"],
        description="read, write (which includes reading), or of one kind of row only.",
    ),
]


class TokenCreate(Body):
    """A new access token."""

    name: Annotated[Title, Field(examples=["Backup script"])]
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=50, examples=[["read"]])]
    days: Annotated[int | None, Field(ge=1, le=3660, examples=[90], description="null: until it is withdrawn.")] = 365


class TokenShown(BaseModel):
    """An access token, without its text."""

    id: int
    name: str
    scopes: list[str]
    created: datetime | None
    used: datetime | None
    expires: datetime | None


class TokenMade(TokenShown):
    """A new access token: the only time its text is shown."""

    token: str = Field(examples=["kst_V1StGXR8Z5jdHi6BmyT2…"])
    kind: Literal["bearer"] = "bearer"


@router.get("/session/tokens", dependencies=Settled)
async def list_tokens(presence: InOwnSession, logins: WithLogins) -> list[TokenShown]:
    """The own access tokens."""
    account_id = presence.account.id
    held = await logins.backend.read(lambda connection: sessions_store.list_tokens(connection, account_id))
    return [TokenShown.model_validate(_token_cells(token)) for token in held]


@router.post("/session/tokens", status_code=201, dependencies=Settled)
async def make_token(body: TokenCreate, presence: InOwnSession, logins: WithLogins) -> TokenMade:
    """Issue an access token for a program. It can never do more than its owner."""
    unknown = {scope for scope in body.scopes if ":" in scope and scope.partition(":")[0] not in KNOWN_SUBJECTS}
    if unknown:
        known = ", ".join(["read", "write", "users:read"])
        raise ApiProblem("invalid", (problem("scopes", "not_a_choice", value=min(unknown), choices=known),))
    now_ms = logins.wall_ms()
    expires_ms = None if body.days is None else now_ms + body.days * _DAY_MS
    account = presence.account

    def write(changes: Changes) -> tuple[str, sessions_store.AccessToken]:
        issued = sessions_store.issue_token(
            changes.connection,
            account.id,
            now_ms,
            name=body.name,
            scopes=sorted(set(body.scopes)),
            expires_ms=expires_ms,
        )
        changes.record("token_issued", account, token=issued[1].id, name=body.name, scopes=issued[1].scopes)
        return issued

    text, token = await logins.backend.write(presence.principal, write)
    return TokenMade.model_validate({**_token_cells(token), "token": text})


@router.delete("/session/tokens/{token_id}", status_code=204, dependencies=Settled)
async def withdraw_token(token_id: Id, presence: InOwnSession, logins: WithLogins) -> None:
    """Make an access token worthless at once."""
    account = presence.account

    def write(changes: Changes) -> bool:
        gone = sessions_store.withdraw_token(changes.connection, account.id, token_id)
        if gone:
            changes.record("token_withdrawn", account, token=token_id)
        return gone

    if not await logins.backend.write(presence.principal, write):
        raise ApiProblem("not_found")


KNOWN_SUBJECTS = frozenset(BY_TABLE) | {"accounts", "identity_providers", "calls", "prompts"}
"""What scopes may be about."""


def _token_cells(token: sessions_store.AccessToken) -> dict[str, object]:
    cells = msgspec.structs.asdict(token)
    return {
        **{name: cells[name] for name in ("id", "name", "scopes")},
        "created": as_time(token.created_ms),
        "used": as_time(token.used_ms),
        "expires": as_time(token.expires_ms),
    }
