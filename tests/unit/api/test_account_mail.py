"""Account mails: to whom, by whom, with which PIN (ORG-6)."""

from __future__ import annotations

from typing import Any

import pytest
from api_rig import Api
from sqlalchemy import Connection

from kiestoon.api import mail
from kiestoon.company.model import Account
from kiestoon.store.pin_check import check_pin


class Mailbox:
    """In place of the queue: what would be mailed."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.queued: list[tuple[str, str]] = []
        mail.install(api.application, self)  # type: ignore[arg-type]  # called alike

    def __call__(self, _connection: Connection, account: Account, pin: str) -> int:
        self.queued.append((account.login, pin))
        return len(self.queued)

    async def send(self, role: str, which: str = "own", **body: Any) -> int:
        path = self.api.path(f"users/{getattr(self.api.organisation, which)['users']}/account-mail")
        return (await self.api.of(role).post(path, json=body)).status_code


@pytest.mark.parametrize(
    ("role", "which", "status"),
    [
        ("user", "own", 202), ("user", "other", 404), ("department", "own", 202), ("department", "other", 404),
        ("location", "own", 202), ("location", "other", 404), ("company", "other", 202), ("operator", "own", 202),
    ],
)  # fmt: skip
async def test_it_is_sent_again_by_administrators_and_by_oneself(api: Api, role: str, which: str, status: int) -> None:
    mailbox = Mailbox(api)
    assert await mailbox.send(role, which) == status
    assert len(mailbox.queued) == (1 if status == 202 else 0)


async def test_the_first_mail_holds_a_pin_that_works_and_later_ones_only_on_request(api: Api) -> None:
    mailbox = Mailbox(api)
    for body in ({}, {}, {"new_pin": True}, {"new_pin": False}):
        assert await mailbox.send("user", **body) == 202
    logins, pins = zip(*mailbox.queued, strict=True)
    assert set(logins) == {"201"}
    assert [bool(pin) for pin in pins] == [True, False, True, False]
    organisation = api.organisation

    def verdict(pin: str) -> str:
        return check_pin(
            api.database, api.vault, organisation.company_id, organisation.own["users"], pin, extension="201", now_ms=1
        ).verdict

    assert (verdict(pins[0]), verdict(pins[2])) == ("wrong", "must_change")
