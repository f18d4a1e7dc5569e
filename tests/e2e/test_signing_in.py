"""Choosing a password and logging in from a real browser, with a passkey or an identity provider elsewhere (ORG-18)."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from identity_provider import SECRET, Provider
from playwright.async_api import Browser, CDPSession, Page
from softphones import TestExchange
from sqlalchemy import select

from kiestoon.app.cli_accounts import put_password
from kiestoon.company.model import Account, IdentityProvider
from kiestoon.notify.account_mail import PAGE as LINK
from kiestoon.notify.account_mail import STEP
from kiestoon.store.account_tables import accounts
from kiestoon.store.database import Database
from kiestoon.store.installation import open_vault
from kiestoon.store.scope import INSTALLATION
from kiestoon.store.sessions import begin_step
from kiestoon.store.write import changing

PASSWORD = "Kies-toon-42!"
SCRIPT = (Path(__file__).parent / "sign_in.js").read_text()
MAIL = "anna@mail.example"
PAGE = "/docs/favicon.png"
"""Of the exchange, and small: what the policy of its own pages allows, a script in it may do."""


class Browsing:
    """A page on the exchange's own origin, whose browser has a security key of its own."""

    def __init__(self, page: Page, devtools: CDPSession, origin: str) -> None:
        self.page, self.devtools, self.origin = page, devtools, origin
        self.authenticator = ""

    async def open(self, path: str = PAGE) -> None:
        await self.page.goto(self.origin + path)
        await self.page.evaluate(SCRIPT)

    async def plug_in(self) -> None:
        """A security key that keeps passkeys and knows its owner, by the DevTools' virtual authenticator."""
        await self.devtools.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
            "isUserVerified": True, "automaticPresenceSimulation": True,
        }  # fmt: skip
        added = await self.devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        self.authenticator = added["authenticatorId"]

    async def owner_is_verified(self, *, verified: bool) -> None:
        asked = {"authenticatorId": self.authenticator, "isUserVerified": verified}
        await self.devtools.send("WebAuthn.setUserVerified", asked)

    async def call(self, function: str, *arguments: Any) -> Any:
        return await self.page.evaluate(f"given => exchange.{function}(...given)", list(arguments))

    async def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        answer = await self.call("ask", method, path, body)
        return answer["status"], answer["body"]

    async def log_in_with(self, provider: IdentityProvider) -> None:
        """To the provider's page, and a click there."""
        await self.page.goto(f"{self.origin}/api/v1/session/oidc/{provider.id}/start?return_to={PAGE}")
        assert self.page.url.startswith(provider.issuer)
        await self.page.click("a")

    async def who(self) -> str:
        """Who is logged in; "" for nobody."""
        status, body = await self.ask("GET", "/session")
        return str(body["login"]) if status == 200 else ""


@pytest_asyncio.fixture(loop_scope="session")
async def browsing(exchange: TestExchange, browsers: dict[int, Browser]) -> AsyncIterator[Browsing]:
    context = await next(iter(browsers.values())).new_context()
    page = await context.new_page()
    found = Browsing(page, await context.new_cdp_session(page), f"http://localhost:{exchange.web_port}")
    await found.open()
    yield found
    await context.close()


@pytest_asyncio.fixture(loop_scope="session")
async def provider() -> AsyncIterator[Provider]:
    found = Provider(time.time)
    found.start()
    yield found
    await found.stop()


@pytest.fixture
def account(exchange: TestExchange) -> Iterator[str]:
    """A company's administrator, for one test; the whole login name."""
    added = _add(exchange, Account(id=0, company_id=1, role="company", login="anna", email=MAIL))
    yield f"anna@{exchange.domain}"
    _remove(exchange, added)


def _add(exchange: TestExchange, row: Any) -> Any:
    database = Database(exchange.settings.database_url)
    vault = open_vault(database, exchange.settings.key_path)
    with changing(database, vault, acting_user="test") as changes:
        added = changes.add(row)
        if isinstance(added, Account):
            added, _ = put_password(changes, added, PASSWORD, must_change=False)
    database.close()
    return added


def _remove(exchange: TestExchange, row: Any) -> None:
    database = Database(exchange.settings.database_url)
    with changing(database, open_vault(database, exchange.settings.key_path), acting_user="test") as changes:
        changes.remove(row)
    database.close()


@pytest.fixture
def mailed(exchange: TestExchange, account: str) -> str:
    """What the link of the account's mail holds besides the page."""
    database = Database(exchange.settings.database_url)
    with database.write() as connection:
        account_id = connection.execute(select(accounts.c.id), execution_options=INSTALLATION).scalar_one()
        token = begin_step(connection, STEP, {"account_id": account_id}, int(time.time() * 1000), 60_000)
    database.close()
    return f"{LINK}#{token}"


