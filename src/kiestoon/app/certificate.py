"""A self-signed certificate for TLS and WSS, so that a fresh installation speaks both at once."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from kiestoon.app.os_problems import explain_file

_DAYS = 3650
_RENEW_DAYS = 30


def ensure_certificate(certificate: Path, key: Path, names: Iterable[str]) -> bool:
    """Generate the pair unless it exists and lasts. ``names``: host names and addresses it is for. True: generated."""
    if certificate.exists() and key.exists() and not _runs_out(certificate):
        return False
    certificate_pem, key_pem = generate_certificate(tuple(names))
    try:
        _write(key, key_pem, 0o600)
        _write(certificate, certificate_pem, 0o644)
    except OSError as error:
        raise explain_file(error, certificate.parent, "the certificate folder") from None
    return True


def generate_certificate(names: tuple[str, ...]) -> tuple[bytes, bytes]:
    """A certificate and its key (P-256), both PEM, valid from yesterday (clocks of phones lag)."""
    from cryptography import x509  # noqa: PLC0415 - 60 ms that only a first start pays
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID  # noqa: PLC0415

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64] if names else "kiestoon")])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)  # phones import it as their root
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    )
    alternatives = [
        x509.IPAddress(ip_address(name)) if _is_address(name) else x509.DNSName(name) for name in dict.fromkeys(names)
    ]
    if alternatives:
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
    certificate = builder.sign(key, hashes.SHA256())
    return (
        certificate.public_bytes(serialization.Encoding.PEM),
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
    )


def _runs_out(path: Path) -> bool:
    from cryptography import x509  # noqa: PLC0415 - as above

    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
    except ValueError:
        return True
    return certificate.not_valid_after_utc < datetime.now(UTC) + timedelta(days=_RENEW_DAYS)


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _write(path: Path, content: bytes, mode: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".new")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    temporary.rename(path)
