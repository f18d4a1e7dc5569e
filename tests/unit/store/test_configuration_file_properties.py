"""Export, difference and applying agree with one another, whatever the company (ORG-21)."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from installed import copy_database
from random_company import Maker

from kiestoon.store.configuration_file.applying import Applied, apply_document, difference_of, rows_of
from kiestoon.store.configuration_file.document import document_of
from kiestoon.store.configuration_file.reading import read_document
from kiestoon.store.configuration_file.writing import write_document
from kiestoon.store.database import Database, sqlite_url
from kiestoon.store.installation import prepare
from kiestoon.store.keys import Vault, load_vault
from kiestoon.store.write import changing

SEEDS = st.integers(0, 10**9)
QUICK = settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))


class Installation:
    """An empty installation of its own for every example, copied from one that was migrated."""

    def __init__(self, empty: Path, folder: str) -> None:
        shutil.copytree(empty, folder, dirs_exist_ok=True)
        self.database = Database(sqlite_url(Path(folder) / "kiestoon.db"))
        self.vault: Vault = load_vault(Path(folder) / "installation.key")

    def apply(self, text: str, company_id: int | None) -> Applied:
        with changing(self.database, self.vault, acting_user="test") as changes:
            return apply_document(changes, self.vault, company_id, read_document(text), may_remove=True)

    def diff(self, text: str, company_id: int | None):
        with self.database.read() as connection:
            return difference_of(connection, self.vault, company_id, read_document(text))

    def export(self, company_id: int) -> str:
        with self.database.read() as connection:
            rows = rows_of(connection, company_id, None)
        assert rows is not None
        return write_document(document_of(rows))


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("empty")
    database = Database(sqlite_url(copy_database(folder / "kiestoon.db")))
    prepare(database, folder / "installation.key")
    database.close()
    return folder


def exported(seed: int) -> str:
    return write_document(document_of(Maker(seed, storable=True).make()))


@QUICK
@given(SEEDS)
def test_what_is_exported_and_applied_to_an_empty_installation_is_exported_alike(empty: Path, seed: int) -> None:
    text = exported(seed)
    with TemporaryDirectory() as folder:
        installation = Installation(empty, folder)
        applied = installation.apply(text, None)
        assert installation.export(applied.company_id) == text
        assert installation.diff(text, applied.company_id) == []
        assert installation.apply(text, applied.company_id).changes == []
        installation.database.close()


@QUICK
@given(SEEDS, SEEDS)
def test_any_company_becomes_any_other_by_applying_its_file(empty: Path, first: int, second: int) -> None:
    before, after = exported(first), exported(second)
    with TemporaryDirectory() as folder:
        installation = Installation(empty, folder)
        company_id = installation.apply(before, None).company_id
        told = installation.diff(after, company_id)
        applied = installation.apply(after, company_id)
        assert applied.changes == told
        assert installation.export(company_id) == after
        assert installation.diff(after, company_id) == []
        assert installation.apply(after, company_id).secrets == []
        installation.database.close()


@QUICK
@given(SEEDS, SEEDS)
def test_edits_are_told_applied_once_and_then_nothing_is_left(empty: Path, seed: int, edits: int) -> None:
    with TemporaryDirectory() as folder:
        installation = Installation(empty, folder)
        company_id = installation.apply(exported(seed), None).company_id
        after = edited(seed, edits)
        told = installation.diff(after, company_id)
        assert installation.apply(after, company_id).changes == told
        assert installation.export(company_id) == after
        assert installation.apply(after, company_id).changes == []
        installation.database.close()


def edited(seed: int, edits: int) -> str:
    maker = Maker(seed, storable=True)
    maker.make()
    return write_document(document_of(maker.edit(edits)))
