"""A browser on the fake network: signalling over WSS, DTLS and ICE in its descriptions, nothing else understood."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from world import DOMAIN, EXCHANGE, DeskPhone, World

from kiestoon.media.protocol import Codec
from kiestoon.sdp import parse_sdp
from kiestoon.sdp.negotiate import LocalMedia, WebRtcLocal, answer_offer, build_offer, read_answer
from kiestoon.sip import events
from kiestoon.sip.digest import Credentials
from kiestoon.sip.flow import Target
from kiestoon.sip.session import Session

BROWSER_CODECS = (Codec("OPUS", 111, 48000, 2, "minptime=10;useinbandfec=1"), Codec("PCMU", 0), Codec("PCMA", 8))
_LITE = b"a=ice-lite\r\n"


class Browser(DeskPhone):
    """``generation`` counts ICE restarts. A browser is a full agent: what our own composer says of lite is taken out
    here, both ways."""

    def __init__(self, world: World, name: str, host: str, codecs: Sequence[Codec] = BROWSER_CODECS) -> None:
        super().__init__(world, name, host, codecs)
        self.generation = 1
        self.digest = ":".join([f"{len(world.phones):02X}"] * 32)
        self.ports: dict[int, int] = {}

    @property
    def end(self) -> WebRtcLocal:
        return WebRtcLocal(f"sha-256 {self.digest}", f"{self.name}{self.generation}", "a" * 24)

    def offer(self, session: Session | None = None) -> bytes:
        number = session.id if session is not None else 0
        previous = self.agreed.get(number)
        built = build_offer(LocalMedia(self.host, self.port, 7), self.codecs, direction=self.direction,
                            previous=previous.body if previous else b"", webrtc=self.end)  # fmt: skip
        self.offers[number] = built.state
        return built.body.replace(_LITE, b"")

    def answer_to(self, session: Session, offer: bytes) -> bytes:
        answered = answer_offer(
            LocalMedia(self.host, self.port, 8), offer.replace(_LITE, b""), self.codecs, direction=self.direction,
            previous=self.agreed.get(session.id), webrtc=self.end,
        )  # fmt: skip
        self._took(session, offer, answered)
        return answered.body.replace(_LITE, b"")

    def react(self, phone: Any, event: Any, now: float) -> None:
        answers = (events.Accepted, events.Progressed, events.AnswerReceived, events.Confirmed)
        if isinstance(event, answers) and event.body and event.session.id in self.offers:
            self._took(event.session, event.body, read_answer(self.offers[event.session.id],
                                                              event.body.replace(_LITE, b"")))  # fmt: skip
        else:
            super().react(phone, event, now)

    def _took(self, session: Session, theirs: bytes, result: Any) -> None:
        self.agreed[session.id] = result.agreed
        self.streams[session.id] = result.stream
        audio = next(media for media in parse_sdp(theirs).media if media.kind == "audio")
        self.ports[session.id] = int((audio.attribute("candidate") or "").split()[5])

    def log_in(self) -> Browser:
        self.register(transport="wss")
        self.network.run(1)
        assert self.last(events.ResponseReceived).status == 200
        return self

    def dial(self, number: str, *, offerless: bool = False) -> Session:
        session = self.endpoint.invite(
            self.now, uri=f"sip:{number}@{DOMAIN}", to=f"<sip:{number}@{DOMAIN}>",
            from_=f'"{self.name}" <sip:{self.name}@{DOMAIN}>', destination=[Target("wss", *EXCHANGE)],
            body=b"" if offerless else self.offer(), credentials=Credentials(self.name, f"secret of {self.name}"),
        )  # fmt: skip
        if not offerless:
            self.offers[session.id] = self.offers[0]
        return session

    def hears(self, session: Session) -> set[str]:
        return self.world.media.hears(self.ports[session.id])

    def sends_to(self, session: Session) -> str:
        return str(self.ports[session.id])
