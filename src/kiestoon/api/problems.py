"""Errors as problem details (RFC 9457), in Dutch or English, naming every field and the rule it breaks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from kiestoon.store.errors import InvalidRowError, StoreError
from kiestoon.store.problems import Problem, problem

MEDIA_TYPE: Final = "application/problem+json"
TYPE_PREFIX: Final = "urn:kiestoon:problem:"

# kind: (status, title in English, in Dutch)
KINDS: Final[dict[str, tuple[int, str, str]]] = {
    "bad_request": (400, "The request cannot be read", "Het verzoek is niet te lezen"),
    "unauthenticated": (401, "Log in first", "Meld u eerst aan"),
    "forbidden": (403, "You may not do this", "U mag dit niet"),
    "not_found": (404, "There is no such thing", "Dit bestaat niet"),
    "method_not_allowed": (405, "This cannot be done here", "Dit kan hier niet"),
    "conflict": (409, "It clashes with what is there", "Het botst met wat er al is"),
    "stale": (412, "Somebody else has changed it meanwhile", "Iemand anders heeft het intussen gewijzigd"),
    "too_large": (413, "The request is too large", "Het verzoek is te groot"),
    "unsupported_media_type": (415, "This format is not understood", "Dit formaat wordt niet begrepen"),
    "invalid": (422, "Something is filled in wrongly", "Er is iets verkeerd ingevuld"),
    "key_reused": (
        422,
        "This Idempotency-Key was used for another request",
        "Deze Idempotency-Key is voor een ander verzoek gebruikt",
    ),
    "precondition_required": (
        428,
        "Say by If-Match which version you are changing",
        "Geef met If-Match aan welke versie u wijzigt",
    ),
    "too_many_requests": (429, "Too many requests; wait a moment", "Te veel verzoeken; wacht even"),
    "internal": (500, "Something went wrong here", "Er ging hier iets mis"),
    "unavailable": (503, "The exchange cannot do this now", "De centrale kan dit nu niet"),
}
_BY_STATUS: Final = {status: kind for kind, (status, _, _) in reversed(KINDS.items())}

log = structlog.get_logger(__name__)


class ApiProblem(Exception):
    """Ends a request with a problem document. ``errors`` name fields; ``members`` are added to the document."""

    def __init__(
        self,
        kind: str,
        errors: Sequence[Problem] = (),
        *,
        status: int = 0,
        headers: Mapping[str, str] | None = None,
        members: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(kind)
        self.kind = kind
        self.errors = tuple(errors)
        self.status = status or KINDS[kind][0]
        self.headers = dict(headers or {})
        self.members = dict(members or {})


def unsupported_media_type(given: str, *taken: str) -> ApiProblem:
    """415 for a body of a type that is not ``taken`` here."""
    wrong = problem("Content-Type", "media_type", value=given[:80], choices=", ".join(taken))
    return ApiProblem("unsupported_media_type", [wrong], headers={"Accept": ", ".join(taken)})


def language_of(request: Request) -> str:
    """ "nl" or "en": what Accept-Language prefers (RFC 9110 §12.5.4), else the account's language, else English."""
    header = request.headers.get("accept-language", "")
    preferred = sorted(_weighted(header), key=lambda pair: -pair[1])
    for tag, _ in preferred:
        for known in ("nl", "en"):
            if tag == known or tag.startswith(known + "-"):
                return known
    principal = getattr(request.state, "principal", None)
    return "nl" if principal is not None and principal.language.startswith("nl") else "en"


def _weighted(header: str) -> Iterable[tuple[str, float]]:
    for part in header[:200].split(","):
        tag, _, parameters = part.strip().lower().partition(";")
        weight = 1.0
        name, _, value = parameters.strip().partition("=")
        if name == "q":
            try:
                weight = float(value)
            except ValueError:
                weight = 0.0
        if weight > 0:
            yield tag.strip(), weight


def shown(found: Problem, language: str) -> dict[str, str]:
    """One entry of ``errors``."""
    return {
        "field": found.path,
        "code": found.code,
        "message": f"{_sentence(found.text(language))} {_sentence(found.advice(language))}",
    }


def _sentence(text: str) -> str:
    return (text[:1].upper() + text[1:]).rstrip(".") + "."


def document(wrong: ApiProblem, language: str) -> dict[str, Any]:
    """The problem document (RFC 9457 §3.1) with ``errors``."""
    title = KINDS[wrong.kind][2 if language == "nl" else 1]
    errors = [shown(found, language) for found in wrong.errors]
    body: dict[str, Any] = {"type": TYPE_PREFIX + wrong.kind, "title": title, "status": wrong.status}
    if errors:
        body["detail"] = errors[0]["message"]
    return {**body, "errors": errors, **wrong.members}


