"""Our side of OpenID Connect: discovery, the authorization request with PKCE, and believing an ID token.

OpenID Connect Core 1.0 §3.1, Discovery 1.0, RFC 7636, RFC 9207. Entra ID's issuer for any tenant is a template with
``{tenantid}``, which each token's own ``tid`` fills in.
"""

from __future__ import annotations

from typing import Any, Final, cast

import msgspec
from authlib.common.errors import AuthlibBaseError
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet, KeySetSerialization

from kiestoon.api.login.fetching import FetchError, fetch_json
from kiestoon.company.model import IdentityProvider

ALGORITHMS: Final = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
    "Ed25519",
)
_SCOPE: Final = "openid profile email"
_KEPT_S: Final = 3600
_KEYS_AGAIN_S: Final = 60
_LEEWAY_S: Final = 60
_TENANT: Final = "{tenantid}"


class IdentityError(Exception):
    """The provider, or what it said, cannot be trusted; says why without revealing tokens."""


class Identity(msgspec.Struct, frozen=True):
    """Whom a provider has vouched for. ``email`` only when the provider has verified it, in lower case, else ""."""

    subject: str
    email: str


class _Known(msgspec.Struct):
    metadata: dict[str, Any]
    keys: dict[str, Any]
    at_s: float


class Providers:
    """What providers publish about themselves, kept for an hour."""

    def __init__(self, *, private: bool) -> None:
        self._private = private
        self._known: dict[str, _Known] = {}

    async def authorization_url(
        self, provider: IdentityProvider, redirect_uri: str, *, state: str, nonce: str, verifier: str, now_s: float
    ) -> str:
        """Where the browser is sent."""
        known = await self._discover(provider, now_s)
        url: str = prepare_grant_uri(
            _endpoint(known.metadata, "authorization_endpoint", private=self._private),
            provider.client_id,
            "code",
            redirect_uri,
            _SCOPE,
            state,
            nonce=nonce,
            code_challenge=create_s256_code_challenge(verifier),
            code_challenge_method="S256",
        )
        return url

    async def redeem(
        self, provider: IdentityProvider, redirect_uri: str, *, code: str, nonce: str, verifier: str, now_s: float
    ) -> Identity:
        """Turn the code the browser brought into an identity; raises ``IdentityError``."""
        known = await self._discover(provider, now_s)
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
            "client_id": provider.client_id,
        }
        auth = None
        if provider.secret:
            offered = known.metadata.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
            if "client_secret_post" in offered:
                form["client_secret"] = provider.secret
            else:
                auth = (provider.client_id, provider.secret)
        endpoint = _endpoint(known.metadata, "token_endpoint", private=self._private)
        answer = await self._fetch(endpoint, form=form, auth=auth)
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise IdentityError("there is no ID token in the answer")
        return await self._believe(provider, known, token, nonce, now_s)

    def accepts_issuer(self, provider: IdentityProvider, issuer: str) -> bool:
        """Whether the ``iss`` beside a code is this provider's (RFC 9207)."""
        known = self._known.get(provider.issuer)
        return known is None or _TENANT in known.metadata["issuer"] or issuer == known.metadata["issuer"]

    async def _believe(
        self, provider: IdentityProvider, known: _Known, token: str, nonce: str, now_s: float
    ) -> Identity:
        try:
            decoded = self._decode(known, token)
        except (InvalidKeyIdError, ValueError) as error:
            if now_s - known.at_s < _KEYS_AGAIN_S:
                raise IdentityError(f"the ID token's key is unknown ({type(error).__name__})") from None
            del self._known[provider.issuer]  # keys are changed now and then
            known = await self._discover(provider, now_s)
            decoded = self._decode(known, token)
        claims = CodeIDToken(
            decoded.claims,
            decoded.header,
            {
                "iss": {"essential": True, "value": _issuer_of(known.metadata, decoded.claims)},
                "aud": {"essential": True, "value": provider.client_id},
            },
            {"nonce": nonce, "client_id": provider.client_id},
        )
        try:
            claims.validate(now=int(now_s), leeway=_LEEWAY_S)
        except (JoseError, AuthlibBaseError, TypeError, ValueError) as error:
            raise IdentityError(f"the ID token is not acceptable ({type(error).__name__}: {error})") from None
        return identity_of(provider, decoded.claims)

    def _decode(self, known: _Known, token: str) -> jwt.Token:
        try:
            return jwt.decode(
                token, KeySet.import_key_set(cast("KeySetSerialization", known.keys)), algorithms=ALGORITHMS
            )
        except InvalidKeyIdError:
            raise
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise IdentityError(f"the ID token is not genuine ({type(error).__name__})") from None

    async def _discover(self, provider: IdentityProvider, now_s: float) -> _Known:
        known = self._known.get(provider.issuer)
        if known is not None and now_s - known.at_s < _KEPT_S:
            return known
        metadata = await self._fetch(provider.issuer.rstrip("/") + "/.well-known/openid-configuration")
        issuer = metadata.get("issuer")
        if not isinstance(issuer, str) or not _same_issuer(provider, issuer):
            raise IdentityError("the provider calls itself by another issuer")
        keys = await self._fetch(_endpoint(metadata, "jwks_uri", private=self._private))
        known = self._known[provider.issuer] = _Known(metadata, keys, now_s)
        return known

    async def _fetch(
        self, url: str, *, form: dict[str, str] | None = None, auth: tuple[str, str] | None = None
    ) -> dict[str, Any]:
        try:
            return await fetch_json(url, private=self._private, form=form, auth=auth)
        except FetchError as error:
            raise IdentityError(str(error)) from None


