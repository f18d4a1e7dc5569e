"""The company files in the manuals can be applied as they stand (ORG-21)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kiestoon.store.configuration_file.applying import apply_document
from kiestoon.store.configuration_file.reading import read_document
from kiestoon.store.database import Database
from kiestoon.store.keys import Vault
from kiestoon.store.write import changing

MANUALS = Path(__file__).parents[3] / "docs" / "admin"
FILES = {
    f"{path.name} {number}": found
    for path in sorted(MANUALS.glob("*.md"))
    for number, found in enumerate(re.findall(r"```yaml\n(kiestoon: .*?)```", path.read_text(), re.S))
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_in_a_manual_makes_a_company_and_changes_nothing_the_second_time(
    name: str, database: Database, vault: Vault
) -> None:
    with changing(database, vault, acting_user="test") as changes:
        applied = apply_document(changes, vault, None, read_document(FILES[name]), may_remove=True)
    with changing(database, vault, acting_user="test") as changes:
        again = apply_document(changes, vault, applied.company_id, read_document(FILES[name]), may_remove=True)
    assert applied.changes
    assert not again.changes


def test_there_are_files_in_the_manuals() -> None:
    assert {"configuration-as-code.md 0", "where-calls-go.md 0"} <= FILES.keys()
