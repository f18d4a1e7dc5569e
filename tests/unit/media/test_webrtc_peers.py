"""The media process and an ICE, DTLS and SRTP of other hands (aiortc): two of them speak through it."""

from __future__ import annotations

import asyncio
import fractions
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiortc
import av
import numpy as np
import pytest
from aiortc.mediastreams import AudioStreamTrack

from kiestoon.media.client import MediaClient
from kiestoon.media.protocol import Add, Codec, Event, Measure, MediaFailed, Port, QualityMeasured, Topology
from kiestoon.sdp.negotiate import Agreed, LocalMedia, OfferState, WebRtcLocal, answer_offer, build_offer, read_answer

RATE_HZ = 48_000
CODECS = (Codec("OPUS", 107, 48000, 2, "useinbandfec=1"), Codec("PCMA", 8), Codec("PCMU", 0))
PATIENCE_S = 20.0


class Tone(AudioStreamTrack):
    """A microphone before which somebody whistles."""

    def __init__(self, hz: int) -> None:
        super().__init__()
        self.hz = hz
        self.at = 0
        self.due = 0.0

    async def recv(self) -> av.AudioFrame:
        loop = asyncio.get_running_loop()
        self.due = max(self.due + 0.02, loop.time())
        await asyncio.sleep(self.due - loop.time())
        times = np.arange(self.at, self.at + 960) / RATE_HZ
        samples = (10_000 * np.sin(2 * np.pi * self.hz * times)).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE_HZ, self.at, fractions.Fraction(1, RATE_HZ)
        self.at += 960
        return frame


class Peer:
    """A WebRTC party on a leased port of the media process."""

    def __init__(self, client: MediaClient, number: int, hz: int, codecs: tuple[Codec, ...] = CODECS) -> None:
        self.client = client
        self.number = number
        self.codecs = codecs
        port = client.lease()
        assert port is not None
        self.port: Port = port
        self.agreed: Agreed | None = None
        self.connection = aiortc.RTCPeerConnection(aiortc.RTCConfiguration(iceServers=[]))
        self.connection.addTrack(Tone(hz))

    @property
    def local(self) -> LocalMedia:
        return LocalMedia(self.port.host, self.port.rtp, 7)

    def end(self, generation: int = 1) -> WebRtcLocal:
        return WebRtcLocal(self.client.fingerprint, f"ours{self.number}g{generation}", "a" * 24)

    async def call(self) -> None:
        """It offers, the exchange answers."""
        await self.connection.setLocalDescription(await self.connection.createOffer())
        answered = answer_offer(self.local, self._said(), self.codecs, webrtc=self.end())
        self.agreed = answered.agreed
        self.client.send(Add(1, self.number, self.port.rtp, answered.stream))
        await self._told(answered.body, "answer")

    async def be_called(self) -> None:
        """The exchange offers, it answers."""
        offer = build_offer(self.local, self.codecs, webrtc=self.end())
        await self._told(offer.body, "offer")
        await self.connection.setLocalDescription(await self.connection.createAnswer())
        self._take(offer.state)

    def _take(self, state: OfferState) -> None:
        negotiated = read_answer(state, self._said())
        self.agreed = negotiated.agreed
        self.client.send(Add(1, self.number, self.port.rtp, negotiated.stream))

    def _said(self) -> bytes:
        return self.connection.localDescription.sdp.encode()

    async def _told(self, body: bytes, kind: str) -> None:
        await self.connection.setRemoteDescription(aiortc.RTCSessionDescription(body.decode(), kind))

    async def hears(self, hz: int) -> bool:
        """Whether this tone, and hardly anything else, arrives in time."""
        track = self.connection.getReceivers()[0].track
        async with asyncio.timeout(PATIENCE_S):
            while True:
                heard = [await track.recv() for _ in range(10)]
                samples = np.concatenate([_first_channel(frame) for frame in heard]).astype(float)
                spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
                peak_hz = float(np.argmax(spectrum)) * heard[0].sample_rate / len(samples)
                if samples.std() > 1000 and abs(peak_hz - hz) < 20:
                    return True


def _first_channel(frame: av.AudioFrame) -> np.ndarray:
    return frame.to_ndarray().reshape(-1, len(frame.layout.channels))[:, 0]


class Watched(MediaClient):
    """Keeps what the media process reports."""

    def __init__(self, path: str) -> None:
        super().__init__(path, stock=8, refill_at=4)
        self.seen: list[Event] = []
        self.on_event = self._note
        self.news = asyncio.Event()
        self.stocked = asyncio.Event()

    def _note(self, event: Event) -> None:
        self.seen.append(event)
        self.news.set()

    def on_stock(self, host: str, count: int) -> None:
        self.stocked.set()

    async def until(self, kind: type[Event]) -> Event:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                self.news.clear()
                for event in self.seen:
                    if isinstance(event, kind):
                        return event
                await self.news.wait()


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Watched]:
    """Connected to a media process of its own."""
    path = tmp_path / "media.sock"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "kiestoon.media", str(path), "28000-31999", "127.0.0.1",
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    made = Watched(str(path))
    async with asyncio.timeout(PATIENCE_S):
        await made.start()
        await made.stocked.wait()
    yield made
    await made.stop()
    process.terminate()
    await process.wait()


@pytest.fixture
async def peers(client: Watched) -> AsyncIterator[tuple[Peer, Peer]]:
    """One that calls, one that is called."""
    made = Peer(client, 1, 440), Peer(client, 2, 1000)
    yield made
    for peer in made:
        await peer.connection.close()


async def test_two_peers_of_other_hands_hear_each_other(client: Watched, peers: tuple[Peer, Peer]) -> None:
    caller, callee = peers
    await caller.call()
    await callee.be_called()
    client.send(Topology(1, ((1, 2), (2, 1))))
    assert await caller.hears(1000)
    assert await callee.hears(440)
    assert caller.agreed is not None
    assert callee.agreed is not None
    assert caller.agreed.codecs[0].name == "OPUS"
    client.send(Measure(1))
    measured = await client.until(QualityMeasured)
    assert isinstance(measured, QualityMeasured)
    assert measured.quality.packets_received > 10
    assert not [event for event in client.seen if isinstance(event, MediaFailed)]


async def test_opus_and_g711_are_transcoded_between_them(client: Watched) -> None:
    caller, callee = Peer(client, 1, 440), Peer(client, 2, 1000, CODECS[1:])
    await caller.call()
    await callee.be_called()
    client.send(Topology(1, ((1, 2), (2, 1))))
    assert await caller.hears(1000)
    assert await callee.hears(440)
    await caller.connection.close()
    await callee.connection.close()


async def test_a_peer_whose_certificate_is_not_the_promised_one_is_refused(
    client: Watched, peers: tuple[Peer, Peer]
) -> None:
    caller, _ = peers
    honest = caller._said
    caller._said = lambda: re.sub(rb"(a=fingerprint:\S+) ..", rb"\1 00", honest())  # type: ignore[method-assign]
    await caller.call()
    failed = await client.until(MediaFailed)
    assert isinstance(failed, MediaFailed)
    assert "promised" in failed.reason


async def test_a_peer_that_closes_is_noticed(client: Watched, peers: tuple[Peer, Peer]) -> None:
    caller, callee = peers
    await caller.call()
    await callee.be_called()
    client.send(Topology(1, ((1, 2), (2, 1))))
    assert await callee.hears(440)
    await caller.connection.close()
    failed = await client.until(MediaFailed)
    assert isinstance(failed, MediaFailed)
    assert (failed.termination, failed.reason) == (1, "closed by the party")
