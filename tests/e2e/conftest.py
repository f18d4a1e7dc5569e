"""Fixtures of the end-to-end tests: one exchange, browsers and desk phones on it, for the whole session.

After every test the exchange must be empty: no call, no leg, no media context.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

sys.path.insert(0, str(Path(__file__).parents[1] / "wire"))
sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "api" / "login"))
sys.path.insert(0, str(Path(__file__).parent))

from bench.peers.baresip import Account, Baresip
from bench.peers.process import PeerFailed
from browser_phone import BrowserPhone
from chromium import launch
from page_server import serve_phone
from playwright.async_api import Browser, async_playwright
from softphones import TOWN, Phones, TestExchange, exchange_in, phones_on

from kiestoon.app.softphone.agent import SipAgent
from kiestoon.app.softphone.rtp import Echo

TONES_HZ = (440, 900)
BrowserStarter = Callable[..., Awaitable[BrowserPhone]]
DeskPhoneStarter = Callable[..., Awaitable[Baresip]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Exchange and browsers live in one event loop for the whole session."""
    for item in items:
        if Path(__file__).parent in item.path.parents and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest.fixture(scope="session")
def running_exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestExchange]:
    """One exchange for the session."""
    with exchange_in(tmp_path_factory.mktemp("exchange")) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def exchange(running_exchange: TestExchange) -> AsyncIterator[TestExchange]:
    """The exchange, empty before and after."""
    running_exchange.daemon.check_alive()
    running_exchange.mark_records()
    yield running_exchange
    try:
        await running_exchange.empty()
    except PeerFailed:
        running_exchange.stop()  # the next test is to start with an empty one
        running_exchange.start()
        raise


@pytest.fixture(scope="session")
def page_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the telephone's page is."""
    with serve_phone(tmp_path_factory.mktemp("page")) as url:
        yield url


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browsers(
    running_exchange: TestExchange, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[dict[int, Browser]]:
    """Browsers by the tone that is before their microphone."""
    authority = running_exchange.settings.certificate.parent / "authority.pem"
    folder = tmp_path_factory.mktemp("browsers")
    async with async_playwright() as playwright:
        yield {hz: await launch(playwright, folder / str(hz), hz, authority) for hz in TONES_HZ}


@pytest_asyncio.fixture(loop_scope="session")
async def browser_phone(
    exchange: TestExchange, browsers: dict[int, Browser], page_url: str
) -> AsyncIterator[BrowserStarter]:
    """Start a telephone in a browser: ``await browser_phone("102", tone_hz=900)``. It is registered then (``login``
    False: it tries). Logged out and closed with the test."""
    started: list[BrowserPhone] = []

    async def start(
        username: str, password: str = "", *, tone_hz: int = TONES_HZ[0], login: bool = True
    ) -> BrowserPhone:
        context = await browsers[tone_hz].new_context()
        phone = BrowserPhone(context, await context.new_page(), username, tone_hz)
        started.append(phone)
        phone.page.on("console", lambda message: phone.console.append(message.text))
        phone.page.on("pageerror", lambda error: phone.console.append(str(error)))
        await phone.page.goto(page_url)
        server = f"wss://{exchange.host}:{exchange.wss_port}"
        await phone.log_in(server, TOWN.domain, password or TOWN.password(username))
        if login:
            await phone.until("registered")
        return phone

    yield start
    for phone in started:
        await phone.log_out()
        await phone.context.close()


@pytest_asyncio.fixture(loop_scope="session")
async def desk_phone(exchange: TestExchange, tmp_path: Path) -> AsyncIterator[DeskPhoneStarter]:
    """Start a registered baresip: ``await desk_phone("101", tone_hz=700)``. Its methods wait: call them in a thread."""
    started: list[Baresip] = []

    async def start(extension: str, *, tone_hz: int) -> Baresip:
        account = Account(extension, TOWN.domain, TOWN.password(extension), exchange.address)
        party = Baresip(account, tmp_path, tone_hz=tone_hz)
        started.append(party)
        await asyncio.to_thread(party.start)
        return party

    yield start
    for party in started:
        await asyncio.to_thread(party.stop)


@pytest_asyncio.fixture(loop_scope="session")
async def phones(exchange: TestExchange) -> AsyncIterator[Phones]:
    """Built-in software phones, for what baresip cannot do or tell."""
    async with phones_on(exchange) as found:
        yield found


@pytest_asyncio.fixture(loop_scope="session")
async def echo_outside(phones: Phones) -> SipAgent:
    """Behind the outside line, everybody answers and echoes."""
    provider = await phones.outside(lambda rate: Echo())
    provider.on_call = lambda call, event: call.answer(event.request.body)
    return provider
