"""The tables of logins: accounts, passwords, sessions, tokens, steps, second factors, identities, kept answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from organisation_house import House
from sqlalchemy import Connection

from kiestoon.company import model as m
from kiestoon.store import accounts, identities, second_factors, sessions
from kiestoon.store.database import Database
from kiestoon.store.idempotency import KEPT_MS, Answer, find_answer, keep_answer
from kiestoon.store.keys import Vault
from kiestoon.store.write import Changes, changing

NOW = 1_790_000_000_000
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000


class Logins:
    """Accounts of a company, and an operator; one transaction for all that a test does."""

    def __init__(self, changes: Changes, vault: Vault) -> None:
        self.changes, self.vault = changes, vault
        self.connection: Connection = changes.connection
        self.house = House(changes)
        self.root = self.account("root", "operator")
        self.boss = self.account("boss", "company", email="boss@acme.example", **self.company)
        self.ann = self.account("ann", "user", user_id=self.house.ann.id, **self.company)

    @property
    def company(self) -> dict[str, int]:
        return {"company_id": self.house.company_id}

    def account(self, login: str, role: Any, **fields: Any) -> m.Account:
        return self.changes.add(m.Account(id=0, login=login, role=role, **fields))


@pytest.fixture
def logins(database: Database, vault: Vault) -> Iterator[Logins]:
    with changing(database, vault, acting_user="test", now_ms=NOW) as changes:
        yield Logins(changes, vault)


def test_accounts_are_found_by_what_people_type(logins: Logins) -> None:
    for typed, account in [
        ("boss@acme.example", logins.boss),
        (" BOSS@Acme.Example ", logins.boss),
        ("root", logins.root),
        ("ann@acme.example", logins.ann),
        ("boss", None),
        ("root@acme.example", None),
        ("x@unknown.example", None),
        ("ann@acme.example\0", None),
    ]:
        assert accounts.find_account(logins.connection, typed) == account, typed
    assert accounts.list_accounts(logins.connection, None) == [logins.root]
    assert accounts.list_accounts(logins.connection, logins.house.company_id) == [logins.boss, logins.ann]
    assert accounts.account_of_user(logins.connection, logins.house.company_id, logins.house.ann.id) == logins.ann
    assert accounts.login_of(logins.connection, logins.ann) == "ann@acme.example"
    assert accounts.login_of(logins.connection, logins.root) == "root"
    assert logins.house.refuses(lambda: logins.account("root", "operator")) == ["taken"]
    assert logins.house.refuses(lambda: logins.account("boss", "company", **logins.company)) == ["taken"]


def test_the_newest_password_counts_and_five_are_remembered(logins: Logins) -> None:
    assert accounts.password_hash(logins.connection, logins.ann.id) is None
    token = sessions.open_session(logins.connection, logins.ann.id, NOW, method="password", source="::1", browser="B")
    account = logins.ann
    for number in range(7):
        account = accounts.set_password(logins.changes, account, f"hash {number}", NOW, must_change=number == 6)
    assert accounts.recent_hashes(logins.connection, account.id) == [f"hash {number}" for number in (6, 5, 4, 3, 2)]
    assert accounts.get_account(logins.connection, account.id) == account
    assert account.must_change_password
    assert sessions.find_session(logins.connection, token, NOW) is None
    accounts.renew_hash(logins.connection, account.id, "hash 6", "better hash")
    accounts.renew_hash(logins.connection, account.id, "hash 1", "worse hash")
    assert accounts.password_hash(logins.connection, account.id) == "better hash"


def test_sessions_end_by_themselves_one_by_one_and_all_together(logins: Logins) -> None:
    def begin(source: str = "192.0.2.1") -> str:
        return sessions.open_session(
            logins.connection, logins.boss.id, NOW, method="totp", source=source, browser="Fire\x00fox" + "x" * 300
        )

    def held(token: str, now_ms: int = NOW) -> Any:
        return sessions.find_session(logins.connection, token, now_ms)

    first, second, third = begin(), begin("2001:db8::" + "1" * 60), begin()
    assert (held(second).browser[:7], len(held(second).browser), len(held(second).source)) == ("Firefox", 255, 45)
    assert held(first, NOW + 12 * HOUR + 1) is None
    sessions.note_session_use(logins.connection, held(first).id, NOW + 6 * DAY + 20 * HOUR)
    assert held(first, NOW + 7 * DAY) is not None
    assert held(first, NOW + 7 * DAY + 1) is None
    sessions.act_as(logins.connection, held(second).id, logins.house.ann.id)
    assert held(second).acting_user_id == logins.house.ann.id
    assert [one.id for one in sessions.list_sessions(logins.connection, logins.boss.id, NOW)] == [
        held(token).id for token in (third, second, first)
    ]
    assert not sessions.end_session(logins.connection, logins.ann.id, held(third).id)
    assert sessions.end_session(logins.connection, logins.boss.id, held(third).id)
    assert sessions.end_all_sessions(logins.connection, logins.boss.id, but=held(first).id) == 1
    assert (held(second), held(third)) == (None, None)
    assert held(first) is not None


def test_access_tokens_last_as_long_as_they_were_given_for(logins: Logins) -> None:
    def issue(expires_ms: int | None) -> tuple[str, sessions.AccessToken]:
        return sessions.issue_token(
            logins.connection, logins.boss.id, NOW, name="Script", scopes=["users:read"], expires_ms=expires_ms
        )

    (short, kept), (ever, _) = issue(NOW + DAY), issue(None)
    assert sessions.find_token(logins.connection, short, NOW + DAY) == kept
    assert sessions.find_token(logins.connection, short, NOW + DAY + 1) is None
    assert sessions.find_token(logins.connection, ever, NOW + 999 * DAY) is not None
    assert sessions.find_token(logins.connection, "kst_other", NOW) is None
    sessions.note_token_use(logins.connection, kept.id, NOW + MINUTE)
    assert [one.used_ms for one in sessions.list_tokens(logins.connection, logins.boss.id)] == [NOW + MINUTE, None]
    assert not sessions.withdraw_token(logins.connection, logins.ann.id, kept.id)
    assert sessions.withdraw_token(logins.connection, logins.boss.id, kept.id)
    assert sessions.find_token(logins.connection, short, NOW) is None


def test_a_step_is_taken_once_in_time_and_for_its_kind(logins: Logins) -> None:
    data = {"account_id": 7, "nonce": "é"}
    token = sessions.begin_step(logins.connection, "oidc", data, NOW, MINUTE)
    assert sessions.take_step(logins.connection, "passkey", token, NOW) is None
    assert sessions.take_step(logins.connection, "oidc", token, NOW + MINUTE + 1) is None
    assert sessions.peek_step(logins.connection, "oidc", token, NOW + MINUTE) == data
    assert sessions.take_step(logins.connection, "oidc", token, NOW + MINUTE) == data
    assert sessions.take_step(logins.connection, "oidc", token, NOW) is None


def test_an_authenticator_app_counts_once_confirmed_and_each_code_once(logins: Logins) -> None:
    factors, connection, account_id = second_factors, logins.connection, logins.ann.id
    assert factors.begin_totp(connection, logins.vault, account_id, "FIRST")
    assert factors.begin_totp(connection, logins.vault, account_id, "SECOND")  # the first was never confirmed
    assert not factors.has_totp(connection, account_id)
    assert factors.use_totp(connection, account_id, 100)
    assert not factors.use_totp(connection, account_id, 100)
    assert factors.get_totp(connection, logins.vault, account_id) == factors.Totp("SECOND", True, 100)
    assert not factors.begin_totp(connection, logins.vault, account_id, "THIRD")
    codes = factors.new_recovery_codes(connection, account_id)
    assert factors.use_recovery_code(connection, account_id, codes[3].upper().replace("-", " "))
    assert not factors.use_recovery_code(connection, account_id, codes[3])
    assert not factors.use_recovery_code(connection, logins.boss.id, codes[4])
    assert factors.count_recovery_codes(connection, account_id) == factors.RECOVERY_CODES - 1
    assert factors.remove_totp(connection, account_id)
    assert factors.count_recovery_codes(connection, account_id) == 0


def test_a_passkey_is_found_used_and_removed(logins: Logins) -> None:
    factors, connection = second_factors, logins.connection
    made = factors.add_passkey(
        connection, logins.ann.id, NOW, credential_id=b"\x00id\xff", public_key=b"\x00key", sign_count=4,
        transports=["internal", "hybrid"], name="Téléphone",
    )  # fmt: skip
    passkey = factors.find_passkey(connection, b"\x00id\xff")
    assert passkey is not None
    assert (passkey.id, passkey.public_key, passkey.transports) == (made, b"\x00key", ["internal", "hybrid"])
    assert factors.use_passkey(connection, passkey, 5, NOW)
    assert not factors.use_passkey(connection, passkey, 5, NOW)
    assert not factors.remove_passkey(connection, logins.boss.id, made)
    assert factors.remove_passkey(connection, logins.ann.id, made)
    assert factors.list_passkeys(connection, logins.ann.id) == []


def test_an_identity_opens_one_account_and_providers_are_offered_by_domain(logins: Logins) -> None:
    def provider(name: str, company_id: int | None, **fields: Any) -> m.IdentityProvider:
        issuer = f"https://{name.lower()}.example"
        return logins.changes.add(
            m.IdentityProvider(
                id=0, name=name, issuer=issuer, client_id="k", company_id=company_id, secret="s3cret", **fields
            )
        )

    own, shared = provider("Own", logins.house.company_id), provider("Shared", None)
    provider("Off", logins.house.company_id, active=False)
    connection = logins.connection
    assert identities.get_provider(connection, logins.vault, own.id) == own
    assert [one.name for one in identities.list_providers(connection, None)] == ["Shared"]
    assert [one.name for one in identities.offered_providers(connection, "acme.example")] == ["Own", "Shared"]
    assert [one.name for one in identities.offered_providers(connection, "else.example")] == ["Shared"]
    assert identities.link_identity(connection, own.id, "sub|1", logins.ann.id, NOW)
    assert identities.link_identity(connection, own.id, "sub|1", logins.ann.id, NOW)
    assert not identities.link_identity(connection, own.id, "sub|1", logins.boss.id, NOW)
    assert identities.find_identity(connection, own.id, "sub|1") == logins.ann.id
    assert identities.find_identity(connection, shared.id, "sub|1") is None
    assert identities.linked_providers(connection, logins.ann.id) == [own.id]
    assert identities.unlink_identity(connection, own.id, logins.ann.id)
    assert not identities.unlink_identity(connection, own.id, logins.ann.id)


def test_whatever_hangs_on_an_account_goes_with_it(logins: Logins) -> None:
    connection = logins.connection
    accounts.set_password(logins.changes, logins.ann, "hash", NOW)
    token = sessions.open_session(connection, logins.ann.id, NOW, method="password", source="", browser="")
    second_factors.begin_totp(connection, logins.vault, logins.ann.id, "SECRET")
    logins.changes.remove(logins.house.ann)
    assert accounts.get_account(connection, logins.ann.id) is None
    assert sessions.find_session(connection, token, NOW) is None
    assert accounts.password_hash(connection, logins.ann.id) is None
    assert second_factors.get_totp(connection, logins.vault, logins.ann.id) is None


def test_answers_are_kept_for_a_day_by_account_and_key(logins: Logins) -> None:
    answer = Answer(201, '{"secret": "é"}', {"ETag": '"v1"'})

    def find(account_id: int, key: str, now_ms: int = NOW) -> Any:
        return find_answer(logins.connection, logins.vault, account_id, key, now_ms)

    keep: Callable[..., None] = keep_answer
    keep(logins.connection, logins.vault, 1, "once", "f" * 64, answer, NOW)
    kept = find(1, "once", NOW + KEPT_MS - 1)
    assert (kept.fingerprint, kept.answer) == ("f" * 64, answer)
    assert find(1, "once", NOW + KEPT_MS) is None
    assert find(2, "once") is None
    assert find(1, "twice") is None
    keep(logins.connection, logins.vault, 1, "later", "f" * 64, answer, NOW + KEPT_MS)
    keep(logins.connection, logins.vault, 1, "once", "e" * 64, answer, NOW + KEPT_MS)  # the old one is forgotten
