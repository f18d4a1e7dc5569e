"""The installation's key and the secrets under it."""

from __future__ import annotations

from pathlib import Path

import pytest

from kiestoon.store.database import Database
from kiestoon.store.errors import KeyFileError
from kiestoon.store.installation import open_vault, prepare
from kiestoon.store.keys import ALPHABET, Vault, create_vault, load_vault, new_secret


def test_generated_secrets_are_long_random_and_unambiguous() -> None:
    secrets = {new_secret() for _ in range(100)}
    assert len(secrets) == 100
    assert all(len(secret) >= 20 and set(secret) <= set(ALPHABET) for secret in secrets)
    assert not set("0O1lIo") & set(ALPHABET)


def test_a_secret_comes_back_only_in_its_own_place() -> None:
    vault = Vault(bytes(32))
    value = vault.encrypt("geheim", "device 1 a")
    assert vault.decrypt(value, "device 1 a") == "geheim"
    with pytest.raises(KeyFileError):
        vault.decrypt(value, "device 1 b")


def test_the_same_secret_is_never_encrypted_the_same_way() -> None:
    vault = Vault(bytes(32))
    assert vault.encrypt("geheim", "x") != vault.encrypt("geheim", "x")


@pytest.mark.parametrize("value", [b"", b"\x01", b"\x02" + bytes(40), b"\x01" + bytes(40)])
def test_damaged_values_are_refused(value: bytes) -> None:
    with pytest.raises(KeyFileError, match="cannot be decrypted"):
        Vault(bytes(32)).decrypt(value, "x")


def test_the_key_file_belongs_to_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "installation.key"
    created = create_vault(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_vault(path).fingerprint == created.fingerprint
    path.chmod(0o640)
    with pytest.raises(KeyFileError, match="chmod 600"):
        load_vault(path)


def test_a_lost_key_is_not_replaced_by_a_new_one(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "installation.key"
    prepare(database, path)
    path.unlink()
    with pytest.raises(KeyFileError, match="missing"):
        prepare(database, path)
    assert not path.exists()


def test_another_installations_key_is_refused(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "installation.key"
    prepare(database, path)
    path.unlink()
    create_vault(path)
    with pytest.raises(KeyFileError, match="not the one"):
        open_vault(database, path)


def test_opening_what_was_never_prepared_says_what_to_do(database: Database, tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="kiestoon migrate"):
        open_vault(database, tmp_path / "installation.key")
