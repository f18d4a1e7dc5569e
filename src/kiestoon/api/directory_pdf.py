"""The telephone directory as a PDF to print: real text in a stated language, an outline by department, page numbers."""

from __future__ import annotations

from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Final

from fpdf import FPDF
from fpdf.enums import XPos, YPos

from kiestoon.company.numbers import display
from kiestoon.notify.dates import day_in_words
from kiestoon.store.phone_directory import Listed, folded

_FONTS: Final = Path(__file__).parent / "fonts"
_TEXTS: Final = {
    "en": (
        "Telephone directory",
        "Page {page} of {{nb}}",
        "Without department",
        "Name",
        "Extension",
        "Outside numbers",
    ),
    "nl": ("Telefoongids", "Pagina {page} van {{nb}}", "Zonder afdeling", "Naam", "Toestel", "Buitennummers"),
}
_WIDTHS: Final = (90, 25, 65)
_LINE_MM: Final = 6
_BETWEEN: Final = " · "


class _Sheet(FPDF):
    """Pages with the company's name above and the page's number below."""

    def __init__(self, company: str, texts: tuple[str, ...], day: str) -> None:
        super().__init__(format="A4")
        self._company = company
        self._texts = texts
        self._day = day
        self.add_font("DejaVu", "", _FONTS / "DejaVuSans.ttf")
        self.add_font("DejaVu", "B", _FONTS / "DejaVuSans-Bold.ttf")
        self.set_margins(15, 15)
        self.set_auto_page_break(auto=True, margin=20)

    def header(self) -> None:
        self.set_font("DejaVu", "B", 10)
        title = _fitting(self, self._company, self.epw - self.get_string_width(_BETWEEN + self._texts[0]))
        self.cell(0, 6, title + _BETWEEN + self._texts[0], new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.ln(2)

    def footer(self) -> None:
        self.set_y(-14)
        self.set_font("DejaVu", "", 8)
        self.cell(90, 6, self._day)
        self.cell(0, 6, self._texts[1].format(page=self.page_no()), align="R")


def directory_pdf(company: str, lines: list[Listed], language: str, country: str, day: date) -> bytes:
    """The file: departments in order, people by name. ``country`` says how its own numbers are written."""
    texts = _TEXTS["nl" if language.startswith("nl") else "en"]
    sheet = _Sheet(company, texts, day_in_words(day, language))
    sheet.set_title(f"{texts[0]} {company}")
    sheet.set_author(company)
    sheet.set_creator("Kiestoon")
    sheet.set_lang("nl-NL" if language.startswith("nl") else "en-GB")
    sheet.add_page()
    ordered = sorted(lines, key=lambda line: (not line.department, folded(line.department), line.order))
    for department, people in groupby(ordered, key=lambda line: line.department):
        _section(sheet, department or texts[2], list(people), texts, country)
    return bytes(sheet.output())


def _section(sheet: _Sheet, title: str, people: list[Listed], texts: tuple[str, ...], country: str) -> None:
    if sheet.will_page_break(4 * _LINE_MM):  # no heading at the foot of a page
        sheet.add_page()
    sheet.set_font("DejaVu", "B", 12)
    sheet.start_section(title)
    sheet.cell(0, 9, title, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    sheet.set_font("DejaVu", "B", 9)
    _row(sheet, texts[3:6])
    sheet.set_font("DejaVu", "", 9)
    for line in people:
        numbers = [display(number, country) for number in line.numbers]
        first, *more = _lines(sheet, numbers, _WIDTHS[2]) or [""]
        if sheet.will_page_break((1 + len(more)) * _LINE_MM):  # nobody is torn apart
            sheet.add_page()
            sheet.set_font("DejaVu", "", 9)
        _row(sheet, (line.name, line.extension, first))
        for rest in more:
            _row(sheet, ("", "", rest))
    sheet.ln(3)


def _lines(sheet: _Sheet, numbers: list[str], width: float) -> list[str]:
    """Numbers with commas, on as many lines as it takes: none is cut off."""
    lines: list[str] = []
    for number in numbers:
        longer = f"{lines[-1]}, {number}" if lines else number
        if lines and sheet.get_string_width(longer) <= width - 2 * sheet.c_margin:
            lines[-1] = longer
        else:
            lines.append(number)
    return lines


def _row(sheet: _Sheet, cells: tuple[str, ...]) -> None:
    for width, text in zip(_WIDTHS, cells, strict=True):
        sheet.cell(width, _LINE_MM, _fitting(sheet, text, width))
    sheet.ln(_LINE_MM)


def _fitting(sheet: _Sheet, text: str, width: float) -> str:
    """As much of a text as its column holds."""
    room = width - 2 * sheet.c_margin
    if sheet.get_string_width(text) <= room:
        return text
    while text and sheet.get_string_width(text + "…") > room:
        text = text[:-1]
    return text + "…"
