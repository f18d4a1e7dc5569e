"""DTLS-SRTP (RFC 5763, RFC 5764) over OpenSSL: a handshake in memory, from which the SRTP keys come.

``DtlsSession`` is fed datagrams and timeouts and leaves datagrams to be sent; the only clock inside is OpenSSL's own,
for repeating a flight. The party's certificate is nobody's in particular: what counts is that its digest is the one
signalling brought, and nothing is given out before that has been checked.
"""

from __future__ import annotations

import contextlib
import datetime
import hmac
from typing import Final, cast

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from OpenSSL import SSL

from kiestoon.media.protocol import DtlsPeer, SrtpKey, SrtpSuite

MTU = 1200
"""Of our flights: fits every path a browser is behind."""
MAX_HANDSHAKE_OCTETS = 64 * 1024
"""A real one takes 2 to 10 KB; whoever sends more gets no further."""
_DTLS_1_2: Final = 0xFEFD
_RECORD_HEADER: Final = 13
_LABEL: Final = b"EXTRACTOR-dtls_srtp"
_CIPHERS: Final = b"ECDHE+AESGCM:ECDHE+CHACHA20"
_HASHES: Final[dict[str, type[hashes.HashAlgorithm]]] = {
    "sha-512": hashes.SHA512,
    "sha-384": hashes.SHA384,
    "sha-256": hashes.SHA256,
    "sha-224": hashes.SHA224,
    "sha-1": hashes.SHA1,
}
"""RFC 8122 §5, strongest first; MD5 and MD2 must not be used."""


class _Profile(msgspec.Struct, frozen=True):
    suite: SrtpSuite
    key: int
    salt: int


_PROFILES: Final[dict[bytes, _Profile]] = {
    b"SRTP_AEAD_AES_128_GCM": _Profile("AEAD_AES_128_GCM", 16, 12),
    b"SRTP_AEAD_AES_256_GCM": _Profile("AEAD_AES_256_GCM", 32, 12),
    b"SRTP_AES128_CM_SHA1_80": _Profile("AES_CM_128_HMAC_SHA1_80", 16, 14),
}
"""OpenSSL's names of the profiles of RFC 5764 §4.1.2 and RFC 7714 §14.2, the cheapest first."""


class DtlsFailed(Exception):
    """There will be no keys. The text is for the log; what is left to send (an alert) has been queued."""


class SrtpKeys(msgspec.Struct, frozen=True):
    """What the handshake was for."""

    send: SrtpKey
    receive: SrtpKey


class Identity:
    """A self-signed certificate on P-256 and the OpenSSL context that goes with it; one for a media process's life."""

    __slots__ = ("context", "fingerprint")

    def __init__(self) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _self_signed(key)
        self.fingerprint = "sha-256 " + certificate.fingerprint(hashes.SHA256()).hex(":").upper()
        """As it goes into SDP (RFC 8122 §5)."""
        context = SSL.Context(SSL.DTLS_METHOD)
        context.set_min_proto_version(_DTLS_1_2)
        context.set_options(SSL.OP_NO_QUERY_MTU | SSL.OP_NO_RENEGOTIATION | SSL.OP_NO_TICKET)
        context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
        context.set_cipher_list(_CIPHERS)
        # Every certificate passes here and is held against the fingerprint afterwards.
        context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, lambda *_: True)
        context.use_privatekey(key)
        context.use_certificate(certificate)
        context.set_tlsext_use_srtp(b":".join(_PROFILES))
        self.context = context