async def test_a_password_is_chosen_by_the_link_of_a_mail_once(browsing, account, mailed):
    page = browsing.page
    await page.goto(browsing.origin + mailed)
    assert (await page.title(), page.url) == ("Choose a password – Kiestoon", browsing.origin + LINK)
    for first, again, told in (
        ("Nieuwe-toon-42!", "Nieuwe-toon-43!", "The two passwords differ."),
        ("password", "password", "the password has no capital letter"),
        ("Nieuwe-toon-42!", "Nieuwe-toon-42!", "Your password is saved. You can log in now."),
    ):
        await page.fill("#new", first)
        await page.fill("#again", again)
        await page.press("#again", "Enter")
        await page.locator("#told", has_text=told).wait_for(timeout=10_000)
    assert not await page.is_visible("form")
    await browsing.open()
    assert (await browsing.ask("POST", "/session", {"login": account, "password": "Nieuwe-toon-42!"}))[0] == 200

    await page.goto(browsing.origin + mailed)
    await page.fill("#new", PASSWORD)
    await page.fill("#again", PASSWORD)
    await page.click("button")
    await page.wait_for_selector("#told.wrong:not(:empty)")
    assert await page.is_visible("form")


async def test_a_passkey_made_in_a_browser_opens_the_account_alone(browsing, account):
    await browsing.plug_in()
    status, body = await browsing.ask("POST", "/session", {"login": account, "password": PASSWORD})
    assert (status, body["state"]) == (200, "logged_in")
    made = await browsing.call("makePasskey", PASSWORD, "Laptop")
    assert (made["status"], made["body"]["name"]) == (201, "Laptop")
    assert (await browsing.ask("DELETE", "/session"))[0] == 204
    assert await browsing.who() == ""
    used = await browsing.call("usePasskey")
    assert (used["status"], used["body"]["login"]) == (200, account)
    assert await browsing.who() == account
    assert (await browsing.ask("GET", "/companies/1/users"))[0] == 200
    sessions = (await browsing.ask("GET", "/sessions"))[1]
    assert [(each["method"], each["current"]) for each in sessions] == [("passkey", True)]

    await browsing.ask("DELETE", "/session")
    await browsing.owner_is_verified(verified=False)  # the key is there, but not its owner's finger
    refused = await browsing.call("usePasskey")
    assert (refused["status"], refused["body"]) == (0, "NotAllowedError")
    assert await browsing.who() == ""


async def test_a_passkey_is_not_given_to_another_site(browsing, account, provider):
    await browsing.plug_in()
    await browsing.ask("POST", "/session", {"login": account, "password": PASSWORD})
    assert (await browsing.call("makePasskey", PASSWORD, "Laptop"))["status"] == 201
    options = (await browsing.ask("POST", "/session/passkey/options", {}))[1]["public_key"]
    await browsing.page.goto(f"{provider.issuer}/authorize?".replace("127.0.0.1", "phish.localhost"))
    stolen = """options => navigator.credentials
        .get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) })
        .then(() => "given", error => error.name)"""
    assert await browsing.page.evaluate(stolen, options) == "SecurityError"


@pytest.fixture
def work(exchange: TestExchange, provider: Provider) -> Iterator[IdentityProvider]:
    """The provider, as the company has set it up."""
    fields = {"domains": ("mail.example",), "link_by_email": True, "company_id": 1}
    issuer = {"issuer": provider.issuer, "client_id": "phones", "secret": SECRET}
    row = _add(exchange, IdentityProvider(id=0, name="Work", **issuer, **fields))
    yield row
    _remove(exchange, row)


async def test_an_identity_provider_on_another_site_logs_in_and_leads_back(browsing, account, provider, work, exchange):
    offered = (await browsing.ask("GET", f"/session/providers?domain={exchange.domain}"))[1]
    assert [each["name"] for each in offered] == ["Work"]
    await browsing.log_in_with(work)
    await browsing.page.wait_for_url(f"{browsing.origin}{PAGE}")
    await browsing.page.evaluate(SCRIPT)
    assert await browsing.who() == account
    status, _ = await browsing.ask("POST", "/companies/1/locations", {"name": "Back room"})
    assert status == 201  # what changes something needs the token of the session, which the page has
    assert (await browsing.ask("GET", "/sessions"))[1][0]["method"] == "oidc"

    await browsing.ask("DELETE", "/session")
    provider.claims |= {"email": "stranger@mail.example", "sub": "s-2"}
    await browsing.log_in_with(work)
    await browsing.page.wait_for_url(f"{browsing.origin}/api/v1/session/oidc/callback**")
    assert "not_linked" in await browsing.page.content()
    await browsing.open()
    assert await browsing.who() == ""


async def test_an_identity_that_its_owner_has_linked_logs_in(browsing, account, provider, work):
    """Whatever address it has."""
    provider.claims |= {"email": "anna@elsewhere.example", "sub": "s-3"}
    await browsing.ask("POST", "/session", {"login": account, "password": PASSWORD})
    status, begun = await browsing.ask("POST", f"/session/identities/{work.id}")
    assert status == 200
    await browsing.page.goto(begun["location"])
    await browsing.page.click("a")
    await browsing.page.wait_for_url(f"{browsing.origin}/")
    await browsing.open()
    assert (await browsing.ask("GET", "/session/identities"))[1] == [{"provider_id": work.id}]
    await browsing.ask("DELETE", "/session")
    await browsing.log_in_with(work)
    await browsing.page.wait_for_url(f"{browsing.origin}{PAGE}")
    await browsing.page.evaluate(SCRIPT)
    assert await browsing.who() == account
