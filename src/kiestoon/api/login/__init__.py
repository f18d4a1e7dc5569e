"""Logging in: passwords, second factors, passkeys, identity providers, sessions, access tokens, accounts."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter

from kiestoon.api.login import session_routes

ROUTERS: Final[tuple[APIRouter, ...]] = (session_routes.router,)
