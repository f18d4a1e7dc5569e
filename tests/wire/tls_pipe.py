"""TLS for a SIPp built without it: bytes go between its TCP and the exchange's TLS unchanged."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import socket
import ssl
import threading
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Pipe:
    """Accepts connections at ``listen`` and passes each on to ``forward``. A context manager."""

    def __init__(self, listen: tuple[str, int], forward: tuple[str, int]) -> None:
        self._forward = forward
        self._listener = socket.create_server(listen)
        self._open: list[socket.socket] = [self._listener]

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        for each in self._open:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                plain, _ = self._listener.accept()
                self._open.append(plain)
                try:
                    outer, inner = self._accepted(plain), self._connected()
                except OSError:  # ssl.SSLError is one: the handshake failed, which may be what is tested
                    plain.close()
                    continue
                self._open += [outer, inner]
                for source, sink in ((outer, inner), (inner, outer)):
                    threading.Thread(target=_copy, args=(source, sink), daemon=True).start()

    def _accepted(self, plain: socket.socket) -> socket.socket:
        return plain

    def _connected(self) -> socket.socket:
        return socket.create_connection(self._forward)


class TlsPipe(Pipe):
    """A server's: TLS at ``listen`` with this certificate, TCP at ``forward``."""

    def __init__(self, listen: tuple[str, int], forward: tuple[str, int], certificate: Path) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate)
        super().__init__(listen, forward)

    def _accepted(self, plain: socket.socket) -> socket.socket:
        return self._context.wrap_socket(plain, server_side=True)


class TlsClientPipe(Pipe):
    """A client's: TCP at ``listen``, TLS from the address ``source`` to ``forward``, whose certificate ``authority``
    must have signed."""

    def __init__(self, listen: tuple[str, int], forward: tuple[str, int], source: str, authority: Path) -> None:
        self._context = ssl.create_default_context(cafile=authority)
        self._source = source
        super().__init__(listen, forward)

    def _connected(self) -> socket.socket:
        plain = socket.create_connection(self._forward, source_address=(self._source, 0))
        return self._context.wrap_socket(plain, server_hostname=self._forward[0])


def _copy(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError, ssl.SSLError):
        while data := source.recv(65536):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


def make_certificate(folder: Path, host: str) -> Path:
    """A self-signed certificate and its key for an address, in one PEM file; also the authority to trust."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{host}.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + private)
    return path
