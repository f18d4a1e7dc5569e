"""The page that the link of an account mail leads to: somebody chooses a password (ORG-4, ORG-6).

It stands alone, so that it works wherever the API does; nothing in it comes from elsewhere, and nothing is inline.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from fastapi import APIRouter, Response

from kiestoon.notify.account_mail import PAGE

router = APIRouter(include_in_schema=False)

_FOLDER: Final = Path(__file__).parent
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)


@router.get(PAGE)
async def page() -> Response:
    """Where a password is chosen."""
    return _answer("page.html", "text/html")


@router.get(f"{PAGE}/page.css")
async def style() -> Response:
    """Its looks."""
    return _answer("page.css", "text/css")


@router.get(f"{PAGE}/page.js")
async def script() -> Response:
    """What it does."""
    return _answer("page.js", "text/javascript")


def _answer(name: str, media_type: str) -> Response:
    content = (_FOLDER / name).read_bytes()
    return Response(content, headers={"Content-Security-Policy": _POLICY}, media_type=f"{media_type}; charset=utf-8")
