"""``/docs``: Swagger UI from the installed package, so that it works without the internet."""

from __future__ import annotations

from importlib import resources
from typing import Final

from fastapi import APIRouter, Response

from kiestoon.api.problems import ApiProblem

OPENAPI_PATH: Final = "/api/v1/openapi.json"
router = APIRouter(include_in_schema=False)

_ASSETS: Final = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css", "favicon.png": "image/png"}
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_PAGE: Final = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Kiestoon API</title>
<link rel="icon" href="/docs/favicon.png">
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="page"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""
# Our own pages have the CSRF token of the session in a cookie; trying things out sends it along.
_START: Final = f"""const csrf = () => (document.cookie.match(/(?:^|; )(?:__Host-)?kiestoon_csrf=([^;]*)/) || [])[1];
SwaggerUIBundle({{
  url: "{OPENAPI_PATH}",
  dom_id: "#page",
  deepLinking: true,
  docExpansion: "none",
  filter: true,
  validatorUrl: null,
  requestInterceptor: (request) => {{
    const token = csrf();
    if (token && new URL(request.url, location.href).origin === location.origin) {{
      request.headers["X-CSRF-Token"] = token;
    }}
    return request;
  }},
}});
"""


@router.get("/docs")
async def page() -> Response:
    """The page."""
    return _answer(_PAGE, "text/html; charset=utf-8")


@router.get("/docs/start.js")
async def start() -> Response:
    """The script that starts it; a file of its own, as the policy allows none inline."""
    return _answer(_START, "text/javascript; charset=utf-8")


@router.get("/docs/{name}")
def asset(name: str) -> Response:
    """One of the files the page consists of."""
    media_type = _ASSETS.get(name)
    if media_type is None:
        raise ApiProblem("not_found")
    content = resources.files("fastapi_offline").joinpath("static", name).read_bytes()
    return _answer(content, media_type, cache="public, max-age=86400")


def _answer(content: str | bytes, media_type: str, cache: str = "no-cache") -> Response:
    headers = {"Content-Security-Policy": _POLICY, "Cache-Control": cache}
    return Response(content, headers=headers, media_type=media_type)
