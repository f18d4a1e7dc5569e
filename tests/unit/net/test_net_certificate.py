"""Self-signed certificates."""

from __future__ import annotations

import datetime
import ssl
from pathlib import Path

from cryptography import x509

from kiestoon.net.certificate import CertificateFiles, create_certificate
from kiestoon.net.settings import TlsServer
from kiestoon.net.tls import server_context


def test_certificate_names_hosts_and_addresses(certificate: CertificateFiles) -> None:
    parsed = x509.load_pem_x509_certificate(certificate.certificate.read_bytes())
    names = parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["sip.example.com"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "::1"]
    authority = x509.load_pem_x509_certificate(certificate.authority.read_bytes())
    parsed.verify_directly_issued_by(authority)


def test_key_is_readable_by_the_owner_only_and_is_replaced(tmp_path: Path) -> None:
    now = datetime.datetime.now(datetime.UTC)
    first = create_certificate(tmp_path, ["a.test"], now).key.read_bytes()
    files = create_certificate(tmp_path, ["a.test"], now)
    assert files.key.read_bytes() != first
    assert files.key.stat().st_mode & 0o777 == 0o600
    context = server_context(TlsServer(str(files.certificate), str(files.key)))
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
