"""DTLS-SRTP: keys for whom signalling promised, none for anybody else (RFC 5763, RFC 5764, RFC 8122)."""

from __future__ import annotations

import gc
import hashlib
import os
import weakref

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st
from OpenSSL import SSL
from webrtc_party import digest_of

from kiestoon.media.dtls import MAX_HANDSHAKE_OCTETS, MTU, DtlsFailed, DtlsSession, Identity
from kiestoon.media.protocol import DtlsPeer
from kiestoon.media.srtp import SrtpReceiver, SrtpSender

ALICE, BOB, MALLORY = Identity(), Identity(), Identity()
Fingerprints = tuple[tuple[str, bytes], ...]


def sessions(
    alice: Identity = ALICE, bob: Identity = BOB, *, of_alice: Fingerprints = (), of_bob: Fingerprints = ()
) -> tuple[DtlsSession, DtlsSession]:
    """A client and a server that expect each other."""
    client = DtlsSession(alice, DtlsPeer("client", of_bob or digest_of(bob.fingerprint)))
    server = DtlsSession(bob, DtlsPeer("server", of_alice or digest_of(alice.fingerprint)))
    return client, server


def shake(client: DtlsSession, server: DtlsSession) -> list[bytes]:
    """To the end; returns every datagram sent. Raises DtlsFailed."""
    sent: list[bytes] = []
    client.start()
    while True:
        to_server = client.outgoing()
        for datagram in to_server:
            server.receive(datagram)
        to_client = server.outgoing()
        for datagram in to_client:
            client.receive(datagram)
        sent += to_server + to_client
        if not to_server and not to_client:
            return sent


def certificate_of(identity: Identity) -> bytes:
    """The certificate as the other side gets it."""
    certificate = SSL.Connection(identity.context, None).get_certificate(as_cryptography=True)
    assert certificate is not None
    return certificate.public_bytes(Encoding.DER)


def test_both_sides_get_the_same_keys_and_the_cheapest_suite() -> None:
    client, server = sessions()
    shake(client, server)
    assert client.keys is not None
    assert server.keys is not None
    assert (client.keys.send, client.keys.receive) == (server.keys.receive, server.keys.send)
    assert client.keys.send.suite == "AEAD_AES_128_GCM"
    packet = b"\x80\x08" + bytes(10) + b"speech"
    assert SrtpReceiver(server.keys.receive).unprotect(SrtpSender(client.keys.send).protect(packet)) == packet


@pytest.mark.parametrize(
    ("profile", "suite"),
    [
        (b"SRTP_AEAD_AES_256_GCM", "AEAD_AES_256_GCM"),
        (b"SRTP_AES128_CM_SHA1_80", "AES_CM_128_HMAC_SHA1_80"),
    ],
)
def test_a_party_with_one_profile_gets_it(profile: bytes, suite: str) -> None:
    modest = Identity()
    modest.context.set_tlsext_use_srtp(profile)
    client, server = sessions(modest)
    shake(client, server)
    assert server.keys is not None
    assert client.keys is not None
    assert (server.keys.send.suite, server.keys.receive) == (suite, client.keys.send)


def test_without_a_common_profile_there_are_no_keys() -> None:
    odd = Identity()
    odd.context.set_tlsext_use_srtp(b"SRTP_AES128_CM_SHA1_32")
    client, server = sessions(odd)
    with pytest.raises(DtlsFailed, match="profile"):
        shake(client, server)
    assert server.keys is None


@pytest.mark.parametrize("role", ["client", "server"])
def test_another_certificate_than_promised_gives_no_keys(role: str) -> None:
    stranger = digest_of(MALLORY.fingerprint)
    if role == "client":
        client, server = sessions(of_bob=stranger)
    else:
        client, server = sessions(of_alice=stranger)
    deceived, deceiver = (client, server) if role == "client" else (server, client)
    with pytest.raises(DtlsFailed, match="promised"):
        shake(client, server)
    assert deceived.keys is None
    for datagram in deceived.outgoing():
        deceiver.receive(datagram)
    assert deceiver.closed  # it does not go on believing that it is connected


@pytest.mark.parametrize("name", ["sha-1", "sha-224", "sha-256", "sha-384", "sha-512"])
def test_every_hash_of_rfc_8122_is_understood(name: str) -> None:
    digest = hashlib.new(name.replace("-", ""), certificate_of(ALICE)).digest()
    client, server = sessions(of_alice=((name, digest),))
    shake(client, server)
    assert server.keys is not None


def test_the_strongest_hash_decides() -> None:
    """A forged certificate that collides under SHA-1 does not help (RFC 8122 §5)."""
    right = hashlib.sha1(certificate_of(ALICE)).digest()
    client, server = sessions(of_alice=(("sha-1", right), ("sha-256", bytes(32))))
    with pytest.raises(DtlsFailed, match="promised"):
        shake(client, server)


