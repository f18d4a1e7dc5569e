"""The self-test says what went wrong in words that help; against a running exchange it is proven in tests/wire."""

from __future__ import annotations

import asyncio
import errno
from pathlib import Path

import pytest

from kiestoon.app.admin_socket import AdminServer, Commands
from kiestoon.app.selftest import NoSpeech, Selftest, SelftestFailed
from kiestoon.app.softphone.agent import PhoneProblem
from kiestoon.app.softphone.phone import SoftPhone

LOGINS = {
    "domain": "selftest.invalid", "transport": "udp", "host": "127.0.0.1", "port": 5060,
    "phones": [{"username": "901", "secret": "s"}, {"username": "902", "secret": "s"}],
}  # fmt: skip


class Run(Selftest):
    """Fails as told, before or after the phones have reached the exchange."""

    failure: Exception
    reached = False

    async def _telephone(self, first: SoftPhone, second: SoftPhone) -> None:
        self._reached = self.reached
        raise self.failure


def fail(path: Path, failure: Exception, *, reached: bool) -> tuple[SelftestFailed, list[str]]:
    asked: list[str] = []
    commands = Commands()
    commands.add("selftest_begin", lambda: asked.append("begin") or LOGINS)
    commands.add("selftest_end", lambda: asked.append("end"))

    async def run() -> None:
        server = AdminServer(path / "admin.sock", commands)
        await server.start()
        try:
            test = Run(path / "admin.sock", lambda text, seconds: None)
            test.failure, test.reached = failure, reached
            await test.run()
        finally:
            await server.stop()

    with pytest.raises(SelftestFailed) as raised:
        asyncio.run(run())
    return raised.value, asked


@pytest.mark.parametrize(
    ("failure", "reached", "words"),
    [
        (
            PhoneProblem("no answer to REGISTER"),
            False,
            ("no answer to REGISTER", "127.0.0.1, UDP port 5060", "sip.hosts"),
        ),
        (PhoneProblem("the call to 902 ended: 503"), True, ("ended: 503", "log")),
        (NoSpeech("phone 901 hears nothing"), True, ("hears nothing", "media.hosts", "firewall")),
        (OSError(errno.EADDRNOTAVAIL, "Cannot assign requested address"), False, ("127.0.0.1 (Cannot", "sip.hosts")),
    ],
    ids=["not reached", "refused", "no speech", "address"],
)
def test_what_went_wrong_comes_with_what_to_check(
    tmp_path: Path, failure: Exception, reached: bool, words: tuple[str, ...]
) -> None:
    problem, asked = fail(tmp_path, failure, reached=reached)
    assert all(word in str(problem) for word in words), str(problem)
    assert asked == ["begin", "end"]  # the logins end whatever happens
