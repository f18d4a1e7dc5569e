"""Fixtures: transports on ephemeral ports, and a certificate."""

from __future__ import annotations

import datetime
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from net_peers import Recorder

from kiestoon.net.certificate import CertificateFiles, create_certificate
from kiestoon.net.settings import NetSettings
from kiestoon.net.transports import SipTransports


@pytest.fixture
async def open_transports() -> AsyncIterator[Callable[..., object]]:
    """Opens transports on ephemeral ports and closes them all in the end."""
    opened: list[SipTransports] = []

    async def open_one(settings: NetSettings, **options: object) -> tuple[SipTransports, Recorder]:
        recorder = Recorder()
        transports = SipTransports(recorder, settings, **options)  # type: ignore[arg-type]  # passed through
        await transports.start()
        opened.append(transports)
        return transports, recorder

    yield open_one
    for transports in opened:
        await transports.close()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> CertificateFiles:
    folder: Path = tmp_path_factory.mktemp("certificate")
    return create_certificate(folder, ["sip.example.com", "127.0.0.1", "::1"], datetime.datetime.now(datetime.UTC))
