"""An installation's data as a whole: database, key and whether the two belong together."""

from __future__ import annotations

from pathlib import Path

from kiestoon.store.database import Database
from kiestoon.store.errors import KeyFileError
from kiestoon.store.keys import Vault, create_vault, load_vault
from kiestoon.store.schema import check_schema, current_revision, migrate
from kiestoon.store.write import get_setting, put_setting

_FINGERPRINT = "key_fingerprint"


def prepare(database: Database, key_path: Path) -> Vault:
    """Create or migrate the database, create the key at the very first start, and check that they fit."""
    migrate(database)
    if key_path.exists() or get_setting(database, _FINGERPRINT) is not None:
        vault = load_vault(key_path)
    else:
        vault = create_vault(key_path)
    _check_fingerprint(database, vault, key_path)
    return vault


def open_vault(database: Database, key_path: Path) -> Vault:
    """Open the key of an existing installation; raises a ``StoreError`` that says what is missing."""
    if current_revision(database) is None:
        raise KeyFileError(f"There is no installation in {key_path.parent} yet", "Run: kiestoon migrate")
    check_schema(database)
    vault = load_vault(key_path)
    _check_fingerprint(database, vault, key_path)
    return vault


def _check_fingerprint(database: Database, vault: Vault, key_path: Path) -> None:
    known = get_setting(database, _FINGERPRINT)
    if known is None:
        put_setting(database, _FINGERPRINT, vault.fingerprint)
    elif known != vault.fingerprint:
        raise KeyFileError(
            f"The key {key_path} is not the one that the secrets in {database.place} were encrypted with",
            "Restore the key that belongs to this database from the backup",
        )
