"""Codes of an authenticator app (RFC 6238): enrolling, and the second step of a login."""

from __future__ import annotations

from hmac import compare_digest
from typing import Annotated, Final, Literal

import pyotp
from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field
from sqlalchemy import Connection

from kiestoon.api.login.answers import Body, SessionAnswer
from kiestoon.api.login.authentication import authenticated, is_usable, refuse_forgery
from kiestoon.api.login.logins import Logins, get_logins
from kiestoon.api.login.opening import SECOND_FACTOR, attempt_of, open_session
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
_STEP_S: Final = 30
_DRIFT: Final = 1  # steps a phone's clock may be off either way
_ISSUER: Final = "Kiestoon"
Code = Annotated[str, Field(min_length=6, max_length=32, examples=["123456"])]


class SecondFactor(Body):
    """The second step of a login: a code of the app, or one of the recovery codes."""

    step: Annotated[str, Field(min_length=1, max_length=100)]
    method: Literal["totp", "recovery"] = "totp"
    code: Code


class Confirmed(Body):
    """The present password."""

    current: Annotated[str, Field(max_length=256)] = ""


class TotpBegun(BaseModel):
    """What the app needs: as a QR code of the URI, or typed in."""

    secret: str = Field(examples=["JBSWY3DPEHPK3PXP"])
    uri: str = Field(examples=["otpauth://totp/Kiestoon:anna%40noord.example?secret=…&issuer=Kiestoon"])


class TotpCode(Body):
    """The code the app shows."""

    code: Code


class RecoveryCodes(BaseModel):
    """Each opens the account once when the phone is lost. They are shown this once."""

    recovery_codes: list[str]


class TotpState(BaseModel):
    """Whether codes are asked for at the login, and how many recovery codes are left."""

    active: bool
    recovery_codes: int


def step_of(secret: str, code: str, now_s: float) -> int | None:
    """The 30 s step whose code this is, one off either way; None when it is no code of now."""
    now = int(now_s) // _STEP_S
    totp = pyotp.TOTP(secret)
    matching = [
        step
        for step in range(now - _DRIFT, now + _DRIFT + 1)
        if compare_digest(totp.generate_otp(step).encode(), code.encode())
    ]
    return max(matching, default=None)


@router.post("/second-factor", openapi_extra=OPEN)
async def second_factor(body: SecondFactor, request: Request, response: Response, logins: WithLogins) -> SessionAnswer:
    """Finish a login with a code. A wrong one may be followed by another until the step is over."""
    refuse_forgery(logins, request, None)
    now_ms = logins.wall_ms()

    def look(connection: Connection) -> tuple[Account, str] | None:
        data = sessions_store.peek_step(connection, SECOND_FACTOR, body.step, now_ms)
        account = get_account(connection, data["account_id"]) if data is not None else None
        return (account, data["method"]) if data and account and is_usable(connection, account) else None

    found = await logins.backend.read(look)
    if found is None:
        raise ApiProblem("unauthenticated", (problem("step", "step_over"),))
    account, first = found
    attempt = attempt_of(logins, request, "", account)
    logins.begin(attempt)

    def use(connection: Connection) -> bool:
        good = _use(connection, logins, account.id, body, now_ms)
        return good and sessions_store.take_step(connection, SECOND_FACTOR, body.step, now_ms) is not None

    if not await logins.backend.store(use):
        logins.note("refused", body.method, attempt)
        raise ApiProblem("unauthenticated", (problem("code", "wrong_code"),))
    logins.throttle.right(attempt)
    method = body.method if first == "password" else first
    return await open_session(logins, request, response, account, method, attempt)


def _use(connection: Connection, logins: Logins, account_id: int, body: SecondFactor, now_ms: int) -> bool:
    if body.method == "recovery":
        return second_factors.use_recovery_code(connection, account_id, body.code)
    held = second_factors.get_totp(connection, logins.backend.vault, account_id)
    step = step_of(held.secret, body.code.strip(), now_ms / 1000) if held is not None and held.confirmed else None
    return step is not None and second_factors.use_totp(connection, account_id, step)


@router.get("/totp", dependencies=Settled)
async def get_totp_state(presence: InOwnSession, logins: WithLogins) -> TotpState:
    """Whether the account has an authenticator app."""
    account_id = presence.account.id

    def look(connection: Connection) -> TotpState:
        left = second_factors.count_recovery_codes(connection, account_id)
        return TotpState(active=second_factors.has_totp(connection, account_id), recovery_codes=left)

    return await logins.backend.read(look)


@router.post("/totp", dependencies=Settled)
async def begin_totp(body: Confirmed, presence: InOwnSession, request: Request, logins: WithLogins) -> TotpBegun:
    """Begin with an authenticator app. It is in force once its first code has been confirmed."""
    await confirm_password(logins, request, presence, body.current)
    secret, account, vault = pyotp.random_base32(), presence.account, logins.backend.vault

    def begin(connection: Connection) -> str | None:
        began = second_factors.begin_totp(connection, vault, account.id, secret)
        return login_of(connection, account) if began else None

    login = await logins.backend.store(begin)
    if login is None:
        raise ApiProblem("conflict", (problem("", "has_app"),))
    return TotpBegun(secret=secret, uri=pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=_ISSUER))


@router.put("/totp", dependencies=Settled)
async def confirm_totp(body: TotpCode, presence: InOwnSession, logins: WithLogins) -> RecoveryCodes:
    """Confirm the app with its first code; the answer has the recovery codes."""
    account, vault, now_ms = presence.account, logins.backend.vault, logins.wall_ms()

    def write(changes: Changes) -> list[str] | None:
        connection = changes.connection
        held = second_factors.get_totp(connection, vault, account.id)
        if held is None or held.confirmed:
            raise ApiProblem("conflict", (problem("", "has_app" if held is not None else "step_over"),))
        step = step_of(held.secret, body.code.strip(), now_ms / 1000)
        if step is None or not second_factors.use_totp(connection, account.id, step):
            return None
        changes.record("totp_added", account)
        return second_factors.new_recovery_codes(connection, account.id)

    codes = await logins.backend.write(presence.principal, write)
    if codes is None:
        raise ApiProblem("invalid", (problem("code", "wrong_code"),))
    return RecoveryCodes(recovery_codes=codes)


@router.post("/recovery-codes", dependencies=Settled)
async def renew_recovery_codes(
    body: Confirmed, presence: InOwnSession, request: Request, logins: WithLogins
) -> RecoveryCodes:
    """New recovery codes; the old ones are void."""
    await confirm_password(logins, request, presence, body.current)
    account = presence.account

    def write(changes: Changes) -> list[str]:
        if not second_factors.has_totp(changes.connection, account.id):
            raise ApiProblem("conflict", (problem("", "step_over"),))
        changes.record("recovery_codes_renewed", account)
        return second_factors.new_recovery_codes(changes.connection, account.id)

    return RecoveryCodes(recovery_codes=await logins.backend.write(presence.principal, write))


@router.post("/totp/removal", status_code=204, dependencies=Settled)
async def remove_totp(body: Confirmed, presence: InOwnSession, request: Request, logins: WithLogins) -> None:
    """Do without the app; the present password is asked for."""
    await confirm_password(logins, request, presence, body.current)
    account = presence.account

    def write(changes: Changes) -> bool:
        gone = second_factors.remove_totp(changes.connection, account.id)
        if gone:
            changes.record("totp_removed", account)
        return gone

    if not await logins.backend.write(presence.principal, write):
        raise ApiProblem("not_found")
