"""``/companies/{company_id}/identity-providers`` and (operators, for everybody) ``/identity-providers``.

Annotations are not postponed here: FastAPI could not look up those of the factory.
"""

from collections.abc import Callable
from typing import Annotated, Any, Final, cast

import msgspec
from fastapi import APIRouter, Body, Depends, Request, Response
from pydantic import BaseModel
from sqlalchemy import Connection

from kiestoon.api.login.answers import Id
from kiestoon.api.login.authentication import LoggedIn, Presence, authenticated
from kiestoon.api.login.logins import Logins, get_logins
from kiestoon.api.login.oidc import consent_url
from kiestoon.api.login.oidc_routes import CALLBACK, Redirect
from kiestoon.api.permissions import may_do
from kiestoon.api.problems import ApiProblem
from kiestoon.api.resources.requests import check_company, etag_of, versions_of
from kiestoon.api.schemas import change_model, create_model_of, read_model, row_values, to_json
from kiestoon.company.model import BY_ROW, IdentityProvider
from kiestoon.store import identities
from kiestoon.store.problems import problem
from kiestoon.store.write import Changes

WithLogins = Annotated[Logins, Depends(get_logins)]
_ENTITY: Final = BY_ROW[IdentityProvider]
ProviderRead = read_model(_ENTITY)
ProviderCreate = create_model_of(_ENTITY)
ProviderChange = change_model(_ENTITY)


class ProviderList(BaseModel):
    """Identity providers by id, without their secrets."""

    items: list[ProviderRead]  # type: ignore[valid-type]  # made from the row's annotations
    next: None = None


def make_router(prefix: str, owner: Callable[..., int | None]) -> APIRouter:
    """The routes over the providers of one owner: a company, or (None) the installation."""
    router = APIRouter(prefix=prefix, tags=["identity providers"], dependencies=[Depends(authenticated)])
    owned: Any = Annotated[int | None, Depends(owner)]

    @router.get("", response_model=ProviderList)
    async def list_providers(owner_id: owned, presence: LoggedIn, logins: WithLogins) -> dict[str, Any]:
        """The identity providers."""
        _demand(presence, owner_id, reading=True)

        def look(connection: Connection) -> list[dict[str, Any]]:
            check_company(connection, owner_id)
            return [to_json(provider) for provider in identities.list_providers(connection, owner_id)]

        return {"items": await logins.backend.read(look), "next": None}

    @router.post("", status_code=201, response_model=ProviderRead)
    async def add_provider(
        owner_id: owned,
        given: Annotated[ProviderCreate, Body()],  # type: ignore[valid-type]  # as above
        presence: LoggedIn,
        response: Response,
        logins: WithLogins,
    ) -> dict[str, Any]:
        """Add an identity provider. Its secret is kept encrypted and never shown again."""
        _demand(presence, owner_id, reading=False)
        values = row_values(_ENTITY, cast("BaseModel", given).model_dump(exclude_unset=True))

        def write(changes: Changes) -> IdentityProvider:
            check_company(changes.connection, owner_id)
            return changes.add(IdentityProvider(**{**values, "id": 0, "company_id": owner_id}))

        added = await logins.backend.write(presence.principal, write)
        response.headers["Location"] = f"{router.prefix.format(company_id=owner_id)}/{added.id}"
        response.headers["ETag"] = etag_of(added)
        return to_json(added)

    @router.get("/{provider_id}", response_model=ProviderRead)
    async def get_provider(
        owner_id: owned, provider_id: Id, presence: LoggedIn, response: Response, logins: WithLogins
    ) -> dict[str, Any]:
        """One identity provider."""
        _demand(presence, owner_id, reading=True)
        found = await logins.backend.read(lambda connection: _find(connection, logins, owner_id, provider_id))
        response.headers["ETag"] = etag_of(found)
        return to_json(found)

    @router.patch("/{provider_id}", response_model=ProviderRead)
    async def change_provider(
        owner_id: owned,
        provider_id: Id,
        given: Annotated[ProviderChange, Body()],  # type: ignore[valid-type]  # as above
        presence: LoggedIn,
        request: Request,
        response: Response,
        logins: WithLogins,
    ) -> dict[str, Any]:
        """Change an identity provider; If-Match says which version was seen."""
        _demand(presence, owner_id, reading=False)
        versions = versions_of(request, required=True)
        values = row_values(_ENTITY, cast("BaseModel", given).model_dump(exclude_unset=True))

        def write(changes: Changes) -> IdentityProvider:
            old = _find(changes.connection, logins, owner_id, provider_id)
            if versions is not None and old.version not in versions:
                raise ApiProblem("stale", (problem("", "changed_meanwhile"),))
            return changes.update(msgspec.structs.replace(old, **values))

        changed = await logins.backend.write(presence.principal, write)
        response.headers["ETag"] = etag_of(changed)
        return to_json(changed)

    @router.delete("/{provider_id}", status_code=204)
    async def remove_provider(owner_id: owned, provider_id: Id, presence: LoggedIn, logins: WithLogins) -> None:
        """Remove an identity provider; its identities open nothing any more."""
        _demand(presence, owner_id, reading=False)
        await logins.backend.write(
            presence.principal,
            lambda changes: changes.remove(_find(changes.connection, logins, owner_id, provider_id)),
        )

    @router.get("/{provider_id}/consent")
    async def get_consent_address(
        owner_id: owned, provider_id: Id, presence: LoggedIn, request: Request, logins: WithLogins
    ) -> Redirect:
        """Where an administrator of Microsoft Entra ID consents for everybody in the organisation."""
        _demand(presence, owner_id, reading=True)
        found = await logins.backend.read(lambda connection: _find(connection, logins, owner_id, provider_id))
        if found.kind != "entra":
            raise ApiProblem("not_found")
        return Redirect(location=consent_url(found, logins.origin(request) + CALLBACK))

    return router


def _of_company(company_id: Id) -> int | None:
    return company_id


def _of_installation() -> int | None:
    return None


ROUTERS: Final = (
    make_router("/api/v1/companies/{company_id}/identity-providers", _of_company),
    make_router("/api/v1/identity-providers", _of_installation),
)


def _demand(presence: Presence, company_id: int | None, *, reading: bool) -> None:
    if not may_do(presence.principal, "manage_identity_providers", "identity_providers", reading=reading):
        raise ApiProblem("forbidden")
    if presence.account.role != "operator" and presence.account.company_id != company_id:
        raise ApiProblem("not_found")


def _find(connection: Connection, logins: Logins, company_id: int | None, provider_id: int) -> IdentityProvider:
    found = identities.get_provider(connection, logins.backend.vault, provider_id)
    if found is None or found.company_id != company_id:
        raise ApiProblem("not_found")
    return found
