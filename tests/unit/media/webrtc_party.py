"""A browser on the rig: a full ICE agent's checks and a DTLS endpoint, on as many sockets as a test wants."""

from __future__ import annotations

import os

from media_rig import PCMA, Phone, Rig, Rtp, read_rtp

from kiestoon.media import stun
from kiestoon.media.dtls import DtlsSession, Identity
from kiestoon.media.protocol import Add, Codec, DtlsPeer, IceCredentials, Stream
from kiestoon.media.srtp import SrtpReceiver, SrtpSender
from kiestoon.media.stun import StunMessage, parse_stun

ICE = IceCredentials("ours", "our-secret-of-some-length", "theirs")


def digest_of(fingerprint: str) -> tuple[tuple[str, bytes], ...]:
    """What SDP says of a certificate, as the protocol carries it."""
    name, _, value = fingerprint.partition(" ")
    return ((name, bytes.fromhex(value.replace(":", ""))),)


def check(
    ice: IceCredentials = ICE,
    *,
    nominate: bool = True,
    username: str | None = None,
    password: str | None = None,
    role: int = stun.ICE_CONTROLLING,
    more: tuple[tuple[int, bytes], ...] = (),
) -> bytes:
    """A connectivity check as a full agent sends it."""
    name = f"{ice.ufrag}:{ice.remote_ufrag}" if username is None else username
    attributes = [(stun.USERNAME, name.encode()), (role, os.urandom(8)), (stun.PRIORITY, b"\x6e\x00\x01\xff"), *more]
    if nominate:
        attributes.append((stun.USE_CANDIDATE, b""))
    return stun.encode_stun(stun.REQUEST, os.urandom(12), attributes, ice.password if password is None else password)


class Browser:
    """``role`` is the exchange's part in the handshake. Its termination is apart from the phones'."""

    def __init__(
        self,
        rig: Rig,
        role: str = "server",
        *,
        number: int = 101,
        codec: Codec = PCMA,
        identity: Identity | None = None,
        promised: tuple[tuple[str, bytes], ...] | None = None,
    ) -> None:
        self.rig = rig
        self.role = role
        self.number = number
        self.codec = codec
        self.ice = ICE
        self.identity = identity or Identity()
        self.promised = digest_of(self.identity.fingerprint) if promised is None else promised
        self.port = rig.lease()
        self.sockets: list[Phone] = []
        self.at = self.move()
        self.stream_phone = Phone(payload_type=codec.payload_type, ssrc=0xB000)
        rig.phones.append(self.stream_phone)
        self.handshake()
        self.responses: list[StunMessage] = []
        self.media: list[bytes] = []
        self.wire: list[bytes] = []
        """Everything but STUN, as it came."""
        rig.do(Add(1, number, self.port, self.stream()))

    def handshake(self) -> None:
        """Begin a new association."""
        ours = "client" if self.role == "server" else "server"
        exchange = digest_of(self.rig.shared.identity.fingerprint)
        self.dtls = DtlsSession(self.identity, DtlsPeer(ours, exchange))
        self.sends: SrtpSender | None = None
        self.receives: SrtpReceiver | None = None

    def stream(self, **fields: object) -> Stream:
        values: dict[str, object] = {
            "remote": None,
            "remote_rtcp": None,
            "send": self.codec,
            "receive": (self.codec,),
            "dtmf_send": 101,
            "dtmf_receive": 101,
            "ice": self.ice,
            "dtls": DtlsPeer(self.role, self.promised),  # type: ignore[arg-type]
        }
        values.update(fields)
        return Stream(**values)  # type: ignore[arg-type]

    def move(self) -> Phone:
        """Another local address."""
        self.at = Phone()
        self.at.port = self.port
        self.sockets.append(self.at)
        self.rig.phones.append(self.at)
        return self.at

    def check(self, **how: object) -> StunMessage | None:
        """Send a check from where we are; returns the answer."""
        self.responses.clear()
        self.at.send(check(self.ice, **how))  # type: ignore[arg-type]
        self.exchange()
        return self.responses[-1] if self.responses else None

    def connect(self) -> None:
        """Nominate, shake hands."""
        assert self.check() is not None
        if self.role == "server":
            self.dtls.start()
        self.exchange()
        assert self.sends is not None

    def exchange(self) -> None:
        """Let everything under way arrive and be answered."""
        for _ in range(12):
            for datagram in self.dtls.outgoing():
                self.at.send(datagram)
            self.rig.turn()
            read = [self._read(phone) for phone in self.sockets]
            if not any(read):
                return

    def _read(self, phone: Phone) -> bool:
        found = phone.raw()
        for data in found:
            if data[0] < 4:
                self.responses.append(parse_stun(data))
                continue
            self.wire.append(data)
            if 20 <= data[0] <= 63:
                self._hand(data)
            else:
                self.media.append(data)
        return bool(found)

    def _hand(self, data: bytes) -> None:
        self.dtls.receive(data)
        if self.sends is None and self.dtls.keys is not None:
            self.sends, self.receives = SrtpSender(self.dtls.keys.send), SrtpReceiver(self.dtls.keys.receive)

    def speak(self, payload: bytes = b"b" * 160, *, phone: Phone | None = None) -> bytes:
        assert self.sends is not None
        data = self.sends.protect(self.stream_phone.packet(payload))
        (phone or self.at).send(data)
        self.rig.turn()
        return data

    def heard(self) -> list[Rtp]:
        """The RTP that came, in the clear."""
        self.exchange()
        media, self.media = self.media, []
        assert self.receives is not None
        return [read_rtp(self.receives.unprotect(data)) for data in media if not 192 <= data[1] <= 223]

    def heard_rtcp(self) -> list[bytes]:
        self.exchange()
        media, self.media = self.media, []
        assert self.receives is not None
        return [self.receives.unprotect_rtcp(data) for data in media if 192 <= data[1] <= 223]

    def close(self) -> None:
        for phone in self.sockets:
            phone.close()


def is_record(data: bytes) -> bool:
    """Whether it is DTLS."""
    return 20 <= data[0] <= 63


__all__ = ["ICE", "Browser", "check", "digest_of", "is_record"]
