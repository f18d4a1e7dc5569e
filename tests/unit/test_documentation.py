"""What the documentation names must exist: files, links, commands, options, settings, metrics."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest
import typer.main

from kiestoon.app.cli import app
from kiestoon.app.config import Settings

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
FOLDERS = ("src", "tests", "docs", "bench", "scripts", "tools")
MADE_BY_COMMANDS = {"bench/results.md"}
"""Named in the documentation, written by a command named beside it."""

_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"`([^`\n]+)`")
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_PATH = re.compile(r"[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)+/?")
_COMMAND = re.compile(r"(?:^|.*[\s/(=])kiestoon ([a-z][a-z-]*(?: .*)?)$")  # "sudo -u kiestoon kiestoon …": the last one


def page_id(page: Path) -> str:
    return str(page.relative_to(ROOT))


each_page = pytest.mark.parametrize("page", PAGES, ids=page_id)


def inline_code(text: str) -> list[str]:
    return _CODE.findall(_FENCE.sub("", text))


def shell_lines(text: str) -> Iterator[str]:
    """Indented code, without prompts and comments, and inline code."""
    for line in _FENCE.sub("", text).splitlines():
        if line.startswith("    "):
            yield line.strip().removeprefix("$ ").partition("  #")[0].strip()
    yield from inline_code(text)


@cache
def repository_files() -> tuple[str, ...]:
    files = (path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if "__pycache__" not in path.parts)
    return tuple("/" + str(path.relative_to(ROOT)) for path in files)


def is_in_repository(name: str) -> bool:
    """Whether a file or folder of this name exists; it may be named from any folder on."""
    return any(path.endswith("/" + name.strip("/")) for path in repository_files())


def slug(heading: str) -> str:
    """A heading's anchor, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


@each_page
def test_links_lead_somewhere(page: Path) -> None:
    for target in _LINK.findall(page.read_text()):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        assert file.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", file.read_text(), re.MULTILINE)
            assert anchor in map(slug, headings), target


@each_page
def test_files_that_are_named_exist(page: Path) -> None:
    for code in inline_code(page.read_text()):
        if not _PATH.fullmatch(code) or code in MADE_BY_COMMANDS:
            continue
        if code.split("/")[0] in FOLDERS:
            assert (ROOT / code).exists(), code
        elif code.endswith(".py"):
            assert is_in_repository(code), code


@pytest.mark.parametrize("page", sorted(ROOT.glob("docs/rfc/*.md")), ids=page_id)
def test_code_and_tests_of_the_rfc_tables_exist(page: Path) -> None:
    for code in inline_code(page.read_text()):
        if code.endswith(".py"):
            assert is_in_repository(code), code
        elif re.fullmatch(r"test_[a-z_]+", code):
            assert is_in_repository(code + ".py"), code


def test_each_row_of_the_rfc_overview_leads_to_code_and_tests() -> None:
    rows = [line for line in (ROOT / "docs/rfc/README.md").read_text().splitlines() if line.startswith("| ")][1:]
    assert len(rows) > 40
    for row in rows:
        *_, state, code, tests = row.strip("| ").split(" | ")
        assert state.split(":")[0].split(";")[0] in {"yes", "part", "no"}, row
        for cell in (code, tests):
            paths = [(ROOT / "docs/rfc" / target).resolve() for target in _LINK.findall(cell)]
            assert paths, row
            assert all(path.exists() for path in paths), row


def commands_in(text: str) -> Iterator[list[str]]:
    for line in shell_lines(text):
        found = _COMMAND.search(line)
        if found is not None:
            yield shlex.split(found.group(1).replace("…", "").replace("'", ""), comments=True)


def options_of(command: Any) -> Iterator[str]:
    for parameter in command.params:
        yield from (option for option in (*parameter.opts, *parameter.secondary_opts) if option.startswith("-"))


@each_page
def test_commands_and_their_options_exist(page: Path) -> None:
    for words in commands_in(page.read_text()):
        group = typer.main.get_command(app)
        given = list(words)
        while given and hasattr(group, "commands") and not given[0].startswith("-"):
            name = given.pop(0)
            if name not in group.commands and group.invoke_without_command:
                break
            assert name in group.commands, words
            group = group.commands[name]
        options = set(options_of(group)) | {"--help"}
        for word in given:
            if word.startswith("--"):
                assert word.partition("=")[0] in options, words


def test_every_command_is_documented() -> None:
    assert sum(1 for page in PAGES for _ in commands_in(page.read_text())) > 30
    text = "\n".join(page.read_text() for page in PAGES)
    group = typer.main.get_command(app)
    for name, command in group.commands.items():  # type: ignore[attr-defined]  # Typer gives a group
        assert f"kiestoon {name}" in text, name
        parts = getattr(command, "commands", {})
        for part in parts:
            assert part == "list" or f"kiestoon {name} {part}" in text, (name, part)
        for option in (option for each in (command, *parts.values()) for option in options_of(each)):
            assert option in {"--help"} or option in text, (name, option)


@each_page
def test_make_targets_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for line in shell_lines(page.read_text()):
        found = re.match(r"make ([a-z]+)", line)
        assert found is None or found.group(1) in targets, line


def test_every_setting_is_documented_with_its_default() -> None:
    text = (ROOT / "docs/admin/configuration.md").read_text()
    block = text.partition("```toml\n")[2].partition("```")[0]
    documented = msgspec.toml.decode(block)
    assert documented == msgspec.json.decode(msgspec.json.encode(Settings()))


def metrics_in_the_source() -> set[str]:
    names = {"kiestoon_up"}
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Metric":
                name, kind = (argument.value for argument in node.args[:2] if isinstance(argument, ast.Constant))
                names.add(f"kiestoon_{name}" + ("_total" if kind == "counter" else ""))
    return names


def test_every_metric_is_documented_and_no_other() -> None:
    text = (ROOT / "docs/admin/watching.md").read_text()
    documented = {code.partition("{")[0] for code in inline_code(text) if code.startswith("kiestoon_")}
    assert documented == metrics_in_the_source()