def test_one_of_several_promised_certificates_will_do() -> None:
    client, server = sessions(of_alice=(("sha-256", bytes(32)), *digest_of(ALICE.fingerprint)))
    shake(client, server)
    assert server.keys is not None


@pytest.mark.parametrize("fingerprints", [(), (("md5", bytes(16)),), (("sha-256", b"short"),)])
def test_a_promise_that_cannot_be_checked_is_refused_before_anything_is_sent(fingerprints: Fingerprints) -> None:
    with pytest.raises(ValueError, match="fingerprint"):
        DtlsSession(ALICE, DtlsPeer("server", fingerprints))


def test_datagrams_fit_the_path_and_hold_whole_records() -> None:
    sent = shake(*sessions())
    assert max(map(len, sent)) <= MTU
    for datagram in sent:
        at = 0
        while at < len(datagram):
            at += 13 + int.from_bytes(datagram[at + 11 : at + 13])
        assert at == len(datagram)


def test_records_repeated_and_out_of_order_do_no_harm() -> None:
    client, server = sessions()
    client.start()
    for _ in range(10):
        for datagram in reversed([datagram for datagram in client.outgoing() for _ in range(2)]):
            server.receive(datagram)
        for datagram in server.outgoing():
            client.receive(datagram)
    assert server.keys is not None


def test_the_party_is_told_why_it_fails() -> None:
    """A client without our ciphers gets an alert, not silence."""
    old = Identity()
    old.context.set_cipher_list(b"AES128-SHA")
    client, server = sessions(old)
    client.start()
    with pytest.raises(DtlsFailed):
        server.receive(client.outgoing()[0])
    (alert,) = server.outgoing()
    assert alert[0] == 21


def test_closing_is_heard_at_the_other_side() -> None:
    client, server = sessions()
    shake(client, server)
    server.close()
    for datagram in server.outgoing():
        client.receive(datagram)
    assert client.closed


def test_an_endless_handshake_is_cut() -> None:
    _, server = sessions()
    of_another_epoch = b"\x16\xfe\xfd\x00\x05" + bytes(6) + (1000).to_bytes(2) + os.urandom(1000)
    for _ in range(MAX_HANDSHAKE_OCTETS // len(of_another_epoch)):
        server.receive(of_another_epoch)
    with pytest.raises(DtlsFailed, match="endless"):
        server.receive(of_another_epoch)
    assert server.closed
    server.receive(of_another_epoch)  # and nothing more is thought of it


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 400), st.binary(min_size=1, max_size=80))
def test_a_damaged_hello_raises_nothing_but_dtls_failed(at: int, junk: bytes) -> None:
    client, server = sessions()
    client.start()
    hello = client.outgoing()[0]
    try:
        server.receive(hello[:at] + junk + hello[at + len(junk) :])
    except DtlsFailed:
        assert server.closed
    server.outgoing()
    assert server.keys is None


@settings(max_examples=300, deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=300), max_size=5), st.sampled_from([20, 21, 22, 23, 25]))
def test_any_bytes_are_survived(datagrams: list[bytes], kind: int) -> None:
    client, server = sessions()
    client.start()
    for session in (client, server):
        try:
            for datagram in datagrams:
                session.receive(bytes((kind,)) + datagram)
        except DtlsFailed:
            assert session.closed
        assert session.keys is None


@settings(max_examples=50, deadline=None)
@given(st.binary(min_size=1, max_size=300), st.sampled_from([20, 21, 22, 23, 25]))
def test_after_the_handshake_noise_changes_nothing(noise: bytes, kind: int) -> None:
    client, server = sessions()
    shake(client, server)
    keys = server.keys
    server.receive(bytes((kind,)) + noise)
    assert (server.keys, server.closed) == (keys, False)


@pytest.mark.parametrize("alert", [b"\x01\x00", b"\x02\x00", b"\x02\x28"], ids=["close", "fatal close", "failure"])
def test_nobody_else_can_close_an_association(alert: bytes) -> None:
    """An alert in the clear is not the party's."""
    client, server = sessions()
    shake(client, server)
    server.receive(b"\x15\xfe\xfd" + bytes(2) + (9).to_bytes(6) + b"\x00\x02" + alert)
    assert not server.closed


def test_a_session_leaves_nothing_to_a_collector() -> None:
    client, server = sessions()
    shake(client, server)
    gc.collect()
    gc.disable()
    try:
        left = weakref.ref(server._connection)
        del server
        assert left() is None
    finally:
        gc.enable()
