"""Logging in with an OpenID Connect provider, a real one on the loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from identity_provider import SECRET, Provider
from joserfc.jwk import OctKey, RSAKey
from login_house import START_MS, House, log_in
from sqlalchemy import select

from kiestoon.api.login.oidc import IdentityError, identity_of
from kiestoon.company.model import IdentityProvider
from kiestoon.store.scope import INSTALLATION
from kiestoon.store.tables import TABLES
from kiestoon.store.write import changing


@pytest.fixture
async def provider(house: House) -> AsyncIterator[Provider]:
    provider = Provider(lambda: START_MS / 1000 + house.now_s)
    provider.start()
    yield provider
    await provider.stop()


def configure(house: House, provider: Provider, **fields: Any) -> int:
    values = {"domains": ("mail.example",), "link_by_email": True, "company_id": house.company.id, **fields}
    row = IdentityProvider(id=0, name="Login", issuer=provider.issuer, client_id="phones", secret=SECRET, **values)
    with changing(house.database, house.vault, acting_user="test") as changes:
        return changes.add(row).id


async def come_back(client: httpx.AsyncClient, provider: Provider, provider_id: int, path: str = "/") -> httpx.Response:
    started = await client.get(f"/api/v1/session/oidc/{provider_id}/start", params={"return_to": path})
    assert started.status_code == 302, started.text
    return await client.get(provider.authorize(started.headers["location"]))


async def test_a_verified_address_finds_the_account_and_links_it(house: House, provider: Provider) -> None:
    house.add_account("anna", "user", user_id=house.anna.id, email="anna@mail.example", password="")
    provider_id = configure(house, provider)
    async with house.client() as first, house.client() as second:
        answer = await come_back(first, provider, provider_id, "/portal")
        assert (answer.status_code, answer.headers.get("location")) == (302, "/portal"), answer.text
        assert (await first.get("/api/v1/session")).json()["login"] == "anna@noord.example"
        assert (await first.get("/api/v1/sessions")).json()[0]["method"] == "oidc"
        provider.claims["email"] = "anna@elsewhere.example"  # the identity counts from now on
        assert (await come_back(second, provider, provider_id)).status_code == 302


@pytest.mark.parametrize(
    ("claims", "fields"),
    [
        ({"email_verified": False}, {}),
        ({"email_verified": None}, {}),
        ({"email": "bas@mail.example"}, {}),
        ({}, {"domains": ("other.example",)}),
        ({}, {"domains": ()}),
        ({}, {"link_by_email": False}),
    ],
)
async def test_an_address_that_is_not_vouched_for_opens_nothing(
    house: House, provider: Provider, browser: httpx.AsyncClient, claims: dict[str, Any], fields: dict[str, Any]
) -> None:
    house.add_account("anna", email="anna@mail.example")
    provider.claims |= claims
    answer = await come_back(browser, provider, configure(house, provider, **fields))
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (401, "not_linked")


async def test_a_companys_provider_opens_no_other_companys_account(
    house: House, provider: Provider, browser: httpx.AsyncClient
) -> None:
    house.add_account("root", "operator", email="anna@mail.example")
    house.add_account("anna", email="anna@mail.example")
    answer = await come_back(browser, provider, configure(house, provider, company_id=house.other.id))
    assert answer.status_code == 401


@pytest.mark.parametrize(
    "spoil",
    [
        {"iss": "http://127.0.0.1:1/other"},
        {"aud": "another-client"},
        {"aud": ["phones", "another"], "azp": "another"},
        {"exp": START_MS // 1000 - 600},
        {"exp": None},
        {"iat": START_MS // 1000 + 6000},
        {"nonce": "another"},
        {"nonce": None},
        {"sub": None},
    ],
)
async def test_an_id_token_must_be_for_us_now_and_for_this_login(
    house: House, provider: Provider, browser: httpx.AsyncClient, spoil: dict[str, Any]
) -> None:
    house.add_account("anna", email="anna@mail.example")
    provider.spoil = spoil
    answer = await come_back(browser, provider, configure(house, provider))
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (401, "provider_failed")


async def test_an_id_token_must_be_signed_by_the_provider(
    house: House, provider: Provider, browser: httpx.AsyncClient
) -> None:
    house.add_account("anna", email="anna@mail.example")
    provider_id = configure(house, provider)
    provider.signing_key = RSAKey.generate_key(2048, {"kid": "one"})
    assert (await come_back(browser, provider, provider_id)).status_code == 401
    provider.signing_key = OctKey.import_key(SECRET, {"kid": "one"})  # type: ignore[assignment]
    provider.algorithm = "HS256"
    assert (await come_back(browser, provider, provider_id)).status_code == 401


async def test_new_keys_of_the_provider_are_fetched(house: House, provider: Provider) -> None:
    house.add_account("anna", email="anna@mail.example")
    provider_id = configure(house, provider)
    async with house.client() as client:
        assert (await come_back(client, provider, provider_id)).status_code == 302
        provider.key = provider.signing_key = RSAKey.generate_key(2048, {"kid": "two", "alg": "RS256"})
        house.now_s += 120
        assert (await come_back(client, provider, provider_id)).status_code == 302


async def test_a_callback_belongs_to_the_browser_that_began_and_counts_once(
    house: House, provider: Provider, browser: httpx.AsyncClient
) -> None:
    house.add_account("anna", email="anna@mail.example")
    provider_id = configure(house, provider)
    started = await browser.get(f"/api/v1/session/oidc/{provider_id}/start")
    back = provider.authorize(started.headers["location"])
    async with house.client() as victim:
        assert (await victim.get(back)).json()["errors"][0]["code"] == "step_over"
    assert (await browser.get(back)).status_code == 302
    assert (await browser.get(back)).json()["errors"][0]["code"] == "step_over"
    for path in ("?error=access_denied", "?code=x", "?state=x&code=y", ""):
        assert (await browser.get(f"/api/v1/session/oidc/callback{path}")).status_code == 401


@pytest.mark.parametrize("path", ["//evil.example", "/\\evil.example", "https://evil.example", "", "/a\r\nX: y"])
async def test_one_is_sent_back_to_paths_of_ours_only(
    house: House, provider: Provider, browser: httpx.AsyncClient, path: str
) -> None:
    provider_id = configure(house, provider)
    answer = await browser.get(f"/api/v1/session/oidc/{provider_id}/start", params={"return_to": path})
    assert answer.status_code == 422


async def test_one_links_an_identity_to_the_own_account_and_takes_it_off(house: House, provider: Provider) -> None:
    house.add_account("anna")
    house.add_account("bas")
    provider_id = configure(house, provider, link_by_email=False)
    async with house.client() as client, house.client() as other:
        await log_in(client, "anna@noord.example")
        location = (await client.post(f"/api/v1/session/identities/{provider_id}")).json()["location"]
        assert (await client.get(provider.authorize(location))).status_code == 302
        assert (await client.get("/api/v1/session/identities")).json() == [{"provider_id": provider_id}]
        await log_in(other, "bas@noord.example")
        location = (await other.post(f"/api/v1/session/identities/{provider_id}")).json()["location"]
        assert (await other.get(provider.authorize(location))).status_code == 409
        assert (await come_back(other, provider, provider_id)).status_code == 302
        assert (await other.get("/api/v1/session")).json()["login"] == "anna@noord.example"
        assert (await client.delete(f"/api/v1/session/identities/{provider_id}")).status_code == 204
        assert (await come_back(other, provider, provider_id)).status_code == 401


async def test_a_provider_in_a_private_network_is_not_asked_unless_allowed(
    house: House, provider: Provider, browser: httpx.AsyncClient
) -> None:
    from kiestoon.api.login.oidc import Providers

    house.logins.providers = Providers(private=False)
    answer = await browser.get(f"/api/v1/session/oidc/{configure(house, provider)}/start")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (503, "provider_failed")


async def test_a_provider_must_call_itself_what_it_is_called(
    house: House, provider: Provider, browser: httpx.AsyncClient
) -> None:
    provider.metadata = {"issuer": "https://login.example.org"}
    assert (await browser.get(f"/api/v1/session/oidc/{configure(house, provider)}/start")).status_code == 503


async def test_administrators_configure_providers_of_their_company_and_the_secret_stays(
    house: House, browser: httpx.AsyncClient
) -> None:
    house.add_account("chief")
    await log_in(browser, "chief@noord.example")
    path = f"/api/v1/companies/{house.company.id}/identity-providers"
    body = {
        "name": "Microsoft 365",
        "kind": "entra",
        "issuer": "https://login.microsoftonline.com/organizations/v2.0",
        "client_id": "1111",
        "secret": SECRET,
        "domains": ["mail.example"],
    }
    made = await browser.post(path, json=body)
    assert made.status_code == 201, made.text
    assert SECRET not in made.text
    own = f"{path}/{made.json()['id']}"
    changed = await browser.patch(own, json={"name": "Microsoft"}, headers={"If-Match": made.headers["etag"]})
    assert (changed.status_code, changed.json()["name"]) == (200, "Microsoft")
    consent = (await browser.get(f"{own}/consent")).json()["location"]
    assert consent.startswith("https://login.microsoftonline.com/organizations/v2.0/adminconsent?client_id=1111&")
    offered = await browser.get("/api/v1/session/providers", params={"domain": "noord.example"})
    assert [row["name"] for row in offered.json()] == ["Microsoft"]
    assert (await browser.get("/api/v1/session/providers", params={"domain": "zuid.example"})).json() == []
    plain = {**body, "name": "Plain", "issuer": "http://login.example.org"}
    assert (await browser.post(path, json=plain)).status_code == 422
    foreign = f"/api/v1/companies/{house.other.id}/identity-providers"
    assert (await browser.post(foreign, json=body)).status_code == 404
    assert (await browser.get("/api/v1/identity-providers")).status_code == 403
    with house.database.read() as connection:
        query = select(TABLES[IdentityProvider].c.secret)
        sealed = connection.execute(query, execution_options=INSTALLATION).scalar_one()
    assert SECRET.encode() not in bytes(sealed)
    assert (await browser.delete(own)).status_code == 204


async def test_identity_providers_come_in_pages(house: House, browser: httpx.AsyncClient) -> None:
    house.add_account("chief")
    await log_in(browser, "chief@noord.example")
    path = f"/api/v1/companies/{house.company.id}/identity-providers"
    body = {"issuer": "https://login.example.org", "client_id": "1", "secret": SECRET}
    for name in ("One", "Two", "Three"):
        assert (await browser.post(path, json={**body, "name": name})).status_code == 201
    first = (await browser.get(path, params={"limit": 2})).json()
    assert [row["name"] for row in first["items"]] == ["One", "Two"]
    rest = (await browser.get(path, params={"limit": 2, "cursor": first["next"]})).json()
    assert ([row["name"] for row in rest["items"]], rest["next"]) == (["Three"], None)
    assert (await browser.get(path, params={"cursor": "next"})).status_code == 422


def entra(**claims: Any) -> str:
    row = IdentityProvider(
        id=1, name="E", issuer="https://login.example/x/v2.0", client_id="c", kind="entra", domains=("mail.example",)
    )
    identity = identity_of(row, {"sub": "pairwise", "oid": "o1", "tid": "t1", "email": "Anna@Mail.Example", **claims})
    assert identity.subject == "t1/o1"
    return identity.email


def test_entra_is_believed_about_an_address_only_when_its_domain_is_the_tenants_own() -> None:
    assert entra() == ""
    assert entra(email_verified=True) == ""
    assert entra(xms_edov=False) == ""
    assert entra(xms_edov=True) == "anna@mail.example"
    with pytest.raises(IdentityError):
        entra(oid=None)
