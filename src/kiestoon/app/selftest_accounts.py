"""Logins for the self-test: a company that exists in memory for two minutes and has two phones.

No real phone rings, nothing is written to the database; the records of its calls belong to no company.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from typing import Any

from kiestoon.app.admin_socket import CommandError
from kiestoon.app.config import SipSettings
from kiestoon.app.metrics import Metric
from kiestoon.company.directory import Directory
from kiestoon.company.model import Company, CompanyRows, Device, User
from kiestoon.registrar import Registrar

DOMAIN = "selftest.invalid"
LIFETIME_S = 120.0
COMPANY_ID = 0
_EXTENSIONS = ("901", "902")


class SelftestAccounts:
    """Begins and ends the company; ``sip`` tells where the exchange can be reached from this machine."""

    def __init__(
        self, directory: Directory, registrar: Registrar, loop: asyncio.AbstractEventLoop, sip: SipSettings
    ) -> None:
        self._directory = directory
        self._registrar = registrar
        self._loop = loop
        self._sip = sip
        self._end: asyncio.TimerHandle | None = None
        self._devices: tuple[Device, ...] = ()
        self.runs = 0

    def begin(self) -> dict[str, Any]:
        """Make two logins; earlier ones end. They live for two minutes at most."""
        if not (self._sip.udp or self._sip.tcp):
            raise CommandError("the self-test's phones need SIP over UDP or TCP; both are off (sip.udp, sip.tcp)")
        self.end()
        self.runs += 1
        users = tuple(
            User(id=-number, company_id=COMPANY_ID, extension=extension, name=f"Self-test {number}", ring_s=20)
            for number, extension in enumerate(_EXTENSIONS, 1)
        )
        self._devices = tuple(
            Device(
                id=-user.id - 2 * self.runs - 1_000_000,
                company_id=COMPANY_ID,
                username=user.extension,
                secret=secrets.token_urlsafe(18),
                user_id=user.id,
            )
            for user in users
        )
        company = Company(id=COMPANY_ID, name="Self-test", domain=DOMAIN)
        self._directory.replace(CompanyRows(company=company, users=users, devices=self._devices))
        self._end = self._loop.call_later(LIFETIME_S, self.end)
        return {
            "domain": DOMAIN,
            "transport": "udp" if self._sip.udp else "tcp",
            "host": reachable_host(self._sip.hosts),
            "port": self._sip.udp or self._sip.tcp,
            "phones": [{"username": device.username, "secret": device.secret} for device in self._devices],
        }

    def end(self) -> None:
        """Take the logins away."""
        if self._end is not None:
            self._end.cancel()
            self._end = None
        for device in self._devices:
            self._registrar.forget_device(device.id, self._loop.time())
        self._devices = ()
        self._directory.remove(COMPANY_ID)

    def metrics(self) -> list[Metric]:
        """How often it was run."""
        return [Metric("selftests", "counter", "Self-tests begun", self.runs)]


def reachable_host(hosts: Sequence[str]) -> str:
    """An address of this machine at which the listeners on ``hosts`` can be reached."""
    host = next(iter(hosts), "")
    return {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