def identity_of(provider: IdentityProvider, claims: dict[str, Any]) -> Identity:
    """Whom checked claims are about. Entra's ``sub`` differs for each application, so tenant and object id count."""
    email = str(claims.get("email", "")).lower()
    if provider.kind == "entra":
        if not (isinstance(claims.get("oid"), str) and isinstance(claims.get("tid"), str)):
            raise IdentityError("the ID token names no tenant and object id")
        subject = f"{claims['tid']}/{claims['oid']}"
        # Entra lets every tenant write any address into this claim; xms_edov says that its domain is the tenant's own.
        verified = claims.get("xms_edov") in (True, 1, "1", "true")
    else:
        subject, verified = str(claims["sub"]), claims.get("email_verified") in (True, "true")
    if not subject or len(subject) > 255:
        raise IdentityError("the ID token's subject is not usable")
    believed = verified and email.rpartition("@")[2] in provider.domains
    return Identity(subject, email if believed else "")


def consent_url(provider: IdentityProvider, redirect_uri: str) -> str:
    """Where an administrator of the customer's Entra ID lets the application in for everybody (E app. C.1)."""
    base = provider.issuer.rstrip("/").removesuffix("/v2.0")
    url: str = prepare_grant_uri(f"{base}/v2.0/adminconsent", provider.client_id, "code", redirect_uri, _SCOPE)
    return url.replace("response_type=code&", "")


def _same_issuer(provider: IdentityProvider, issuer: str) -> bool:
    if issuer.rstrip("/") == provider.issuer.rstrip("/"):
        return True
    if provider.kind != "entra" or _TENANT not in issuer:
        return False
    common = {issuer.replace(_TENANT, name).rstrip("/") for name in ("common", "organizations", "consumers")}
    return provider.issuer.rstrip("/") in common


def _issuer_of(metadata: dict[str, Any], claims: dict[str, Any]) -> str:
    return str(metadata["issuer"]).replace(_TENANT, str(claims.get("tid", "")) or "none")


def _endpoint(metadata: dict[str, Any], name: str, *, private: bool) -> str:
    url = metadata.get(name)
    if not isinstance(url, str) or not url.startswith(("https://", "http://") if private else "https://"):
        raise IdentityError(f"the provider has no usable {name}")
    return url
