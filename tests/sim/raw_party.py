"""Parties of which a test writes more than the usual by hand: one without any engine, and a provider with logins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from network import Network, Node
from world import EXCHANGE, DeskPhone, World

from kiestoon.sip.digest import Challenger, find_authorization
from kiestoon.sip.events import InviteReceived, RequestReceived
from kiestoon.sip.flow import Flow, Send, Target
from kiestoon.sip.message import Request, Response


class RawParty:
    """A party without an engine: it keeps what it gets and sends what the test tells it to."""

    def __init__(self, network: Network, name: str, host: str) -> None:
        self.network, self.host = network, host
        self.requests: list[Request] = []
        self.responses: list[Response] = []
        self._to_send: list[Send] = []
        self.node = network.add(Node(name, self, (host, 5060)))

    def receive(self, message: Request | Response, flow: Flow, now: float) -> None:
        if isinstance(message, Request):
            self.requests.append(message)
        else:
            self.responses.append(message)

    def handle_timers(self, now: float) -> None: ...
    def resolved(self, token: int, targets: Sequence[Target], now: float) -> None: ...
    def transport_failed(self, transaction: str, now: float) -> None: ...
    def next_deadline(self) -> float | None:
        return None

    def outputs(self) -> list[Send]:
        waiting, self._to_send = self._to_send, []
        return waiting

    def of(self, method: str) -> list[Request]:
        return [request for request in self.requests if request.method == method]

    def send(self, message: Request | Response) -> None:
        self._to_send.append(Send(Target("udp", *EXCHANGE), message.encode()))
        self.network.drain(self.node)

    def answer(
        self, request: Request, status: int, tag: str = "t", body: bytes = b"", headers: Sequence[tuple[str, str]] = ()
    ) -> None:
        response = Response.answer(request, status, to_tag=tag)
        response.add("Contact", f"<sip:raw@{self.host}:5060>")
        for name, value in headers:
            response.add(name, value)
        if body:
            response.add("Content-Type", "application/sdp")
            response.body = body
        self.send(response)


class LoginProvider(DeskPhone):
    """A provider where the exchange logs in. ``minimum_s``: shorter registrations get 423. ``registers``: what came."""

    def __init__(self, world: World, host: str, username: str, secret: str) -> None:
        super().__init__(world, f"provider {host}", host)
        self.challenger = Challenger(b"p" * 32)
        self.logins = {username: secret}
        self.minimum_s = 0
        self.fails_with = 0
        self.registers: list[Request] = []
        self.contact = ""
        self.challenges_calls = False

    def react(self, phone: Any, event: Any, now: float) -> None:
        if isinstance(event, RequestReceived) and event.request.method == "REGISTER":
            self._register(event, now)
        elif isinstance(event, InviteReceived) and self.challenges_calls and not self._known(event.request, now):
            values = self.challenger.challenge(self.host, now)
            event.session.reject(now, 407, headers=[("Proxy-Authenticate", value) for value in values])
        else:
            super().react(phone, event, now)

    def _known(self, request: Request, now: float) -> bool:
        credentials = find_authorization(request, self.host)
        if credentials is None:
            return False
        lookup = self.logins.get
        return self.challenger.verify(credentials, request.method, request.uri, lambda u, _: lookup(u), now).accepted

    def _register(self, event: RequestReceived, now: float) -> None:
        request = event.request
        self.registers.append(request)
        answer: list[tuple[str, str]] = []
        status = 200
        expires_s = int(request.get("Expires") or 0)
        if self.fails_with:
            status = self.fails_with
        elif not self._known(request, now):
            status = 401
            answer = [("WWW-Authenticate", value) for value in self.challenger.challenge(self.host, now)]
        elif expires_s < self.minimum_s:
            status, answer = 423, [("Min-Expires", str(self.minimum_s))]
        else:
            self.contact = str(request.contacts[0].uri)
            answer = [("Contact", f"<{self.contact}>;expires={expires_s}")]
        self.endpoint.respond(now, event.transaction, status, headers=answer)
