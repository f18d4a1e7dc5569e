"""The installation's key, and the secrets encrypted under it (AES-256-GCM, a random nonce for each row)."""

from __future__ import annotations

import os
import secrets
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kiestoon.store.errors import KeyFileError

_KEY_BYTES = 32
_NONCE_BYTES = 12
_FORMAT = b"\x01"  # first byte of every encrypted value: AES-256-GCM, nonce, ciphertext, tag
ALPHABET = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # without 0 O 1 l I o: typed into phones
SECRET_LENGTH = 24  # 139 bits


def new_secret() -> str:
    """A password for a device: random, long, without characters that are mistaken for one another."""
    return "".join(secrets.choice(ALPHABET) for _ in range(SECRET_LENGTH))


class Vault:
    """Encrypts and decrypts secrets with the installation's key.

    ``place`` names where the value belongs (table, company, username): a ciphertext copied to another row does not
    decrypt there.
    """

    __slots__ = ("_cipher", "fingerprint")

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)
        self.fingerprint = sha256(b"kiestoon key fingerprint" + key).hexdigest()[:32]

    def encrypt(self, secret: str, place: str) -> bytes:
        """Encrypt; every call gives another value."""
        nonce = os.urandom(_NONCE_BYTES)
        return _FORMAT + nonce + self._cipher.encrypt(nonce, secret.encode(), place.encode())

    def decrypt(self, value: bytes, place: str) -> str:
        """Decrypt; raises ``KeyFileError`` when key, value or place do not belong together."""
        try:
            if value[:1] != _FORMAT:
                raise InvalidTag
            return self._cipher.decrypt(value[1:13], value[13:], place.encode()).decode()
        except (InvalidTag, ValueError):
            raise KeyFileError(
                f"The stored secret of {place} cannot be decrypted",
                "Restore the installation.key that belongs to this database from the backup",
            ) from None


def load_vault(path: Path) -> Vault:
    """Open the key file; raises ``KeyFileError`` when it is missing, malformed or readable by others."""
    try:
        mode = path.stat().st_mode
        key = path.read_bytes()
    except FileNotFoundError:
        raise KeyFileError(f"The installation's key {path} is missing", "Restore it from the backup") from None
    except OSError as error:
        raise KeyFileError(
            f"The installation's key {path} cannot be read ({error.strerror})", "Make it readable for this user only"
        ) from None
    if mode & 0o077:
        raise KeyFileError(f"The installation's key {path} is open to other users", f"Run: chmod 600 {path}")
    if len(key) != _KEY_BYTES:
        raise KeyFileError(f"The installation's key {path} is damaged", "Restore it from the backup")
    return Vault(key)


def create_vault(path: Path) -> Vault:
    """Generate the key at first start. Written and synced before it is used: a lost key loses every secret."""
    key = secrets.token_bytes(_KEY_BYTES)
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, key)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return Vault(key)
