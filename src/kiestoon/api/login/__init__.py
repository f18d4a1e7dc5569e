"""Logging in: passwords, second factors, passkeys, identity providers, sessions, access tokens, accounts."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter

from kiestoon.api.login import (
    account_routes,
    acting_routes,
    link_routes,
    oidc_routes,
    own_routes,
    passkey_routes,
    password_page,
    pin_routes,
    provider_routes,
    session_routes,
    totp_routes,
)

ROUTERS: Final[tuple[APIRouter, ...]] = (
    session_routes.router,
    acting_routes.router,
    link_routes.router,
    password_page.router,
    own_routes.router,
    pin_routes.router,
    totp_routes.router,
    passkey_routes.router,
    oidc_routes.router,
    *account_routes.ROUTERS,
    *provider_routes.ROUTERS,
)
