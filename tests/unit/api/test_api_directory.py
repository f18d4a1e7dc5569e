"""The telephone directory: who is found in it, as pages, CSV and PDF (ORG-14)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from api_rig import Api
from fpdf import FPDF

from kiestoon.api.directory_pdf import directory_pdf
from kiestoon.store.phone_directory import Listed


async def look(api: Api, role: str = "user", **params: Any) -> Any:
    return await api.of(role).get(f"/api/v1/companies/{api.organisation.company_id}/directory", params=params)


async def names(api: Api, **params: Any) -> list[str]:
    return [line["name"] for line in (await look(api, limit=200, **params)).json()["items"]]


async def change(api: Api, table: str, which: int, **values: Any) -> None:
    answer = await api.of("operator").patch(api.path(table, which), json=values, headers={"If-Match": "*"})
    assert answer.status_code == 200, answer.text


async def test_everybody_of_the_company_finds_everybody_by_name(api: Api) -> None:
    found = await names(api)
    assert found == sorted(found, key=str.casefold)
    assert {"Sam 2", "Sam 3", "Menu", "Orders"} <= set(found)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [("kïm 2", ["Kim 2"]), ("210", ["Menu"]), ("20 5550 101", ["Sam 2"]), ("sam2@", ["Sam 2"]), ("nobody", [])],
)
async def test_search_by_name_number_and_address(api: Api, wanted: str, found: list[str]) -> None:
    assert await names(api, q=wanted) == found


async def test_search_by_department_and_those_inside_it(api: Api) -> None:
    assert "Sam 2" in await names(api, q="counter")
    inside = await names(api, department_id=api.organisation.own["departments"])
    assert "Sam 2" in inside
    assert "Sam 3" not in inside


async def test_who_does_not_want_to_be_found_is_not(api: Api) -> None:
    await change(api, "users", api.organisation.own["users"], in_directory=False)
    assert "Sam 2" not in await names(api)
    assert "Sam 2" not in (await look(api, format="csv")).text


async def test_the_outside_numbers_of_who_withholds_them_stay_hidden(api: Api) -> None:
    await change(api, "users", api.organisation.own["users"], hide_number=True)
    line = next(line for line in (await look(api, q="Sam 2")).json()["items"])
    assert line["numbers"] == []
    assert await names(api, q="+31205550101") == []


async def test_pages_follow_one_another(api: Api) -> None:
    seen: list[str] = []
    cursor = ""
    while True:
        page = (await look(api, limit=4, cursor=cursor)).json()
        seen += [line["extension"] for line in page["items"]]
        if page["next"] is None:
            break
        cursor = page["next"]
    assert len(seen) == len(set(seen)) == len(await names(api))
    assert (await look(api, cursor="%%")).status_code == 400


async def test_other_companies_have_their_own(api: Api) -> None:
    assert (await api.of("user").get(f"/api/v1/companies/{api.organisation.foreign_id}/directory")).status_code == 404


async def test_the_pdf_is_a_file_of_its_own(api: Api) -> None:
    answer = await look(api, format="pdf")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF-")


def line(name: str, department: str, extension: str = "204") -> Listed:
    return Listed(name, extension, "users", ("+31201234567",), department, "", None, None)


@pytest.mark.parametrize(
    ("language", "tag", "title"), [("nl", b"nl-NL", "Telefoongids"), ("en", b"en-GB", "Telephone")]
)
def test_the_pdf_says_its_language_and_title_and_has_pages_and_an_outline(
    language: str, tag: bytes, title: str
) -> None:
    people = [line(f"Person {n}", f"Dept {n % 3}", str(200 + n)) for n in range(150)]
    pdf = directory_pdf("Bakkerij Łódź", people, language, "NL", date(2026, 1, 2))
    assert tag in pdf
    assert title.encode("utf-16-be").hex().encode() in pdf
    assert pdf.count(b"/Type /Page\n") > 2
    assert pdf.count(b"/Title (") + pdf.count(b"/Title <") >= 3
    assert b"/ToUnicode" in pdf  # screen readers and searching get the text


def test_names_too_long_for_their_column_are_cut_and_strange_ones_do_no_harm() -> None:
    pdf = directory_pdf("C" * 80, [line("W" * 80, ""), line("漢字 \u202e", "Δ")], "nl", "NL", date(2026, 1, 2))
    assert pdf.startswith(b"%PDF-")


def test_no_number_is_left_out_however_many_somebody_has(monkeypatch: pytest.MonkeyPatch) -> None:
    printed: list[str] = []
    cell = FPDF.cell

    def note(self: FPDF, w: Any = None, h: Any = None, text: str = "", *more: Any, **named: Any) -> Any:
        printed.append(text)
        return cell(self, w, h, text, *more, **named)

    monkeypatch.setattr(FPDF, "cell", note)
    numbers = tuple(f"+312012345{n:02}" for n in range(40))
    directory_pdf("C" * 80, [Listed("Sam", "204", "users", numbers, "", "", None, None)], "nl", "NL", date(2026, 1, 2))
    shown = ", ".join(printed)
    assert [number for number in numbers if f"020 123 45{number[-2:]}" not in shown] == []
    assert "2 januari 2026" in printed
    assert all(len(text) < 80 for text in printed)
