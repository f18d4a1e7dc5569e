"""Passkeys (WebAuthn level 3): registering them, and logging in with nothing but one.

They are discoverable and verify their user by finger, face or PIN: possession and person at once, so that no further
factor is asked for.
"""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field
from sqlalchemy import Connection
from webauthn import (
    base64url_to_bytes,
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from kiestoon.api.login.answers import Body, Id, SessionAnswer, Title, as_time
from kiestoon.api.login.authentication import authenticated, is_usable, refuse_forgery
from kiestoon.api.login.logins import Logins, get_logins
from kiestoon.api.login.opening import attempt_of, open_session
from kiestoon.api.login.own_routes import InOwnSession, confirm_password
from kiestoon.api.problems import ApiProblem
from kiestoon.api.resources.completing import OPEN
from kiestoon.company.model import Account
from kiestoon.store import second_factors
from kiestoon.store import sessions as sessions_store
from kiestoon.store.accounts import get_account, login_of
from kiestoon.store.problems import problem
from kiestoon.store.write import Changes

router = APIRouter(prefix="/api/v1/session", tags=["own login"])
WithLogins = Annotated[Logins, Depends(get_logins)]
Settled = [Depends(authenticated)]
_REGISTERING: Final = "passkey_new"
_LOGGING_IN: Final = "passkey_login"
_LASTS_MS: Final = 5 * 60_000
MOST: Final = 20
"""Passkeys of one account."""
_VERIFIED: Final = UserVerificationRequirement.REQUIRED


class Options(BaseModel):
    """What the browser's ``navigator.credentials`` gets; ``step`` goes into the next request."""

    step: str
    public_key: dict[str, Any] = Field(description="PublicKeyCredential options in their JSON form (WebAuthn §5.1).")


class NewPasskey(Body):
    """Begin registering; the present password is asked for."""

    current: Annotated[str, Field(max_length=256)] = ""


class Registration(Body):
    """What ``navigator.credentials.create`` returned, in its JSON form."""

    step: Annotated[str, Field(max_length=100)]
    name: Annotated[Title, Field(examples=["Laptop"])]
    credential: dict[str, Any]


class PasskeyLogin(Body):
    """What ``navigator.credentials.get`` returned, in its JSON form."""

    step: Annotated[str, Field(max_length=100)]
    credential: dict[str, Any]


class PasskeyShown(BaseModel):
    """A passkey of the account."""

    id: int
    name: str
    created: datetime | None
    used: datetime | None


def user_handle(account_id: int) -> bytes:
    """What a passkey knows its account by: says nothing about it."""
    return sha256(f"kiestoon account {account_id}".encode()).digest()


@router.get("/passkeys", dependencies=Settled)
async def list_passkeys(presence: InOwnSession, logins: WithLogins) -> list[PasskeyShown]:
    """The own passkeys."""
    account_id = presence.account.id
    held = await logins.backend.read(lambda connection: second_factors.list_passkeys(connection, account_id))
    return [_shown(passkey) for passkey in held]


@router.post("/passkeys/options", dependencies=Settled)
async def begin_registration(body: NewPasskey, presence: InOwnSession, request: Request, logins: WithLogins) -> Options:
    """Begin registering a passkey."""
    await confirm_password(logins, request, presence, body.current)
    account, now_ms = presence.account, logins.wall_ms()

    def begin(connection: Connection) -> Options:
        held = second_factors.list_passkeys(connection, account.id)
        options = generate_registration_options(
            rp_id=logins.host(request),
            rp_name="Kiestoon",
            user_id=user_handle(account.id),
            user_name=login_of(connection, account),
            user_display_name=account.name,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED, user_verification=_VERIFIED
            ),
            exclude_credentials=[PublicKeyCredentialDescriptor(id=passkey.credential_id) for passkey in held],
        )
        data = {"account_id": account.id, "challenge": options.challenge.hex()}
        step = sessions_store.begin_step(connection, _REGISTERING, data, now_ms, _LASTS_MS)
        return Options(step=step, public_key=msgspec.json.decode(options_to_json(options)))

    return await logins.backend.store(begin)


@router.post("/passkeys", status_code=201, dependencies=Settled)
async def register(body: Registration, presence: InOwnSession, request: Request, logins: WithLogins) -> PasskeyShown:
    """Register a passkey."""
    account, now_ms = presence.account, logins.wall_ms()
    data = await _take(logins, _REGISTERING, body.step, now_ms)
    if data["account_id"] != account.id:
        raise ApiProblem("unauthenticated", (problem("step", "step_over"),))
    try:
        verified = verify_registration_response(
            credential=body.credential,
            expected_challenge=bytes.fromhex(data["challenge"]),
            expected_rp_id=logins.host(request),
            expected_origin=logins.origin(request),
            require_user_verification=True,
        )
    except Exception as error:  # whatever a hostile credential makes the parser raise
        logins.note("refused", "passkey_registration", None, why=type(error).__name__)
        raise ApiProblem("invalid", (problem("credential", "invalid", detail=_printable(error)),)) from None

    def write(changes: Changes) -> second_factors.Passkey:
        connection = changes.connection
        if second_factors.find_passkey(connection, verified.credential_id) is not None:
            raise ApiProblem("conflict", (problem("credential", "taken", other="another"),))
        if len(second_factors.list_passkeys(connection, account.id)) >= MOST:
            raise ApiProblem("conflict", (problem("", "too_many", limit=MOST),))
        second_factors.add_passkey(
            connection,
            account.id,
            now_ms,
            credential_id=verified.credential_id,
            public_key=verified.credential_public_key,
            sign_count=verified.sign_count,
            transports=[],
            name=body.name,
        )
        changes.record("passkey_added", account, name=body.name)
        added = second_factors.find_passkey(connection, verified.credential_id)
        assert added is not None  # noqa: S101 - written just now
        return added

    added = await logins.backend.write(presence.principal, write)
    return _shown(added)


