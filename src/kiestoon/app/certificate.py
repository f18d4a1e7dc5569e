"""Certificates for TLS and WSS made at the first start, so that a fresh installation speaks both at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from kiestoon.app.config import ConfigError, Settings
from kiestoon.app.os_problems import explain_file

_RENEW = timedelta(days=30)


def ensure_certificate(settings: Settings, names: Sequence[str], now: datetime | None = None) -> bool:
    """Make a certificate for ``names`` unless a lasting one exists; True: made. Raises ``OperatorError``.

    Certificates named in the settings are the operator's: they are never made or renewed here, only looked for.
    """
    if settings.sip.certificate or settings.sip.key:
        for path in (settings.certificate, settings.certificate_key):
            if not path.is_file():
                raise ConfigError(f"The certificate file {path} does not exist", "Correct sip.certificate and sip.key")
        return False
    now = now or datetime.now(UTC)
    if settings.certificate_key.exists() and settings.certificate.exists() and _lasts(settings.certificate, now):
        return False
    from kiestoon.net.certificate import create_certificate  # noqa: PLC0415 - 60 ms that only a first start pays

    folder = settings.certificate.parent
    try:
        create_certificate(folder, tuple(dict.fromkeys(names)), now)
    except OSError as error:
        raise explain_file(error, folder, "the certificate folder") from None
    return True


def _lasts(path: Path, now: datetime) -> bool:
    from cryptography import x509  # noqa: PLC0415 - as above

    try:
        return x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc > now + _RENEW
    except ValueError:
        return False
