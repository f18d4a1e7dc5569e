"""Logging in with an identity provider, and linking identities to the own account (ORG-18)."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final

import msgspec
from authlib.common.security import generate_token
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field
from sqlalchemy import Connection, select

from kiestoon.api.login import cookies
from kiestoon.api.login.answers import Id
from kiestoon.api.login.authentication import authenticated, is_usable, logged_in
from kiestoon.api.login.logins import Logins, get_logins
from kiestoon.api.login.oidc import Identity, IdentityError
from kiestoon.api.login.opening import attempt_of, open_session
from kiestoon.api.login.own_routes import InOwnSession
from kiestoon.api.problems import ApiProblem
from kiestoon.api.resources.completing import OPEN
from kiestoon.company.model import Account, IdentityProvider
from kiestoon.store import identities
from kiestoon.store import sessions as sessions_store
from kiestoon.store.account_tables import accounts
from kiestoon.store.accounts import get_account, password_hash
from kiestoon.store.problems import problem
from kiestoon.store.scope import INSTALLATION
from kiestoon.store.write import Changes

router = APIRouter(prefix="/api/v1/session", tags=["session"])
WithLogins = Annotated[Logins, Depends(get_logins)]
CALLBACK: Final = "/api/v1/session/oidc/callback"
_KIND: Final = "oidc"
_LASTS_MS: Final = 10 * 60_000
_LOCAL: Final = re.compile(r"/(?![/\\])[!-~]*\Z")


class Offered(BaseModel):
    """A provider one can log in with."""

    id: int
    name: str
    kind: str


class Redirect(BaseModel):
    """Where to send the browser."""

    location: str


class Linked(BaseModel):
    """A provider whose identity opens the account."""

    provider_id: int


class _Flow(msgspec.Struct, frozen=True):
    provider_id: int
    nonce: str
    verifier: str
    return_to: str
    account_id: int | None  # whose account the identity is to be linked to; None: to log in


@router.get("/providers", openapi_extra=OPEN)
async def list_providers(
    logins: WithLogins,
    domain: Annotated[
        str, Field(max_length=253, description="A company's domain.", examples=["phones.example.org"])
    ] = "",
) -> list[Offered]:
    """The providers a login page offers, those of a company when its domain is given."""
    held = await logins.backend.read(lambda connection: identities.offered_providers(connection, domain.lower()))
    return [Offered(id=provider.id, name=provider.name, kind=provider.kind) for provider in held]


@router.get("/oidc/{provider_id}/start", status_code=302, response_class=RedirectResponse, openapi_extra=OPEN)
async def start(
    provider_id: Id,
    request: Request,
    logins: WithLogins,
    return_to: Annotated[str, Field(description="The path here where the browser ends up logged in.")] = "/",
) -> Response:
    """Send the browser to the provider. ``return_to`` is a path here, where it ends up logged in."""
    location, state = await _begin(logins, request, provider_id, return_to, None)
    response = RedirectResponse(location, 302)
    cookies.put(request, response, logins, cookies.OIDC, state, seconds=_LASTS_MS // 1000)
    return response


@router.post("/identities/{provider_id}", dependencies=[Depends(authenticated)])
async def begin_link(
    provider_id: Id, presence: InOwnSession, request: Request, response: Response, logins: WithLogins
) -> Redirect:
    """Begin linking an identity to the own account: the browser is to go to ``location``."""
    location, state = await _begin(logins, request, provider_id, "/", presence.account)
    cookies.put(request, response, logins, cookies.OIDC, state, seconds=_LASTS_MS // 1000)
    return Redirect(location=location)


@router.get("/identities", dependencies=[Depends(authenticated)])
async def list_identities(presence: InOwnSession, logins: WithLogins) -> list[Linked]:
    """The providers whose identities open the own account."""
    account_id = presence.account.id
    held = await logins.backend.read(lambda connection: identities.linked_providers(connection, account_id))
    return [Linked(provider_id=provider_id) for provider_id in held]


@router.delete("/identities/{provider_id}", status_code=204, dependencies=[Depends(authenticated)])
async def unlink(provider_id: Id, presence: InOwnSession, logins: WithLogins) -> None:
    """Take an identity off the own account, which must keep a password to be opened with."""
    account = presence.account

    def write(changes: Changes) -> bool:
        if password_hash(changes.connection, account.id) is None:
            raise ApiProblem("conflict", (problem("", "password_needed"),))
        gone = identities.unlink_identity(changes.connection, provider_id, account.id)
        if gone:
            changes.record("identity_unlinked", account, provider_id=provider_id)
        return gone

    if not await logins.backend.write(presence.principal, write):
        raise ApiProblem("not_found")


@router.get("/oidc/callback", status_code=302, response_class=RedirectResponse, openapi_extra=OPEN)
async def callback(
    request: Request,
    logins: WithLogins,
    state: Annotated[str, Field(max_length=200, description="As given to the provider.")] = "",
    code: Annotated[str, Field(max_length=4096, description="What the provider's token endpoint takes.")] = "",
    error: Annotated[str, Field(max_length=200, description="Why the provider refused (RFC 6749 §4.1.2.1).")] = "",
    iss: Annotated[str, Field(max_length=300, description="Which provider it was (RFC 9207).")] = "",
    admin_consent: Annotated[str, Field(max_length=10, description="Of Entra ID's consent page.")] = "",
) -> Response:
    """Where the provider sends the browser back to."""
    if admin_consent and not state:
        return RedirectResponse("/", 302)
    flow = await _take(logins, request, state)
    provider = await _provider(logins, flow.provider_id)
    try:
        if error or not code:
            raise IdentityError(f"it answered {error[:60] or 'without a code'}")
        if iss and not logins.providers.accepts_issuer(provider, iss):
            raise IdentityError("the answer is another provider's")
        identity = await logins.providers.redeem(
            provider,
            _redirect_uri(logins, request),
            code=code,
            nonce=flow.nonce,
            verifier=flow.verifier,
            now_s=logins.wall_ms() / 1000,
        )
    except IdentityError as wrong:
        logins.note("refused", "oidc", None, provider=provider.id, why=str(wrong))
        detail = "".join(character for character in str(wrong) if character.isprintable())[:120]
        raise ApiProblem("unauthenticated", (problem("", "provider_failed", detail=detail),)) from None
    response = RedirectResponse(flow.return_to, 302)
    cookies.drop(request, response, logins, cookies.OIDC)
    if flow.account_id is not None:
        await _link(logins, request, provider, identity, flow.account_id)
        return response
    account = await _account(logins, provider, identity)
    attempt = attempt_of(logins, request, f"provider {provider.id}", account)
    if account is None:
        logins.note("refused", "oidc", attempt, provider=provider.id, why="not linked")
        raise ApiProblem("unauthenticated", (problem("", "not_linked"),))
    await open_session(logins, request, response, account, "oidc", attempt)
    return response


async def _begin(
    logins: Logins, request: Request, provider_id: int, return_to: str, account: Account | None
) -> tuple[str, str]:
    provider = await _provider(logins, provider_id)
    if not _LOCAL.match(return_to):
        raise ApiProblem("invalid", (problem("return_to", "wrong_form", value=return_to[:80], example="/"),))
    if account is not None and provider.company_id not in {None, account.company_id}:
        raise ApiProblem("not_found")
    flow = _Flow(provider.id, generate_token(32), generate_token(64), return_to, account.id if account else None)
    now_ms = logins.wall_ms()
    state = await logins.backend.store(
        lambda connection: sessions_store.begin_step(connection, _KIND, msgspec.to_builtins(flow), now_ms, _LASTS_MS)
    )
    try:
        location = await logins.providers.authorization_url(
            provider,
            _redirect_uri(logins, request),
            state=state,
            nonce=flow.nonce,
            verifier=flow.verifier,
            now_s=now_ms / 1000,
        )
    except IdentityError as wrong:
        logins.note("refused", "oidc", None, provider=provider.id, why=str(wrong))
        raise ApiProblem("unavailable", (problem("", "provider_failed", detail=str(wrong)[:120]),)) from None
    return location, state


async def _take(logins: Logins, request: Request, state: str) -> _Flow:
    """The flow this browser began: the state must be in its cookie too (RFC 6749 §10.12)."""
    now_ms = logins.wall_ms()
    data: dict[str, Any] | None = None
    if state and state == cookies.get(request, logins, cookies.OIDC):
        data = await logins.backend.store(lambda connection: sessions_store.take_step(connection, _KIND, state, now_ms))
    if data is None:
        raise ApiProblem("unauthenticated", (problem("state", "step_over"),))
    return msgspec.convert(data, _Flow)


async def _provider(logins: Logins, provider_id: int) -> IdentityProvider:
    vault = logins.backend.vault
    provider = await logins.backend.read(lambda connection: identities.get_provider(connection, vault, provider_id))
    if provider is None or not provider.active:
        raise ApiProblem("not_found")
    return provider


async def _link(
    logins: Logins, request: Request, provider: IdentityProvider, identity: Identity, account_id: int
) -> None:
    presence = await logged_in(request)
    if presence.account.id != account_id or presence.principal.acting_as:
        raise ApiProblem("unauthenticated", (problem("state", "step_over"),))
    now_ms = logins.wall_ms()

    def write(changes: Changes) -> None:
        if not identities.link_identity(changes.connection, provider.id, identity.subject, account_id, now_ms):
            raise ApiProblem("conflict", (problem("", "taken", other="another"),))
        changes.record("identity_linked", presence.account, provider_id=provider.id)

    await logins.backend.write(presence.principal, write)


async def _account(logins: Logins, provider: IdentityProvider, identity: Identity) -> Account | None:
    """The account of an identity: a linked one, or the only one with the verified e-mail address, linked from now on.

    A company's provider opens that company's accounts only.
    """
    now_ms = logins.wall_ms()

    def find(connection: Connection) -> Account | None:
        account_id = identities.find_identity(connection, provider.id, identity.subject)
        if account_id is None and provider.link_by_email and identity.email:
            account_id = _by_email(connection, provider, identity.email)
            if account_id is not None:
                identities.link_identity(connection, provider.id, identity.subject, account_id, now_ms)
        account = get_account(connection, account_id) if account_id is not None else None
        fits = account is not None and provider.company_id in {None, account.company_id}
        return account if account is not None and fits and is_usable(connection, account) else None

    return await logins.backend.store(find)


def _by_email(connection: Connection, provider: IdentityProvider, email: str) -> int | None:
    query = select(accounts.c.id).where(accounts.c.email == email).limit(2)
    if provider.company_id is not None:
        query = query.where(accounts.c.company_id == provider.company_id)
    found = connection.execute(query, execution_options=INSTALLATION).scalars().all()
    return found[0] if len(found) == 1 else None


def _redirect_uri(logins: Logins, request: Request) -> str:
    return logins.origin(request) + CALLBACK