def respond(request: Request, wrong: ApiProblem) -> Response:
    """The response for a problem."""
    language = language_of(request)
    headers = {"Content-Language": language, **wrong.headers}
    if wrong.status == 401:
        headers.setdefault("WWW-Authenticate", 'Bearer realm="kiestoon"')
    return Response(msgspec.json.encode(document(wrong, language)), wrong.status, headers, MEDIA_TYPE)


def install(application: FastAPI) -> None:
    """Have every error of an application answered as a problem document."""
    application.add_exception_handler(ApiProblem, _on_problem)
    application.add_exception_handler(InvalidRowError, _on_row)
    application.add_exception_handler(StoreError, _on_store)
    application.add_exception_handler(RequestValidationError, _on_validation)
    application.add_exception_handler(HTTPException, _on_http)
    application.add_exception_handler(Exception, _on_bug)


async def _on_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiProblem)  # noqa: S101 - what the handler is registered for
    return respond(request, error)


async def _on_row(request: Request, error: Exception) -> Response:
    assert isinstance(error, InvalidRowError)  # noqa: S101 - as above
    return respond(request, of_row(error))


async def _on_store(request: Request, error: Exception) -> Response:
    log.error("the store failed", problem=str(error))
    return respond(request, ApiProblem("unavailable", headers={"Retry-After": "5"}))


async def _on_validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - as above
    return respond(request, ApiProblem("invalid", of_validation(error.errors())))


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - as above
    kind = _BY_STATUS.get(error.status_code, "bad_request" if error.status_code < 500 else "internal")
    return respond(request, ApiProblem(kind, status=error.status_code, headers=error.headers))


async def _on_bug(request: Request, error: Exception) -> Response:
    log.error("request failed", method=request.method, path=request.url.path, exc_info=error)
    return respond(request, ApiProblem("internal"))


def of_row(error: InvalidRowError) -> ApiProblem:
    """What the store refuses, as a problem."""
    codes = {found.code for found in error.problems}
    if "changed_meanwhile" in codes:
        return ApiProblem("stale", error.problems)
    if codes == {"gone"}:
        return ApiProblem("not_found", error.problems)
    errors = error.problems or (problem("", "invalid", detail=error.what),)
    if error.status == 403:
        return ApiProblem("forbidden", errors)
    return ApiProblem("conflict" if error.status == 409 else "invalid", errors)


_TYPES: Final = {
    "string_type": "not_text",
    "int_type": "not_whole_number",
    "int_from_float": "not_whole_number",
    "int_parsing": "not_whole_number",
    "bool_type": "not_yes_or_no",
    "bool_parsing": "not_yes_or_no",
    "list_type": "not_a_list",
    "dict_type": "not_an_object",
    "model_type": "not_an_object",
    "model_attributes_type": "not_an_object",
    "missing": "missing",
    "string_too_short": "missing",
    "extra_forbidden": "unknown_field",
}


_EXAMPLES: Final = {
    r"^[a-z0-9][a-z0-9._-]*$": "anna.jansen",
    r"^(read|write|[a-z_]{1,40}:(read|write))$": "users:write",
    r"^(\*|[a-z_]+(\.[a-z_]+)*(\.\*)?)$": "call.*",
    r"^[^\x00-\x1f\x7f]+$": "Laptop",
}
"""What fits a pattern: nobody is shown a regular expression."""


def of_validation(
    errors: Iterable[Mapping[str, Any]], drop: int = 1, hints: Mapping[str, Mapping[str, object]] | None = None
) -> tuple[Problem, ...]:
    """Pydantic's errors as ours. ``drop`` leading parts of the place ("body", "query") are left out.

    ``hints``: by field what its sentence may need ("low", "high", "example").
    """
    return tuple(_of_pydantic(error, error["loc"][drop:], hints or {}) for error in errors)


def _of_pydantic(
    error: Mapping[str, Any], place: Sequence[str | int], hints: Mapping[str, Mapping[str, object]]
) -> Problem:
    field = ".".join(str(part) for part in place)
    kind: str = error["type"]
    context: Mapping[str, Any] = error.get("ctx", {})
    hint = hints.get(str(place[0]) if place else "", {})
    value = str(error.get("input"))[:80]
    if kind in _TYPES:
        return problem(field, _TYPES[kind])
    if kind in {"string_too_long", "too_long"}:
        return problem(field, "too_long", limit=context.get("max_length", ""))
    if kind == "literal_error":
        return problem(field, "not_a_choice", value=value, choices=context.get("expected", "").replace("'", ""))
    if kind in {"greater_than_equal", "less_than_equal", "int_parsing_size"}:
        limits = {"low": context.get("ge", "…"), "high": context.get("le", "…")}
        return problem(field, "out_of_range", **{**limits, **hint, "value": value})
    if kind == "string_pattern_mismatch":
        example = hint.get("example") or _EXAMPLES.get(str(context.get("pattern")))
        return problem(field, "wrong_form", value=value, example=example) if example else problem(field, "odd_form")
    return problem(field, "invalid", detail=str(error.get("msg", kind)))
