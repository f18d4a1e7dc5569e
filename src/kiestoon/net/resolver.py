"""RFC 3263 with real DNS: dnspython asks, ``sip.locate`` decides, answers are cached as long as they may be."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Sequence

import dns.asyncresolver
import dns.exception
import dns.message
import dns.nameserver
import dns.rdatatype
import dns.resolver
import dns.rrset
import msgspec
import structlog

from kiestoon.sip.flow import Target, Transport
from kiestoon.sip.locate import (
    DEFAULT_PORT,
    SRV_PREFIX,
    Naptr,
    Question,
    Srv,
    is_single_host,
    order_naptr,
    order_srv,
    question,
    srv_transports,
)
from kiestoon.sip.uri import BadUri, parse_uri

log = structlog.get_logger(__name__)
MOST_CACHED = 10_000
MOST_TARGETS = 16
MOST_RECORDS = 64
FAILURE_TTL_S = 5.0
NEGATIVE_TTL_S = 60.0
"""At most; the zone's SOA may say less (RFC 2308)."""
LONGEST_TTL_S = 86_400.0


class Answer(msgspec.Struct, frozen=True):
    """Records as plain values; empty for "no such name", "no such type" and failures alike."""

    records: tuple[Naptr | Srv | str, ...]
    expires_at: float


