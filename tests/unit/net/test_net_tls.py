"""TLS: whose certificate is believed, reloading ours, handshakes that never end."""

from __future__ import annotations

import asyncio
import datetime
import ssl
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from net_peers import options
from transport_peers import Open, listen, server_tls, until_closed

from kiestoon.net.certificate import CertificateFiles
from kiestoon.net.settings import StreamLimits, TlsClient, TlsServer
from kiestoon.sip.flow import Send, Target


async def test_tls_connection_checks_the_server_name(open_transports: Open, certificate: CertificateFiles) -> None:
    client_tls = TlsClient(ca_file=str(certificate.authority))
    server, sink = await open_transports(listen("tls", tls=server_tls(certificate)))
    client, failures = await open_transports(listen("udp", tls_client=client_tls))
    port = server.bound[0].port
    client.send(Send(Target("tls", "127.0.0.1", port, "sip.example.com"), options("good", "TLS 127.0.0.1")))
    message, flow = await sink.message()
    assert message.call_id == "good"
    assert flow.transport == "tls"
    client.send(Send(Target("tls", "127.0.0.1", port, "other.example.com"), options("evil"), "wrong name"))
    assert await failures.failure() == "wrong name"


async def test_unknown_authority_is_refused_unless_told_not_to_verify(
    open_transports: Open, certificate: CertificateFiles
) -> None:
    server, sink = await open_transports(listen("tls", tls=server_tls(certificate)))
    strict, failures = await open_transports(listen("udp"))
    lax, _ = await open_transports(listen("udp", tls_client=TlsClient(verify=False)))
    target = Target("tls", "127.0.0.1", server.bound[0].port)
    strict.send(Send(target, options("strict"), "unverified"))
    assert await failures.failure() == "unverified"
    lax.send(Send(target, options("lax", "TLS 127.0.0.1")))
    assert (await sink.message())[0].call_id == "lax"


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
async def test_old_tls_is_refused(open_transports: Open, certificate: CertificateFiles) -> None:
    server, _ = await open_transports(listen("tls", tls=server_tls(certificate)))
    context = ssl.create_default_context(cafile=str(certificate.authority))
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await asyncio.open_connection("127.0.0.1", server.bound[0].port, ssl=context, server_hostname="127.0.0.1")


async def test_reloaded_certificate_is_shown_to_new_connections(
    open_transports: Open, certificate: CertificateFiles, tmp_path: Any
) -> None:
    from kiestoon.net.certificate import create_certificate

    def names(writer: asyncio.StreamWriter) -> str:
        return str(writer.get_extra_info("peercert")["subjectAltName"])

    for file in (certificate.certificate, certificate.key):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    tls = TlsServer(str(tmp_path / certificate.certificate.name), str(tmp_path / certificate.key.name))
    server, _ = await open_transports(listen("tls", tls=tls))
    fresh = create_certificate(tmp_path, ["new.example.com", "127.0.0.1"], datetime.datetime.now(datetime.UTC))
    context = ssl.create_default_context(cafile=str(certificate.authority))
    context.load_verify_locations(str(fresh.authority))
    port = server.bound[0].port
    _, before = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="127.0.0.1")
    server.reload_certificates()
    _, after = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="127.0.0.1")
    assert "new.example.com" not in names(before)
    assert "new.example.com" in names(after)
    before.close()
    after.close()


async def test_a_bad_certificate_is_an_error_and_the_one_of_before_stays(
    open_transports: Open, certificate: CertificateFiles, tmp_path: Any
) -> None:
    for file in (certificate.certificate, certificate.key):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    key = tmp_path / certificate.key.name
    server, _ = await open_transports(
        listen("tls", tls=TlsServer(str(tmp_path / certificate.certificate.name), str(key)))
    )
    context = ssl.create_default_context(cafile=str(certificate.authority))
    held = serialization.load_pem_private_key(key.read_bytes(), None)
    protected = held.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"word")
    )
    for bad in (b"junk", protected):  # whose password nobody is asked for: the exchange would wait for ever
        key.write_bytes(bad)
        with pytest.raises(ssl.SSLError):
            server.reload_certificates()
    key.unlink()
    with pytest.raises(FileNotFoundError):
        server.reload_certificates()
    port = server.bound[0].port
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="127.0.0.1")
    writer.close()


async def test_an_unfinished_tls_handshake_is_given_up(open_transports: Open, certificate: CertificateFiles) -> None:
    settings = listen(
        "tls", tls=server_tls(certificate), limits=StreamLimits(handshake_s=0.05, connections_per_source=1)
    )
    server, sink = await open_transports(settings)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.bound[0].port)
    await until_closed(reader)
    writer.close()
    lax, _ = await open_transports(listen("udp", tls_client=TlsClient(verify=False)))
    lax.send(Send(Target("tls", "127.0.0.1", server.bound[0].port), options("next", "TLS 127.0.0.1")))
    assert (await sink.message())[0].call_id == "next"
