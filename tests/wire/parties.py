"""Who takes part in the wire tests: companies, providers and their addresses."""

from __future__ import annotations

from collections.abc import Callable

from bench.lib.exchange import Exchange, Site
from bench.peers.baresip import Baresip
from bench.peers.process import free_port
from bench.peers.sipp import Sipp
from ladder import Ladder

SippStarter = Callable[..., Sipp]
PhoneStarter = Callable[..., Baresip]

PHONES = "127.0.0.1"

PROVIDER = ("127.0.0.2", free_port("127.0.0.2"))
SECOND_PROVIDER = ("127.0.0.3", free_port("127.0.0.3"))
TCP_PROVIDER = ("127.0.0.4", free_port("127.0.0.4"))
TLS_PROVIDER = ("127.0.0.5", free_port("127.0.0.5"))
LOGIN_PROVIDER = ("127.0.0.6", free_port("127.0.0.6"))


def _peer(name: str, address: tuple[str, int], **fields: object) -> dict[str, object]:
    return {"name": name, "kind": "peer", "host": address[0], "port": address[1], "sources": (address[0],), **fields}


WIRE = Site(
    name="Wire",
    domain="wire.example",
    extensions=tuple(str(number) for number in range(101, 121) if number != 112),
    numbers={f"+312010001{number}": f"1{number}" for number in range(10, 21) if number != 12},
    users={"101": {"caller_number": "+31201000111"}, "109": {"ring_s": 5}},
    devices={"118": {"encryption": "required"}, "119": {"encryption": "required"}},
    trunks=(_peer("provider", PROVIDER), _peer("second", SECOND_PROVIDER, priority=20)),
    company={"area_code": "020"},
)
"""Phones and two UDP trunks, the second for when the first fails. 109 rings for 5 s only; 118 and 119 must encrypt."""

TCP = Site(
    name="TCP", domain="tcp.example", extensions=("201",), numbers={"+31202000201": "201"},
    trunks=(_peer("tcp provider", TCP_PROVIDER, transport="tcp"),),
)  # fmt: skip

TLS = Site(
    name="TLS", domain="tls.example", extensions=("301",), numbers={"+31203000301": "301"},
    trunks=(_peer("tls provider", TLS_PROVIDER, transport="tls"),),
)  # fmt: skip

FAILING = {
    status: Site(
        name=f"Failing {status}", domain=f"failing{status}.example", extensions=("501",),
        numbers={f"+31205{status:03d}501": "501"},
        trunks=(_peer(f"first {status}", PROVIDER), _peer(f"second {status}", SECOND_PROVIDER, priority=20)),
    )
    for status in (0, 408, 500, 503)
}  # fmt: skip
"""One company per failure (0: nobody listens): a line that failed is avoided by its company for a while."""

SITES = (WIRE, TCP, TLS, *FAILING.values())

LOGIN = Site(
    name="Login", domain="login.example", extensions=("401",), numbers={"+31204000401": "401"},
    trunks=({"name": "login provider", "kind": "register", "host": LOGIN_PROVIDER[0], "port": LOGIN_PROVIDER[1],
             "username": "line401", "secret": "trunk-secret-401", "domain": "provider.example", "expires_s": 60},),
)  # fmt: skip


def caller(extension: str, calls: str, *, site: Site = WIRE, name: str = "", password: str = "") -> Ladder:
    """The ladder of a phone that calls."""
    secret = password or site.password(extension)
    return Ladder(name or f"caller-{extension}", extension, calls, site.domain, secret)


def called(extension: str, *, site: Site = WIRE, name: str = "") -> Ladder:
    """The ladder of a registered phone that is called."""
    return Ladder(name or f"called-{extension}", extension, "", site.domain)


def outside_caller(number: str, calls: str, exchange_host: str, *, name: str = "outside") -> Ladder:
    """The ladder of a call that comes in over a trunk, known by its source address: no digest."""
    return Ladder(name, number, calls, exchange_host)


def provider(name: str = "provider") -> Ladder:
    """The ladder of a provider that takes a call."""
    return Ladder(name, "provider", "", "provider.example")


def left_over(exchange: Exchange) -> dict[str, object]:
    """Everything of calls that still exists."""
    return {name: count for name, count in exchange.ask("inventory").items() if count}