class DtlsSession:
    """One association. ``keys`` are there once the handshake is through and the certificate is the party's."""

    __slots__ = ("_connection", "_octets", "_peer", "closed", "keys")

    def __init__(self, identity: Identity, peer: DtlsPeer) -> None:
        """Raises ValueError for fingerprints none of which can be checked."""
        check_fingerprints(peer.fingerprints)
        self._peer = peer
        self._octets = 0
        self.keys: SrtpKeys | None = None
        self.closed = False
        """The party has closed the association, or it has failed."""
        connection = SSL.Connection(identity.context, None)
        connection.set_ciphertext_mtu(MTU)
        if peer.role == "client":
            connection.set_connect_state()
        else:
            connection.set_accept_state()
        self._connection = connection

    def start(self) -> None:
        """Send the ClientHello, where that is ours to do. Raises DtlsFailed."""
        if self._peer.role == "client":
            self._advance()

    def receive(self, datagram: bytes) -> None:
        """Take in one datagram. Raises DtlsFailed."""
        if self.closed:
            return
        if self.keys is None:
            self._octets += len(datagram)
            if self._octets > MAX_HANDSHAKE_OCTETS:
                self.closed = True
                raise DtlsFailed("handshake of endless length")
        self._connection.bio_write(datagram)
        self._advance()

    def timeout_s(self) -> float | None:
        """How long until ``handle_timeout`` has something to repeat; None when nothing waits for an answer."""
        return None if self.closed else self._connection.DTLSv1_get_timeout()

    def handle_timeout(self) -> None:
        """Repeat the last flight if its time has come. Raises DtlsFailed when that has been done often enough."""
        if self.closed:
            return
        try:
            self._connection.DTLSv1_handle_timeout()
        except SSL.Error as error:
            self.closed = True
            raise DtlsFailed("the party does not answer the handshake") from error

    def close(self) -> None:
        """Say goodbye (close_notify)."""
        if not self.closed and self.keys is not None:
            self.closed = True
            try:
                self._connection.shutdown()
            except SSL.Error:
                return  # nobody is left to be polite to

    def outgoing(self) -> list[bytes]:
        """Datagrams to send, no longer than ``MTU`` unless one record is. Memory knows no datagrams: records do."""
        try:
            data = self._connection.bio_read(MAX_HANDSHAKE_OCTETS)
        except SSL.Error:
            return []
        datagrams = [b""]
        at = 0
        while at + _RECORD_HEADER <= len(data):
            end = at + _RECORD_HEADER + int.from_bytes(data[at + 11 : at + 13])
            if datagrams[-1] and len(datagrams[-1]) + end - at > MTU:
                datagrams.append(b"")
            datagrams[-1] += data[at:end]
            at = end
        return [datagram for datagram in datagrams if datagram]

    def _advance(self) -> None:
        try:
            if self.keys is None:
                self._connection.do_handshake()
                self.keys = self._agreed_keys()
            while True:
                self._connection.recv(2048)  # there is no data channel: what comes is thrown away
        except SSL.WantReadError:
            pass
        except SSL.ZeroReturnError:
            self.closed = True
        except SSL.Error as error:
            self.closed = True
            raise DtlsFailed(_reason(error)) from error
        except DtlsFailed:
            # The handshake as such went well, so that the party believes it is connected.
            self.closed = True
            with contextlib.suppress(SSL.Error):
                self._connection.shutdown()
            raise

    def _agreed_keys(self) -> SrtpKeys:
        """Check who it is, then take the keys out (RFC 5764 §4.2)."""
        connection = self._connection
        try:
            certificate = connection.get_peer_certificate(as_cryptography=True)
        except ValueError as error:  # OpenSSL is easier to please than the X.509 parser
            raise DtlsFailed("the certificate cannot be read") from error
        if certificate is None or not _is_promised(certificate, self._peer.fingerprints):
            raise DtlsFailed("the certificate is not the one signalling promised")
        profile = _PROFILES.get(connection.get_selected_srtp_profile())
        if profile is None:
            raise DtlsFailed("no SRTP profile in common")
        key, salt = profile.key, profile.salt
        block = connection.export_keying_material(_LABEL, 2 * (key + salt))
        client = SrtpKey(profile.suite, block[:key] + block[2 * key : 2 * key + salt])
        server = SrtpKey(profile.suite, block[key : 2 * key] + block[2 * key + salt :])
        return SrtpKeys(client, server) if self._peer.role == "client" else SrtpKeys(server, client)


def check_fingerprints(fingerprints: tuple[tuple[str, bytes], ...]) -> None:
    """Raises ValueError when none of them can be held against a certificate."""
    if not any(name in _HASHES and len(digest) == _HASHES[name]().digest_size for name, digest in fingerprints):
        raise ValueError("no fingerprint of a known hash")


def _is_promised(certificate: x509.Certificate, fingerprints: tuple[tuple[str, bytes], ...]) -> bool:
    """Whether it is one of those named under the strongest hash we know of (RFC 8122 §5)."""
    for name, algorithm in _HASHES.items():
        promised = [digest for hash_name, digest in fingerprints if hash_name == name]
        if promised:
            own = certificate.fingerprint(algorithm())
            return any(hmac.compare_digest(own, digest) for digest in promised)
    return False


def _self_signed(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    """Says nothing about anybody; kept for the life of the process, hence the long validity."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "WebRTC")])
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=3650))
        .sign(key, hashes.SHA256())
    )


def _reason(error: SSL.Error) -> str:
    """OpenSSL's words for it."""
    details = error.args[0] if error.args else None
    if isinstance(details, list) and details:
        return str(cast("tuple[str, ...]", details[-1])[-1])
    return type(error).__name__
