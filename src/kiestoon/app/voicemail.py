"""Voicemail in the control process: what its boxes hold, told anew when others change it; tidying up."""

from __future__ import annotations

from collections.abc import Iterable

from kiestoon.app.metrics import Metric
from kiestoon.calls.exchange import Exchange
from kiestoon.calls.voicemail_requests import SweepMessages
from kiestoon.store.database import Database
from kiestoon.store.voicemail import count_all

_SWEEP_S = 86_400.0


class Voicemail:
    """Reads the counts of all boxes when it is made. Raises ``DatabaseUnavailableError``."""

    def __init__(self, exchange: Exchange, database: Database) -> None:
        self._x = exchange
        self._sweep_at = 0.0
        exchange.mailboxes.load(count_all(database))

    def changed(self, company_id: int, extension: str) -> None:
        """Admin command: messages of a box were changed by somebody else."""
        self._x.mailboxes.changed(company_id, extension)

    def reloaded(self, companies: Iterable[int]) -> None:
        """Boxes may have been renumbered or removed with their owners."""
        for company_id in companies:
            self._x.mailboxes.changed(company_id)

    def tick(self, now: float) -> None:
        """Once a day: recordings that no box holds any more."""
        if now >= self._sweep_at:
            self._sweep_at = now + _SWEEP_S
            kept = frozenset(leaving.message.path for leaving in self._x.messages.values())
            self._x.have_done(SweepMessages(0, self._x.settings.voicemail_folder, kept), lambda *_: None)

    def metrics(self) -> Iterable[Metric]:
        """Messages that wait for database or disk."""
        delayed = sum(1 for leaving in self._x.messages.values() if leaving.delayed)
        yield Metric("voicemail_waiting", "gauge", "Recorded messages that could not be stored yet", delayed)
