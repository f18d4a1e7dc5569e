"""TLS contexts: 1.2 and later; server certificates that can be exchanged while running."""

from __future__ import annotations

import ssl

from kiestoon.net.settings import TlsClient, TlsServer


def server_context(settings: TlsServer) -> ssl.SSLContext:
    """For a listener. Raises ``OSError`` or ``ssl.SSLError`` when the files are missing or do not fit together."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    reload_certificate(context, settings)
    return context


def reload_certificate(context: ssl.SSLContext, settings: TlsServer) -> None:
    """Read the files again. New connections get the new certificate; connections that stand are not touched. When the
    files are bad the old certificate stays, and the error is raised."""
    trial = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    for each in (trial, context):
        # A key that asks for a password is an error: without one given, OpenSSL would ask at the terminal and wait.
        each.load_cert_chain(settings.certificate_file, settings.key_file, password="")


def client_context(settings: TlsClient) -> ssl.SSLContext:
    """For connections we open: the name in the certificate must be the one asked for (RFC 5922 §7.2)."""
    context = ssl.create_default_context(cafile=settings.ca_file or None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if not settings.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
