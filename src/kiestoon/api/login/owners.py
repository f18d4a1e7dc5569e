"""Routes over what a company has or, beside all companies, the installation: accounts, identity providers.

The same routes are included twice: below a company's path and, for operators, by themselves.
"""

from __future__ import annotations

from typing import Annotated, TypeAlias

from fastapi import APIRouter, Depends
from starlette.requests import Request

from kiestoon.api.login.answers import Id
from kiestoon.api.login.authentication import authenticated


def below_company(request: Request, company_id: Id) -> None:
    """The path begins with a company."""
    request.state.owner_id = company_id


def owner_of(request: Request) -> int | None:
    """The company a path is about; None = the installation."""
    owner_id: int | None = getattr(request.state, "owner_id", None)
    return owner_id


Owner: TypeAlias = Annotated[int | None, Depends(owner_of)]


def of_both(routes: APIRouter, name: str, own_name: str, tag: str, own_tag: str) -> tuple[APIRouter, APIRouter]:
    """The routes below ``/companies/{company_id}/name``, and the installation's below ``/own_name``."""
    company = APIRouter(dependencies=[Depends(authenticated), Depends(below_company)])
    company.include_router(routes, prefix=f"/api/v1/companies/{{company_id}}/{name}", tags=[tag])
    installation = APIRouter(dependencies=[Depends(authenticated)])
    installation.include_router(routes, prefix=f"/api/v1/{own_name}", tags=[own_tag])
    return company, installation
