"""``/companies/{company_id}/identity-providers`` and (operators, for everybody) ``/identity-providers``."""

from __future__ import annotations

from typing import Annotated, Any, Final, cast

import msgspec
from fastapi import APIRouter, Body, Depends, Request, Response
from pydantic import BaseModel, Field
from sqlalchemy import Connection

from kiestoon.api.login.answers import Id
from kiestoon.api.login.authentication import LoggedIn, Presence
from kiestoon.api.login.logins import Logins, get_logins
from kiestoon.api.login.oidc import consent_url
from kiestoon.api.login.oidc_routes import CALLBACK, Redirect
from kiestoon.api.login.owners import Owner, of_both
from kiestoon.api.permissions import may_do
from kiestoon.api.problems import ApiProblem
from kiestoon.api.resources.completing import REPEATABLE
from kiestoon.api.resources.parameters import IdCursor, PageSize, page_by_id
from kiestoon.api.resources.queries import DEFAULT_LIMIT
from kiestoon.api.resources.requests import check_company, etag_of, json_answer, respond_with, versions_of, write_once
from kiestoon.api.resources.rows import Writer
from kiestoon.api.schemas import change_model, create_model_of, read_model, row_values, to_json
from kiestoon.company.model import BY_ROW, IdentityProvider
from kiestoon.store import identities
from kiestoon.store.idempotency import Answer
from kiestoon.store.problems import problem
from kiestoon.store.write import Changes

WithLogins = Annotated[Logins, Depends(get_logins)]
_ENTITY: Final = BY_ROW[IdentityProvider]
ProviderRead = read_model(_ENTITY)
ProviderCreate = create_model_of(_ENTITY)
ProviderChange = change_model(_ENTITY)

router = APIRouter()


class ProviderList(BaseModel):
    """A page of identity providers by id, without their secrets."""

    items: list[ProviderRead]  # type: ignore[valid-type]  # made from the row's annotations
    next: str | None = Field(examples=[None])


@router.get("", response_model=ProviderList)
async def list_providers(
    owner_id: Owner, presence: LoggedIn, logins: WithLogins, cursor: IdCursor = None, limit: PageSize = DEFAULT_LIMIT
) -> dict[str, Any]:
    """The identity providers."""
    _demand(presence, owner_id, reading=True)

    def look(connection: Connection) -> list[IdentityProvider]:
        check_company(connection, owner_id)
        return identities.list_providers(connection, owner_id)

    page, following = page_by_id(await logins.backend.read(look), cursor, limit)
    return {"items": [to_json(provider) for provider in page], "next": following}


@router.post("", status_code=201, response_model=ProviderRead, openapi_extra=REPEATABLE)
async def add_provider(
    owner_id: Owner,
    given: Annotated[ProviderCreate, Body()],  # type: ignore[valid-type]  # as above
    presence: LoggedIn,
    request: Request,
    logins: WithLogins,
) -> Response:
    """Add an identity provider. Its secret is kept encrypted and never shown again."""
    _demand(presence, owner_id, reading=False)
    values = _values(given)

    def add(writer: Writer) -> Answer:
        added = writer.changes.add(IdentityProvider(**{**values, "id": 0, "company_id": owner_id}))
        return json_answer(to_json(added), 201, {"Location": f"{request.url.path}/{added.id}", "ETag": etag_of(added)})

    return await write_once(request, logins.backend, presence.principal, owner_id, await request.body(), add)


@router.get("/{provider_id}", response_model=ProviderRead)
async def get_provider(owner_id: Owner, provider_id: Id, presence: LoggedIn, logins: WithLogins) -> Response:
    """One identity provider."""
    found = await _look(presence, logins, owner_id, provider_id)
    return respond_with(json_answer(to_json(found), headers={"ETag": etag_of(found)}))


@router.patch("/{provider_id}", response_model=ProviderRead)
async def change_provider(
    owner_id: Owner,
    provider_id: Id,
    given: Annotated[ProviderChange, Body()],  # type: ignore[valid-type]  # as above
    presence: LoggedIn,
    request: Request,
    logins: WithLogins,
) -> Response:
    """Change an identity provider; If-Match says which version was seen."""
    _demand(presence, owner_id, reading=False)
    versions = versions_of(request, required=True)
    values = _values(given)

    def write(changes: Changes) -> IdentityProvider:
        old = _find(changes.connection, logins, owner_id, provider_id)
        if versions is not None and old.version not in versions:
            raise ApiProblem("stale", (problem("", "changed_meanwhile"),))
        return changes.update(msgspec.structs.replace(old, **values))

    changed = await logins.backend.write(presence.principal, write)
    return respond_with(json_answer(to_json(changed), headers={"ETag": etag_of(changed)}))


@router.delete("/{provider_id}", status_code=204)
async def remove_provider(owner_id: Owner, provider_id: Id, presence: LoggedIn, logins: WithLogins) -> None:
    """Remove an identity provider; its identities open nothing any more."""
    _demand(presence, owner_id, reading=False)
    await logins.backend.write(
        presence.principal,
        lambda changes: changes.remove(_find(changes.connection, logins, owner_id, provider_id)),
    )


@router.get("/{provider_id}/consent")
async def get_consent_address(
    owner_id: Owner, provider_id: Id, presence: LoggedIn, request: Request, logins: WithLogins
) -> Redirect:
    """Where an administrator of Microsoft Entra ID consents for everybody in the organisation."""
    found = await _look(presence, logins, owner_id, provider_id)
    if found.kind != "entra":
        raise ApiProblem("not_found")
    return Redirect(location=consent_url(found, logins.origin(request) + CALLBACK))


ROUTERS: Final = of_both(router, "identity-providers", "identity-providers", "identity providers", "identity providers")


def _demand(presence: Presence, owner_id: int | None, *, reading: bool) -> None:
    operation = "manage_identity_providers" if owner_id is not None else "shared_identity_providers"
    if owner_id is not None and presence.principal.role != "operator" and presence.principal.company_id != owner_id:
        raise ApiProblem("not_found")
    if not may_do(presence.principal, operation, "identity_providers", reading=reading):
        raise ApiProblem("forbidden")


async def _look(presence: Presence, logins: Logins, owner_id: int | None, provider_id: int) -> IdentityProvider:
    _demand(presence, owner_id, reading=True)
    return await logins.backend.read(lambda connection: _find(connection, logins, owner_id, provider_id))


def _find(connection: Connection, logins: Logins, owner_id: int | None, provider_id: int) -> IdentityProvider:
    found = identities.get_provider(connection, logins.backend.vault, provider_id)
    if found is None or found.company_id != owner_id:
        raise ApiProblem("not_found")
    return found


def _values(body: Any) -> dict[str, Any]:
    return row_values(_ENTITY, cast("BaseModel", body).model_dump(exclude_unset=True))
