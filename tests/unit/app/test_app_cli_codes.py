"""``kiestoon company add --codes``: the feature codes a company starts with (CALL-23)."""

from pathlib import Path

import pytest
from test_app_cli import Shell

from kiestoon.company.code_presets import PRESETS
from kiestoon.company.model import FeatureCode
from kiestoon.store.database import Database
from kiestoon.store.load import list_rows


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    ready = Shell(tmp_path)
    ready.install()
    return ready


def codes_in(folder: Path) -> dict[str, str]:
    database = Database(f"sqlite:///{folder / 'data' / 'kiestoon.db'}")
    rows = list_rows(database, FeatureCode)
    database.close()
    return {row.code: row.feature for row in rows}


@pytest.mark.parametrize(("options", "preset"), [((), "standard"), (("--codes", "one-net"), "one-net")])
def test_a_company_starts_with_the_codes_of_a_preset(shell: Shell, options: tuple[str, ...], preset: str) -> None:
    shell.run("company", "add", "Acme", "--domain", "acme.example", *options)
    assert codes_in(shell.folder) == PRESETS[preset]  # type: ignore[index]  # one of the presets


def test_a_preset_there_is_not_adds_no_company(shell: Shell) -> None:
    error = shell.fail("company", "add", "Acme", "--domain", "acme.example", "--codes", "pots")
    assert "pots" in str(error)
    assert shell.json("company", "list") == []
