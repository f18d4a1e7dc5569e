"""A database with a company, its webhooks, and a clock that is stepped."""

from __future__ import annotations

from pathlib import Path

import msgspec

from kiestoon.company.model import Company, Webhook
from kiestoon.notify.signing import new_signing_secret
from kiestoon.store import outbox
from kiestoon.store.database import Database
from kiestoon.store.installation import prepare
from kiestoon.store.keys import Vault
from kiestoon.store.outbox import Delivery
from kiestoon.store.write import changing


class Clock:
    """Wall time in ms."""

    def __init__(self) -> None:
        self.ms = 1_790_000_000_000

    def __call__(self) -> int:
        return self.ms

    def step(self, seconds: float) -> None:
        self.ms += int(seconds * 1000)


class Installation:
    """What the tests work on."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.vault: Vault = prepare(self.database, folder / "installation.key")
        self.clock = Clock()
        with changing(self.database, self.vault, acting_user="test") as changes:
            row = Company(id=0, name="Bakery & Söhne", domain="bakery.example", contact_email="boss@bakery.example")
            self.company = changes.add(row)

    def hook(self, url: str, *events: str) -> Webhook:
        with changing(self.database, self.vault, acting_user="test") as changes:
            row = Webhook(
                id=0, company_id=self.company.id, name=f"Hook {url}"[:80], url=url, events=events or ("*",),
                secret=new_signing_secret(),
            )  # fmt: skip
            return changes.add(row)

    def queue(self, hook: Webhook, name: str = "1", body: str = '{"type":"webhook.test"}') -> int:
        with self.database.write() as connection:
            return outbox.enqueue(connection, hook, f"msg_{name}", "webhook.test", body, self.clock())

    def deliveries(self, hook: Webhook) -> list[Delivery]:
        with self.database.read() as connection:
            return outbox.list_deliveries(connection, self.company.id, hook.id, before=None, limit=100)

    def current(self, hook: Webhook) -> Webhook:
        with self.database.read() as connection:
            found = outbox.load_webhook(connection, self.vault, self.company.id, hook.id)
        assert found is not None
        return found

    def change(self, hook: Webhook, **fields: object) -> Webhook:
        with changing(self.database, self.vault, acting_user="test") as changes:
            return changes.update(msgspec.structs.replace(self.current(hook), **fields))
