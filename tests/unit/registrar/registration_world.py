"""A small company, phones that can answer challenges, and a stepped clock."""

from __future__ import annotations

from kiestoon.company.directory import Directory
from kiestoon.company.model import Company, CompanyRows, Device, Trunk, User
from kiestoon.registrar import (
    Bindings,
    Doorkeeper,
    DoorkeeperSettings,
    Guard,
    GuardSettings,
    RegisterSettings,
    Registrar,
)
from kiestoon.sip.digest import Challenger, digest_response, parse_challenge
from kiestoon.sip.flow import Flow
from kiestoon.sip.message import Request, Response
from kiestoon.sip.parse import parse_message
from kiestoon.sip.tokens import Tokens

DOMAIN = "town.example"
OFFICE = "198.51.100.7"
WALL = 1_800_000_000.0


def rows(devices: int = 3) -> CompanyRows:
    return CompanyRows(
        company=Company(id=1, name="Town", domain=DOMAIN),
        users=tuple(User(id=n, company_id=1, extension=str(100 + n), name=f"U{n}") for n in range(1, devices + 1)),
        devices=(
            *(
                Device(id=n, company_id=1, username=f"d{n}", secret=f"secret-{n}", user_id=n)
                for n in range(1, devices + 1)
            ),
            Device(id=900, company_id=1, username="safe", secret="secret-safe", encryption="required"),
            Device(id=901, company_id=1, username="off", secret="secret-off", active=False),
        ),
    )


TRUNKS = (
    Trunk(id=50, name="Peer", kind="peer", host="203.0.113.1", sources=("203.0.113.0/28",)),
    Trunk(id=51, name="Login", kind="peer", host="pbx.example", username="linelogin", secret="line-secret"),
    Trunk(id=52, name="Registered", kind="register", host="sip.provider.example", username="acct"),
    Trunk(id=53, name="Secret", kind="peer", host="203.0.113.97", sources=("203.0.113.96/28",), srtp="required"),
)


class World:
    """Everything a registration goes through; ``now`` is the clock."""

    def __init__(
        self,
        devices: int = 3,
        guard: GuardSettings | None = None,
        register: RegisterSettings | None = None,
        doorkeeper: DoorkeeperSettings | None = None,
        max_per_device: int = 8,
    ) -> None:
        self.now = 1_000.0
        self.directory = Directory([rows(devices)], TRUNKS)
        self.bindings = Bindings(max_per_device)
        self.guard = Guard(guard, self.bindings.devices_at)
        self.challenger = Challenger(b"k" * 32)
        self.doorkeeper = Doorkeeper(self.directory, self.challenger, self.guard, doorkeeper)
        self.registrar = Registrar(
            self.doorkeeper, self.bindings, wall_s=lambda: WALL + self.now, tokens=Tokens(), settings=register
        )

    def send(self, request: Request, flow: Flow) -> Response | None:
        parsed = parse_message(request.encode())
        assert isinstance(parsed, Request)
        response = self.registrar.handle_register(parsed, flow, self.now)
        if response is not None:
            response.encode()
        return response

    def register(self, phone: Phone, **changes: object) -> Response | None:
        """A whole registration, challenge included."""
        response = self.send(phone.request(**changes), phone.flow)  # type: ignore[arg-type]  # test shorthand
        if response is None or response.status != 401:
            return response
        return self.send(phone.request(challenge=response, **changes), phone.flow)  # type: ignore[arg-type]  # as above


def flow(host: str = OFFICE, port: int = 5060, transport: str = "udp", number: int = 1) -> Flow:
    return Flow(transport, "192.0.2.1", 5060, host, port, number)  # type: ignore[arg-type]  # a transport's name


class Phone:
    """A phone's REGISTERs; every one has the next CSeq."""

    def __init__(self, username: str = "d1", secret: str = "", flow_: Flow | None = None, domain: str = DOMAIN) -> None:
        self.username = username
        self.secret = secret or f"secret-{username.removeprefix('d')}"
        self.flow = flow_ or flow()
        self.domain = domain
        self.cseq = 0
        self.call_id = f"call-{username}"

    def request(
        self,
        *,
        contact: str | None = "<sip:phone@10.0.0.1:5060>",
        expires: str | None = "3600",
        challenge: Response | None = None,
        headers: tuple[tuple[str, str], ...] = (),
        cseq: int | None = None,
        call_id: str = "",
        to_user: str = "",
        method: str = "REGISTER",
        uri: str = "",
        realm: str = "",
    ) -> Request:
        if cseq is None:
            self.cseq += 1
        uri = uri or f"sip:{self.domain}"
        address = f"<sip:{to_user or self.username}@{self.domain}>"
        request = Request(method, uri)
        request.add("Via", f"SIP/2.0/{self.flow.transport.upper()} 10.0.0.1:5060;branch=z9hG4bK{self.cseq}x;rport")
        request.add("Max-Forwards", "70")
        request.add("From", f"{address};tag=f")
        request.add("To", address)
        request.add("Call-ID", call_id or self.call_id)
        request.add("CSeq", f"{self.cseq if cseq is None else cseq} {method}")
        if contact is not None:
            request.add("Contact", contact)
        if expires is not None:
            request.add("Expires", expires)
        for name, value in headers:
            request.add(name, value)
        if challenge is not None:
            request.add(*self.answer(challenge, method, uri))
        return request

    def answer(self, challenge: Response, method: str, uri: str) -> tuple[str, str]:
        name = "WWW-Authenticate" if challenge.status == 401 else "Proxy-Authenticate"
        offered = parse_challenge(challenge.all(name)[0])
        response = digest_response(
            offered.algorithm, username=self.username, realm=offered.realm, password=self.secret,
            method=method, uri=uri, nonce=offered.nonce, nc="00000001", cnonce="c", qop="auth",
        )  # fmt: skip
        value = (
            f'Digest username="{self.username}", realm="{offered.realm}", nonce="{offered.nonce}", uri="{uri}", '
            f'response="{response}", algorithm={offered.algorithm}, qop=auth, nc=00000001, cnonce="c"'
        )
        return ("Authorization" if challenge.status == 401 else "Proxy-Authorization", value)
