"""What the functions here need of the back office that runs them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from kiestoon.calls.record import CallRecord
from kiestoon.store.database import Database
from kiestoon.store.keys import Vault


class Office(Protocol):
    """``app.back_office.BackOffice``, as seen from here."""

    database: Database
    vault: Vault
    ended: Collection[CallRecord]
    """The latest records, which may not have come into the database yet."""
