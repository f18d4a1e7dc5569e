"""What the functions here need of the back office that runs them."""

from __future__ import annotations

from typing import Protocol

from kiestoon.store.database import Database
from kiestoon.store.keys import Vault


class Office(Protocol):
    """``app.back_office.BackOffice``, as seen from here."""

    database: Database
    vault: Vault
