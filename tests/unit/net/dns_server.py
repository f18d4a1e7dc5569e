"""A tiny DNS server on loopback for tests."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset


class DnsServer(asyncio.DatagramProtocol):
    """Answers from ``records``: {(name, type): [record text]}; other types of known names are empty, others NXDOMAIN.

    ``questions`` counts what was asked. ``silent`` names are not answered at all.
    """

    def __init__(self, records: dict[tuple[str, str], list[str]], ttl: int = 60) -> None:
        self.records = records
        self.ttl = ttl
        self.questions: Counter[tuple[str, str]] = Counter()
        self.silent: set[str] = set()
        self.port = 0
        self._transport: asyncio.DatagramTransport | None = None

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", 0))
        self.port = self._transport.get_extra_info("sockname")[1]

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def datagram_received(self, data: bytes, addr: Any) -> None:
        query = dns.message.from_wire(data)
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True).lower()
        kind = dns.rdatatype.to_text(question.rdtype)
        self.questions[(name, kind)] += 1
        if name in self.silent:
            return
        response = dns.message.make_response(query)
        response.flags |= dns.flags.AA
        texts = self.records.get((name, kind))
        if texts:
            response.answer.append(
                dns.rrset.from_text_list(question.name, self.ttl, dns.rdataclass.IN, question.rdtype, texts)
            )
        else:
            if not any(known == name for known, _ in self.records):
                response.set_rcode(dns.rcode.NXDOMAIN)
            response.authority.append(
                dns.rrset.from_text("test.", self.ttl, "IN", "SOA", f"ns.test. root.test. 1 60 60 60 {self.ttl}")
            )
        if self._transport is not None:
            self._transport.sendto(response.to_wire(), addr)
