"""What the routes share: bodies, conditional requests, repeated requests, who may."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import msgspec
from fastapi import Request, Response
from pydantic import BaseModel, ValidationError
from sqlalchemy import Connection, select

from kiestoon.api.backend import Backend
from kiestoon.api.permissions import Verb, may, may_do
from kiestoon.api.principal import Principal
from kiestoon.api.problems import ApiProblem, of_validation, unsupported_media_type
from kiestoon.api.resources.rows import Writer
from kiestoon.api.schemas import MAX_ID, READ_ONLY, hints, validate
from kiestoon.company.model import BY_TABLE, Entity, Row
from kiestoon.store.idempotency import Answer, find_answer, keep_answer
from kiestoon.store.problems import problem
from kiestoon.store.tables import companies
from kiestoon.store.write import Changes
from kiestoon.unreadable import UNREADABLE

MAX_ROW_BYTES: Final = 256 * 1024
_JSON: Final = frozenset({"application/json", "application/merge-patch+json"})
_KEY_LENGTH: Final = 255


def entity_of(table: str) -> Entity:
    """The type of row a path names; 404 when there is none."""
    entity = BY_TABLE.get(table)
    if entity is None or entity.table == "companies":
        raise ApiProblem("not_found")
    return entity


def id_of(text: str) -> int:
    """An id in a path; 404 for what cannot be one."""
    if not (text.isascii() and text.isdecimal() and len(text) < 11 and 0 < int(text) <= MAX_ID):
        raise ApiProblem("not_found")
    return int(text)


def company_id_of(principal: Principal, text: str) -> int:
    """The company a path names. A foreign one is not there at all: 404, so that nobody can probe for companies."""
    company_id = id_of(text)
    if principal.role != "operator" and principal.company_id != company_id:
        raise ApiProblem("not_found")
    return company_id


def demand(principal: Principal, verb: Verb, entity: Entity) -> None:
    """403 unless the permission table lets somebody do this with such rows."""
    if not may(principal, verb, entity.table):
        raise ApiProblem("forbidden")


def demand_operation(principal: Principal, operation: str, table: str, *, reading: bool = False) -> None:
    """403 unless somebody may do this."""
    if not may_do(principal, operation, table, reading=reading):
        raise ApiProblem("forbidden")


def check_company(connection: Connection, company_id: int | None) -> None:
    """404 when there is no such company (any more)."""
    if company_id is None:
        return
    if connection.execute(select(companies.c.id).where(companies.c.id == company_id)).first() is None:
        raise ApiProblem("not_found")


# --- bodies --------------------------------------------------------------------------------------------------------


async def read_json(request: Request, limit: int = MAX_ROW_BYTES) -> Any:
    """The body as JSON; 413, 415 or 422 when it is none."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in _JSON:
        raise unsupported_media_type(media_type, *sorted(_JSON))
    return parse_json(await read_body(request, limit))


async def read_body(request: Request, limit: int) -> bytes:
    """The body; 413 when it is longer than ``limit`` bytes."""
    body = await request.body()
    if len(body) > limit:
        raise ApiProblem("too_large")
    return body


def parse_json(body: bytes) -> Any:
    """JSON; a problem that says where it is none."""
    try:
        return msgspec.json.decode(body)
    except (*UNREADABLE, RecursionError) as error:
        raise ApiProblem("invalid", [problem("", "not_json", detail=str(error)[:80])]) from None


def check_body(entity: Entity, model: type[BaseModel], data: Any, old: Mapping[str, Any]) -> dict[str, Any]:
    """The fields given for a row. Read-only ones may be repeated as they are (``old``), so that what was read can be
    sent back."""
    if isinstance(data, dict):
        frozen = [name for name in READ_ONLY & data.keys() if name not in old or data[name] != old[name]]
        if frozen:
            raise ApiProblem("invalid", [problem(name, "read_only") for name in sorted(frozen)])
        data = {name: value for name, value in data.items() if name not in READ_ONLY}
    return checked(model, data, hints(entity))


def checked(
    model: type[BaseModel], data: Any, known: Mapping[str, Mapping[str, object]] | None = None
) -> dict[str, Any]:
    """Data that fits a model; a problem that names everything wrong with it."""
    try:
        return validate(model, data)
    except ValidationError as error:
        raise ApiProblem("invalid", of_validation(error.errors(include_url=False), 0, known)) from None


# --- conditional requests (RFC 9110 §13) ---------------------------------------------------------------------------


def etag_of(row: Row) -> str:
    """The row's entity tag."""
    return f'"v{row.version}"'


