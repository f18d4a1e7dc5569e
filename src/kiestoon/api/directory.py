"""The telephone directory over HTTP: search, CSV, PDF (ORG-14)."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo

import msgspec
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field
from sqlalchemy import Connection

from kiestoon.api.csv_lines import MEDIA_TYPE, csv_lines
from kiestoon.api.problems import ApiProblem, language_of
from kiestoon.api.resources.requests import company_id_of, demand_operation, json_answer, respond_with
from kiestoon.api.resources.routes import Asker, Behind
from kiestoon.api.schemas import MAX_ID
from kiestoon.company.model import Company
from kiestoon.store.load import iterate_rows
from kiestoon.store.phone_directory import Listed, list_directory
from kiestoon.store.problems import problem

router = APIRouter(prefix="/api/v1/companies/{company_id}", tags=["directory"])
_HEADINGS: Final = {
    "en": ("name", "extension", "outside numbers", "department", "location", "e-mail"),
    "nl": ("naam", "toestel", "buitennummers", "afdeling", "locatie", "e-mail"),
}


class DirectoryLine(BaseModel):
    """Somebody who can be called."""

    name: str = Field(examples=["Sam Jansen"])
    extension: str = Field(examples=["204"])
    kind: str = Field(description="The table it is in.", examples=["users"])
    numbers: list[str] = Field(description="Outside numbers, unless withheld.", examples=[["+31201234567"]])
    department: str = Field(examples=["Sales"])
    location: str = Field(examples=["Amsterdam"])
    department_id: int | None = Field(examples=[3])
    location_id: int | None = Field(examples=[1])
    email: str = Field(examples=["sam.jansen@example.org"])


class DirectoryPage(BaseModel):
    """A page, by name."""

    items: list[DirectoryLine]
    next: str | None = Field(examples=["WyJzYW0iLCIyMDQiXQ"])


_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "content": {
            "text/csv": {"schema": {"type": "string"}, "example": "name,extension\r\n"},
            "application/pdf": {"schema": {"type": "string", "format": "binary"}, "example": "%PDF-1.3 …"},
        }
    }
}


@router.get("/directory", operation_id="read_directory", response_model=DirectoryPage, responses=_RESPONSES)
async def read_directory(
    request: Request,
    company_id: str,
    principal: Asker,
    backend: Behind,
    q: Annotated[str, Query(max_length=255, description="In names, numbers, departments, e-mail addresses.")] = "",
    department_id: Annotated[int | None, Query(ge=1, le=MAX_ID, description="With those inside it.")] = None,
    cursor: Annotated[str, Query(max_length=1000, description="`next` of the page before.")] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    format: Annotated[
        Literal["json", "csv", "pdf"], Query(description="csv, pdf: everybody found, as a file.")
    ] = "json",
) -> Response:
    """Everybody in the company who wants to be found, by name."""
    found = company_id_of(principal, company_id)
    demand_operation(principal, "read_directory", "directory", reading=True)
    language = language_of(request)
    after = _after(cursor) if cursor else None

    def work(connection: Connection) -> Response:
        company = next(iterate_rows(connection, Company, row_id=found), None)
        if company is None:
            raise ApiProblem("not_found")
        lines = list_directory(connection, found, q, department_id)
        if format == "csv":
            return _file(csv_lines([_HEADINGS[language], *map(_cells, lines)]), MEDIA_TYPE, "csv")
        if format == "pdf":
            from kiestoon.api.directory_pdf import directory_pdf  # noqa: PLC0415 - much to load that few ever need

            day = datetime.now(ZoneInfo(company.timezone)).date()
            return _file(directory_pdf(company.name, lines, language, company.country, day), "application/pdf", "pdf")
        rest = [line for line in lines if after is None or line.order > after]
        page = rest[:limit]
        following = _cursor(page[-1]) if len(rest) > limit else None
        return respond_with(json_answer({"items": page, "next": following}))

    return await backend.read(work)


def _file(content: str | bytes, media_type: str, ending: str) -> Response:
    if isinstance(content, str):
        content = "\ufeff" + content
    headers = {"Content-Disposition": f'attachment; filename="directory.{ending}"'}
    return Response(content, headers=headers, media_type=media_type)


def _cells(line: Listed) -> tuple[str, ...]:
    return (line.name, line.extension, " ".join(line.numbers), line.department, line.location, line.email)


def _cursor(line: Listed) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(line.order)).decode().rstrip("=")


def _after(cursor: str) -> tuple[str, str, str]:
    try:
        data = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        return msgspec.json.decode(data, type=tuple[str, str, str])
    except (binascii.Error, msgspec.DecodeError, ValueError):
        raise ApiProblem("bad_request", [problem("cursor", "bad_cursor")]) from None