class SipResolver:
    """``resolve(uri)`` gives the targets to try, in order.

    ``nameservers``: (host, port) of DNS servers, empty for those of the system. ``speak``: the transports we can use,
    best first. ``families``: ("A", "AAAA") in order of preference, only those we have addresses of.
    ``rng`` spreads load over SRV records of equal priority.
    """

    def __init__(
        self,
        *,
        nameservers: Sequence[tuple[str, int]] = (),
        speak: Sequence[Transport] = ("udp", "tcp", "tls"),
        families: Sequence[str] = ("A", "AAAA"),
        rng: random.Random | None = None,
        clock: Callable[[], float] = time.monotonic,
        lifetime_s: float = 3.0,
    ) -> None:
        self._resolver = dns.asyncresolver.Resolver(configure=not nameservers)
        if nameservers:
            self._resolver.nameservers = [dns.nameserver.Do53Nameserver(host, port) for host, port in nameservers]
        self._speak = tuple(speak)
        self._families = tuple(families)
        self._rng = rng or random.Random()
        self._clock = clock
        self._lifetime_s = lifetime_s
        self._cache: dict[tuple[str, str], Answer] = {}
        self._asking: dict[tuple[str, str], asyncio.Task[Answer]] = {}

    async def resolve(self, uri: str) -> list[Target]:
        """The targets for a SIP or SIPS URI, best first; empty when there is none (§4). Never raises for what the
        URI or the DNS is like."""
        try:
            wanted = question(parse_uri(uri))
        except BadUri:
            return []
        if wanted is None or (wanted.transport is not None and wanted.transport not in self._speak):
            return []
        targets = await self._locate(wanted)
        return list(dict.fromkeys(targets))[:MOST_TARGETS]

    def forget(self) -> None:
        """Drop the cache."""
        self._cache.clear()

    async def _locate(self, wanted: Question) -> list[Target]:
        transport = wanted.transport or wanted.default_transport
        if wanted.numeric:
            port = wanted.port or DEFAULT_PORT[transport]
            return [Target(transport, wanted.host, port, wanted.domain if wanted.secure else "")]
        if wanted.port is not None:  # §4.2: an explicit port rules SRV out
            return await self._hosts(wanted, transport, wanted.host, wanted.port)
        targets: list[Target] = []
        for kind, name in await self._services(wanted):
            targets += await self._servers(wanted, kind, name)
            if len(targets) >= MOST_TARGETS:
                break
        return targets or await self._hosts(wanted, transport, wanted.host, DEFAULT_PORT[transport])

    async def _services(self, wanted: Question) -> list[tuple[Transport, str]]:
        """Transports with the SRV names to look up, best first (§4.1)."""
        if wanted.transport is None:
            answer = await self._ask(wanted.host, "NAPTR")
            naptr = [record for record in answer.records if isinstance(record, Naptr)]
            chosen = order_naptr(naptr, wanted.secure, self._speak)
            if chosen:
                return chosen
        return [(kind, SRV_PREFIX[kind] + wanted.host) for kind in srv_transports(wanted, self._speak)]

    async def _servers(self, wanted: Question, transport: Transport, name: str) -> list[Target]:
        answer = await self._ask(name, "SRV")
        targets: list[Target] = []
        for record in order_srv([record for record in answer.records if isinstance(record, Srv)], self._rng):
            targets += await self._hosts(wanted, transport, record.target, record.port)
            if len(targets) >= MOST_TARGETS:
                break
        return targets

    async def _hosts(self, wanted: Question, transport: Transport, host: str, port: int) -> list[Target]:
        """Addresses of a host. The certificate must be for the domain asked for, whatever SRV says (RFC 5922 §4)."""
        name = host.rstrip(".").lower()
        answers = await asyncio.gather(*(self._ask(name, family) for family in self._families))
        return [
            Target(transport, address, port, wanted.domain)
            for answer in answers
            for address in answer.records
            if isinstance(address, str) and is_single_host(address)
        ]

    # --- asking -----------------------------------------------------------------------------------------------------

    async def _ask(self, name: str, kind: str) -> Answer:
        """One question, from the cache if possible; the same question is never on its way twice."""
        key = (name, kind)
        cached = self._cache.get(key)
        if cached is not None and cached.expires_at > self._clock():
            return cached
        task = self._asking.get(key)
        if task is None:
            task = self._asking[key] = asyncio.create_task(self._query(name, kind))
            task.add_done_callback(lambda _done: self._asking.pop(key, None))
        return await asyncio.shield(task)

    async def _query(self, name: str, kind: str) -> Answer:
        now = self._clock()
        try:
            found = await self._resolver.resolve(
                name, kind, search=False, raise_on_no_answer=False, lifetime=self._lifetime_s
            )
        except dns.resolver.NXDOMAIN as missing:
            answer = Answer((), now + min(map(_negative_ttl_s, missing.kwargs["responses"].values())))
        except (dns.exception.DNSException, OSError, UnicodeError, ValueError) as error:
            log.info("dns_failed", name=name, type=kind, error=str(error))
            answer = Answer((), now + FAILURE_TTL_S)
        else:
            if found.rrset is None:
                answer = Answer((), now + _negative_ttl_s(found.response))
            else:
                ttl_s = min(max(float(found.rrset.ttl), 1.0), LONGEST_TTL_S)
                answer = Answer(_records(found.rrset, kind), now + ttl_s)
        if len(self._cache) >= MOST_CACHED:
            self._cache.clear()
        self._cache[(name, kind)] = answer
        return answer


def _negative_ttl_s(response: dns.message.Message) -> float:
    """How long "no" holds: the SOA's minimum and its own TTL bound it (RFC 2308 §5)."""
    for rrset in response.authority:
        if rrset.rdtype == dns.rdatatype.SOA:
            return float(min(rrset.ttl, rrset[0].minimum, NEGATIVE_TTL_S))
    return NEGATIVE_TTL_S


def _records(rrset: dns.rrset.RRset, kind: str) -> tuple[Naptr | Srv | str, ...]:
    found: list[Naptr | Srv | str] = []
    for item in list(rrset)[:MOST_RECORDS]:
        if kind == "NAPTR":
            found.append(
                Naptr(
                    item.order, item.preference, item.flags.decode("latin-1"), item.service.decode("latin-1"),
                    item.replacement.to_text(omit_final_dot=True),
                )
            )  # fmt: skip
        elif kind == "SRV":
            found.append(Srv(item.priority, item.weight, item.port, item.target.to_text(omit_final_dot=True)))
        else:
            found.append(item.address)
    return tuple(found)