@router.delete("/passkeys/{passkey_id}", status_code=204, dependencies=Settled)
async def remove_passkey(passkey_id: Id, presence: InOwnSession, logins: WithLogins) -> None:
    """Remove a passkey."""
    account = presence.account

    def write(changes: Changes) -> bool:
        gone = second_factors.remove_passkey(changes.connection, account.id, passkey_id)
        if gone:
            changes.record("passkey_removed", account, passkey=passkey_id)
        return gone

    if not await logins.backend.write(presence.principal, write):
        raise ApiProblem("not_found")


@router.post("/passkey/options", openapi_extra=OPEN)
async def begin_login(request: Request, logins: WithLogins) -> Options:
    """Begin logging in with a passkey. Nobody says who they are: the browser offers what it has for this site."""
    refuse_forgery(logins, request, None)
    options = generate_authentication_options(rp_id=logins.host(request), user_verification=_VERIFIED)
    data, now_ms = {"challenge": options.challenge.hex()}, logins.wall_ms()
    step = await logins.backend.store(
        lambda connection: sessions_store.begin_step(connection, _LOGGING_IN, data, now_ms, _LASTS_MS)
    )
    return Options(step=step, public_key=msgspec.json.decode(options_to_json(options)))


@router.post("/passkey", openapi_extra=OPEN)
async def log_in(body: PasskeyLogin, request: Request, response: Response, logins: WithLogins) -> SessionAnswer:
    """Log in with a passkey. The challenge is good for one attempt."""
    refuse_forgery(logins, request, None)
    now_ms = logins.wall_ms()
    data = await _take(logins, _LOGGING_IN, body.step, now_ms)

    def look(connection: Connection) -> tuple[second_factors.Passkey | None, Account | None]:
        passkey = second_factors.find_passkey(connection, _credential_id(body.credential))
        account = get_account(connection, passkey.account_id) if passkey is not None else None
        return passkey, account if account is not None and is_usable(connection, account) else None

    passkey, account = await logins.backend.read(look)
    attempt = attempt_of(logins, request, "", account)
    try:
        if passkey is None or account is None:
            raise LookupError("unknown passkey")
        verified = verify_authentication_response(
            credential=body.credential,
            expected_challenge=bytes.fromhex(data["challenge"]),
            expected_rp_id=logins.host(request),
            expected_origin=logins.origin(request),
            credential_public_key=passkey.public_key,
            credential_current_sign_count=passkey.sign_count,
            require_user_verification=True,
        )
        _check_handle(body.credential, account.id)
    except Exception as error:  # as above
        logins.note("refused", "passkey", attempt, why=_printable(error))
        raise ApiProblem("unauthenticated", (problem("", "wrong_passkey"),)) from None
    known, count = passkey, verified.new_sign_count
    if not await logins.backend.store(lambda connection: second_factors.use_passkey(connection, known, count, now_ms)):
        logins.note("refused", "passkey", attempt, why="its counter was used by another at the same time")
        raise ApiProblem("unauthenticated", (problem("", "wrong_passkey"),))
    return await open_session(logins, request, response, account, "passkey", attempt)


async def _take(logins: Logins, kind: str, step: str, now_ms: int) -> dict[str, Any]:
    data = await logins.backend.store(lambda connection: sessions_store.take_step(connection, kind, step, now_ms))
    if data is None:
        raise ApiProblem("unauthenticated", (problem("step", "step_over"),))
    return data


def _credential_id(credential: dict[str, Any]) -> bytes:
    text = credential.get("id")
    try:
        return base64url_to_bytes(text) if isinstance(text, str) else b""
    except ValueError:
        return b""


def _check_handle(credential: dict[str, Any], account_id: int) -> None:
    given = credential["response"].get("userHandle")
    if given is not None and base64url_to_bytes(given) != user_handle(account_id):
        raise LookupError("the passkey is another account's")


def _shown(passkey: second_factors.Passkey) -> PasskeyShown:
    return PasskeyShown(
        id=passkey.id, name=passkey.name, created=as_time(passkey.created_ms), used=as_time(passkey.used_ms)
    )


def _printable(error: Exception) -> str:
    return "".join(character for character in str(error) if character.isprintable())[:120]
