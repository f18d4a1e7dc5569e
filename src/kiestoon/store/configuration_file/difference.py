"""What applying a document would change: compared row by row, told in Dutch and English."""

from __future__ import annotations

from typing import Any, Final, Literal, TypeAlias

import msgspec
from msgspec import NODEFAULT

from kiestoon.company.model import BY_TABLE
from kiestoon.store.configuration_file.document import Document, Entry, Identity
from kiestoon.store.configuration_file.shapes import SECTIONS, Shape
from kiestoon.store.configuration_file.values import Plain, to_plain

Action: TypeAlias = Literal["add", "change", "remove", "replace"]
_SIGNS: Final[dict[str, str]] = {"add": "+", "change": "~", "remove": "-", "replace": "±"}
_SECRET: Final = ("…", "…")


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One difference. ``fields``: by name [before, after].

    "replace": the row is removed and added again as it is (or with its changes), because something before or around it
    goes. ``was``: of an added row, the row of the same kind that goes and is like it in all but its name: it is a
    rename, and what hangs on the row outside this file (its login, its place in history) does not come along.
    """

    action: Action
    table: str
    row: str
    fields: dict[str, tuple[Plain, Plain]] = {}
    was: str = ""
    line: int = 0


class Pair(msgspec.Struct, eq=False):
    """A row as it is and as the file wants it."""

    old: Entry
    new: Entry


class Difference(msgspec.Struct, eq=False):
    """Two documents compared: whose rows go, come and stay."""

    gone: list[Entry]
    new: list[Entry]
    kept: list[Pair]


def compare(current: Document | None, wanted: Document) -> Difference:
    """Match rows by identity. ``current`` None: there is no such company yet."""
    if current is None:
        return Difference([], list(wanted), [])
    olds: dict[tuple[str, Identity], Entry] = {(entry.shape.table, entry.identity): entry for entry in current}
    olds[wanted.company.shape.table, wanted.company.identity] = olds.pop(("companies", current.company.identity))
    _match_main_scheme(olds, wanted)
    new: list[Entry] = []
    kept: list[Pair] = []
    for entry in wanted:
        old = olds.pop((entry.shape.table, entry.identity), None)
        if old is None:
            new.append(entry)
        else:
            kept.append(Pair(old, entry))
    return Difference(list(olds.values()), new, kept)


def _match_main_scheme(olds: dict[tuple[str, Identity], Entry], wanted: Document) -> None:
    """The main scheme cannot be removed: under another name it is the same one, renamed."""
    old_key = next((key for key, entry in olds.items() if _is_main(entry)), None)
    new = next((entry for entry in wanted.sections["number_schemes"] if _is_main(entry)), None)
    if old_key is not None and new is not None and ("number_schemes", new.identity) not in olds:
        olds["number_schemes", new.identity] = olds.pop(old_key)


def _is_main(entry: Entry) -> bool:
    return entry.shape.table == "number_schemes" and bool(entry.values.get("is_main"))


def fields_between(old: Entry, new: Entry) -> dict[str, tuple[Plain, Plain]]:
    """The fields that differ, as they are and as they shall be."""
    names = [name for name in new.shape.parts if old.values.get(name) != new.values.get(name)]
    fields = {name: (_value(old, name), _value(new, name)) for name in names}
    secret = getattr(old.row, "secret", "")
    if new.secret and new.secret != secret:
        fields["secret"] = _SECRET
    return fields


def _value(entry: Entry, name: str) -> Plain:
    part = entry.shape.parts[name]
    if name in entry.values or part.default is NODEFAULT:
        return entry.values.get(name)
    return to_plain(part.default, part.field, str)


def changes_of(difference: Difference, replaced: frozenset[int]) -> list[Change]:
    """The differences in the order of the file; ``replaced``: ids of kept entries that go and come again."""
    renamed = _renames(difference)
    changes = [_removal(entry) for entry in difference.gone]
    for entry in difference.new:
        was = renamed.get(id(entry))
        changes.append(_addition(entry, was.shown if was is not None else ""))
    for pair in difference.kept:
        fields = fields_between(pair.old, pair.new)
        if id(pair.new) in replaced:
            changes.append(_change("replace", pair.new, fields))
        elif fields:
            changes.append(_change("change", pair.new, fields))
    order = {table: number for number, table in enumerate(("companies", *SECTIONS))}
    return sorted(changes, key=lambda change: (order[change.table], change.action != "remove", change.line))


def _removal(entry: Entry) -> Change:
    return Change(action="remove", table=entry.shape.table, row=entry.shown)


def _addition(entry: Entry, was: str) -> Change:
    fields = {name: (None, value) for name, value in entry.values.items() if name not in entry.shape.identity}
    return Change(action="add", table=entry.shape.table, row=entry.shown, fields=fields, was=was, line=entry.line)


def _change(action: Action, entry: Entry, fields: dict[str, tuple[Plain, Plain]]) -> Change:
    return Change(action=action, table=entry.shape.table, row=entry.shown, fields=fields, line=entry.line)


def _renames(difference: Difference) -> dict[int, Entry]:
    """Added entries that are like a removed one in everything but what identifies it."""
    gone: dict[tuple[str, bytes], list[Entry]] = {}
    for entry in difference.gone:
        gone.setdefault(_likeness(entry.shape, entry), []).append(entry)
    found = {}
    for entry in difference.new:
        alike = gone.get(_likeness(entry.shape, entry))
        if alike:
            found[id(entry)] = alike.pop(0)
    return found


def _likeness(shape: Shape, entry: Entry) -> tuple[str, bytes]:
    own = {"extension"} if shape.entity.has_extension else set(shape.identity)
    rest = {name: value for name, value in entry.values.items() if name not in own}
    return shape.table, msgspec.json.encode(sorted(rest.items(), key=lambda item: item[0]))


# --- in words --------------------------------------------------------------------------------------------------------

_WORDS: Final = {
    "en": {
        "was": "is {was} under another name: that one is removed, this one is added anew",
        "replace": "removed and added again",
        "none": "No difference.",
        "secret": "password changed",
        "summary": "{add} added, {change} changed, {remove} removed, {replace} added again.",
    },
    "nl": {
        "was": "is {was} onder een andere naam: dat verdwijnt, dit komt er nieuw bij",
        "replace": "verwijderd en opnieuw toegevoegd",
        "none": "Geen verschil.",
        "secret": "wachtwoord gewijzigd",
        "summary": "{add} erbij, {change} gewijzigd, {remove} weg, {replace} opnieuw toegevoegd.",
    },
}


def in_words(changes: list[Change], language: str = "en") -> list[str]:
    """A line for each difference and one that sums them up."""
    words = _WORDS["nl" if language.startswith("nl") else "en"]
    if not changes:
        return [words["none"]]
    lines = [_line(change, words, language) for change in changes]
    counts = {action: sum(change.action == action for change in changes) for action in _SIGNS}
    return [*lines, words["summary"].format(**counts)]


def _line(change: Change, words: dict[str, str], language: str) -> str:
    noun = BY_TABLE[change.table].nouns[1 if language.startswith("nl") else 0]
    parts = []
    if change.was:
        parts.append(words["was"].format(was=change.was))
    if change.action == "replace":
        parts.append(words["replace"])
    if change.action in {"change", "replace"}:
        parts += [_field(name, *values, words) for name, values in change.fields.items()]
    told = "; ".join(parts)
    return f"{_SIGNS[change.action]} {noun} {change.row}" + (f": {told}" if told else "")


def _field(name: str, before: Any, after: Any, words: dict[str, str]) -> str:
    if name == "secret":
        return words["secret"]
    return f"{name} {_shown(before)} → {_shown(after)}"


def _shown(value: Any) -> str:
    return msgspec.json.encode(value).decode()
