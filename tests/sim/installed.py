"""A database as ``kiestoon migrate`` leaves it, copied: migrating takes a third of a second, and most tests need it."""

from __future__ import annotations

import shutil
import tempfile
from functools import cache
from pathlib import Path

from kiestoon.store.database import Database, sqlite_url
from kiestoon.store.schema import migrate


def copy_database(path: Path) -> Path:
    """Put a migrated SQLite file at ``path``, whose folder is made; what a database there left beside it goes."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    for rest in path.parent.glob(f"{path.name}*"):
        rest.unlink()
    shutil.copy(migrated_file(), path)
    return path


@cache
def migrated_file() -> Path:
    """Made once for each test process."""
    folder = tempfile.TemporaryDirectory(prefix="kiestoon-migrated-")
    _kept.append(folder)
    path = Path(folder.name) / "kiestoon.db"
    database = Database(sqlite_url(path))
    migrate(database)
    database.close()
    return path


_kept: list[tempfile.TemporaryDirectory[str]] = []