def versions_of(request: Request, *, required: bool) -> frozenset[int] | None:
    """The versions If-Match allows; None = any. 428 when it is required and absent."""
    header = request.headers.get("if-match", "").strip()
    if not header:
        if required:
            raise ApiProblem("precondition_required")
        return None
    if header == "*":
        return None
    tags = [tag.strip() for tag in header.split(",")]
    return frozenset(int(tag[2:-1]) for tag in tags if _is_own_tag(tag))  # none of ours matches nothing


def _is_own_tag(tag: str) -> bool:
    digits = tag[2:-1]
    return tag.startswith('"v') and tag.endswith('"') and digits.isascii() and digits.isdecimal() and len(digits) < 12


def is_known(request: Request, etag: str) -> bool:
    """Whether If-None-Match names this tag."""
    known = request.headers.get("if-none-match", "")
    return known.strip() == "*" or etag in (tag.strip().removeprefix("W/") for tag in known.split(","))


# --- answers -------------------------------------------------------------------------------------------------------


def json_answer(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """An answer with a JSON body."""
    return Answer(status, msgspec.json.encode(value).decode(), dict(headers or {}))


def respond_with(answer: Answer) -> Response:
    """The response for an answer."""
    headers = dict(answer.headers)
    if answer.status in {204, 304}:
        return Response(status_code=answer.status, headers=headers)
    return Response(answer.body, answer.status, headers, answer.media_type)


async def write_once(
    request: Request,
    backend: Backend,
    principal: Principal,
    company_id: int | None,
    body: bytes,
    work: Callable[[Writer], Answer],
) -> Response:
    """Do a POST, once: with an Idempotency-Key a repetition within 24 hours gets the answer of the first time.

    The answer is kept in the transaction of the change, so that either both are there or none. Refusals are not kept:
    they changed nothing.
    """
    known = _Repetition(request, backend, principal, body)

    def once(changes: Changes) -> Answer:
        kept = known.find(changes.connection)
        if kept is not None:
            return kept
        check_company(changes.connection, company_id)
        answer = work(Writer(changes, backend.vault, principal, company_id))
        known.keep(changes.connection, answer)
        return answer

    return respond_with(await backend.write(principal, once))


async def act_once(
    request: Request, backend: Backend, principal: Principal, act: Callable[[], Awaitable[Answer]]
) -> Response:
    """Do a POST that asks something of call control, once: as ``write_once``, but what was done cannot be in the
    transaction of the answer. A repetition sent before the first has been answered is done as well.
    """
    known = _Repetition(request, backend, principal, await request.body())
    kept = await backend.read(known.find) if known.key else None
    if kept is not None:
        return respond_with(kept)
    answer = await act()
    if known.key:
        await backend.write(principal, lambda changes: known.keep(changes.connection, answer))
    return respond_with(answer)


async def kept_answer(request: Request, backend: Backend, principal: Principal) -> Response | None:
    """What ``write_once`` would answer to a repetition, before anything is prepared for it; None: it is none."""
    if "idempotency-key" not in request.headers:
        return None
    known = _Repetition(request, backend, principal, await request.body())
    kept = await backend.read(known.find)
    return None if kept is None else respond_with(kept)


class _Repetition:
    """A request that may be made again. Without an Idempotency-Key none is known and none is kept."""

    def __init__(self, request: Request, backend: Backend, principal: Principal, body: bytes) -> None:
        self.key = request.headers.get("idempotency-key", "")
        if len(self.key) > _KEY_LENGTH or not self.key.isprintable():
            raise ApiProblem("bad_request", [problem("Idempotency-Key", "too_long", limit=_KEY_LENGTH)])
        place = f"{request.method} {request.url.path}?{request.url.query}\n{principal.user_id}\n".encode()
        self._fingerprint = hashlib.sha256(place + body).hexdigest()
        self._vault = backend.vault
        self._account_id = principal.account_id
        self._now_ms = int(time.time() * 1000)

    def find(self, connection: Connection) -> Answer | None:
        """The answer of the first time."""
        if not self.key:
            return None
        kept = find_answer(connection, self._vault, self._account_id, self.key, self._now_ms)
        if kept is None:
            return None
        if kept.fingerprint != self._fingerprint:
            raise ApiProblem("key_reused")
        return msgspec.structs.replace(kept.answer, headers={**kept.answer.headers, "Idempotency-Replayed": "true"})

    def keep(self, connection: Connection, answer: Answer) -> None:
        """Keep the answer for the next time."""
        if self.key:
            keep_answer(connection, self._vault, self._account_id, self.key, self._fingerprint, answer, self._now_ms)
