"""A document to a file that people read, edit and keep under version control."""

from __future__ import annotations

from typing import Any, Final

import yaml

from kiestoon.store.configuration_file.document import Document, Entry
from kiestoon.store.configuration_file.reading import FORMAT
from kiestoon.store.configuration_file.shapes import ORDERED, SECTIONS
from kiestoon.store.configuration_file.values import Plain

_HEAD: Final = {
    "en": (
        "The configuration of {name} ({domain}), as Kiestoon exports it.",
        "Rows are known by extension, number or name; what has its default is left out.",
        "Passwords are never in it: phones that are there keep theirs, new ones get one that is shown once.",
        "What is taken out of the file is removed from the company. See the difference first:",
    ),
    "nl": (
        "De inrichting van {name} ({domain}), zoals Kiestoon die exporteert.",
        "Alles heet naar toestelnummer, nummer of naam; wat zijn standaardwaarde heeft, staat er niet in.",
        "Wachtwoorden staan er nooit in: toestellen houden het hunne, nieuwe krijgen er een dat eenmaal getoond wordt.",
        "Wat uit het bestand verdwijnt, verdwijnt uit het bedrijf. Bekijk eerst het verschil:",
    ),
}
_ORDER: Final = {
    "en": "The order counts: the first that fits is used.",
    "nl": "De volgorde telt: de eerste die past, geldt.",
}


def write_document(document: Document, language: str = "en") -> str:
    """The file's text. The same configuration gives the same text, whatever its history."""
    tongue = "nl" if language.startswith("nl") else "en"
    values = document.company.values
    lines = [
        "# " + line.format(name=_bare(values.get("name", "")), domain=_bare(values.get("domain", "")))
        for line in _HEAD[tongue]
    ]
    lines += ["#   kiestoon company diff FILE.yaml", "#   kiestoon company apply FILE.yaml", ""]
    text = "\n".join(lines) + "\n" + _dump({"kiestoon": int(FORMAT), "company": _in_order(document.company)})
    for table in SECTIONS:
        entries = document.sections[table]
        if entries:
            comment = f"# {_ORDER[tongue]}\n" if table in ORDERED else ""
            text += f"\n{comment}{_dump({table: [_in_order(entry) for entry in entries]})}"
    return text


def _bare(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)


def _in_order(entry: Entry) -> dict[str, Plain]:
    """What identifies the row first, then its name, then the rest as the model has it."""
    names = dict.fromkeys((*entry.shape.identity, "name", *entry.shape.parts))
    return {name: _inline(entry.values[name]) for name in names if name in entry.values}


class _Inline(dict[str, Any]):
    """Written on one line."""


class _Dumper(yaml.SafeDumper):
    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Items of a list stand in from its name."""
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True


_Dumper.add_representer(
    _Inline, lambda dumper, data: dumper.represent_mapping("tag:yaml.org,2002:map", data, flow_style=True)
)


def _inline(value: Plain) -> Plain:
    if isinstance(value, dict):
        return _Inline(value)
    return [_inline(part) for part in value] if isinstance(value, list) else value


def _dump(value: dict[str, Any]) -> str:
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=False, width=110)
