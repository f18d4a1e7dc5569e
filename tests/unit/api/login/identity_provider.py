"""A small OpenID Connect provider on the loopback, whose tokens can be spoiled."""

from __future__ import annotations

import asyncio
import hashlib
import socket
from base64 import b64decode, urlsafe_b64encode
from html import escape
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from joserfc import jwt
from joserfc.jwk import RSAKey

SECRET = "client-secret-of-the-test"


class Provider:
    """Whoever comes is logged in as ``claims`` say. ``spoil`` overrides claims of the ID token."""

    def __init__(self, now_s: Any) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.issuer = f"http://127.0.0.1:{self.listener.getsockname()[1]}/realm"
        self.key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
        self.signing_key = self.key
        self.algorithm = "RS256"
        self.claims: dict[str, Any] = {"sub": "s-1", "email": "anna@mail.example", "email_verified": True}
        self.spoil: dict[str, Any] = {}
        self.metadata: dict[str, Any] = {}
        self.now_s = now_s
        self._codes: dict[str, dict[str, str]] = {}
        self._server = uvicorn.Server(uvicorn.Config(self._application(), log_config=None, lifespan="off"))
        self._serving: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Listen; connections wait in the socket until the loop comes to them."""
        self._serving = asyncio.create_task(self._server.serve(sockets=[self.listener]))

    async def stop(self) -> None:
        self._server.should_exit = True
        if self._serving is not None:
            await self._serving

    def authorize(self, location: str) -> str:
        """What the provider's login page would do: where the browser is sent back to."""
        query = dict(parse_qsl(urlsplit(location).query))
        assert query["response_type"] == "code"
        assert query["code_challenge_method"] == "S256"
        code = f"code-{len(self._codes)}"
        self._codes[code] = query
        return f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state'], 'iss': self.issuer})}"

    def _application(self) -> FastAPI:
        application = FastAPI()

        @application.get("/realm/.well-known/openid-configuration")
        async def discover() -> dict[str, Any]:
            own = {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
            }
            return {**own, **self.metadata}

        @application.get("/realm/authorize", response_class=HTMLResponse)
        async def page(request: Request) -> str:
            """For browsers: one click logs in."""
            back = self.authorize(str(request.url)) if request.url.query else ""
            return f'<!DOCTYPE html><title>Log in</title><a href="{escape(back)}">Log in</a>'

        @application.get("/realm/keys")
        async def keys() -> dict[str, Any]:
            return {"keys": [self.key.as_dict(private=False)]}

        @application.post("/realm/token")
        async def token(request: Request) -> Response:
            form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
            given = b64decode(request.headers.get("authorization", " ").partition(" ")[2]).decode()
            asked = self._codes.pop(form.get("code", ""), None)
            digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
            challenge = urlsafe_b64encode(digest).rstrip(b"=").decode()
            if given != f"phones:{SECRET}" or asked is None or challenge != asked["code_challenge"]:
                return JSONResponse({"error": "invalid_grant"}, 400)
            if form.get("redirect_uri") != asked["redirect_uri"]:
                return JSONResponse({"error": "invalid_grant"}, 400)
            return JSONResponse({"access_token": "x", "token_type": "Bearer", "id_token": self._id_token(asked)})

        return application

    def _id_token(self, asked: dict[str, str]) -> str:
        now = int(self.now_s())
        claims = {"iss": self.issuer, "aud": "phones", "iat": now, "exp": now + 300, "nonce": asked["nonce"]}
        claims = {name: value for name, value in {**claims, **self.claims, **self.spoil}.items() if value is not None}
        header = {"alg": self.algorithm, "kid": self.signing_key.kid}
        return jwt.encode(header, claims, self.signing_key, algorithms=[self.algorithm])
