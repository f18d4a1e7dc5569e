"""How queues have shared out their calls, and what of it is written down: whose turn it is outlives a crash."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from kiestoon.calls.sharing_journal import AgentShare, QueueState, share_of
from kiestoon.company.directory import Directory
from kiestoon.company.model import QueueMember
from kiestoon.routing.queue_order import QueueRecord, is_hunted

MANY: Final = 8
"""Agents about whom the whole record is written rather than what has changed of each."""


class QueueShares:
    """The records of all queues, by their ids. ``on_share`` is told what has changed, for a journal."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._records: dict[int, QueueRecord] = {}
        self.on_share: Callable[[QueueState | AgentShare], None] | None = None

    def record(self, queue_id: int) -> QueueRecord:
        """How a queue's calls have been shared out."""
        found = self._records.get(queue_id)
        if found is None:
            found = self._records[queue_id] = QueueRecord()
        return found

    @property
    def records(self) -> Mapping[int, QueueRecord]:
        """Of every queue, by its id."""
        return self._records

    def restore(self, records: Mapping[int, QueueRecord]) -> None:
        """Go on from the records of the process before this one; queues that are gone are left out."""
        known = {queue_id for index in self._directory for queue_id in index.arrangements.queues}
        self._records = {queue_id: record for queue_id, record in records.items() if queue_id in known}

    def offered(self, queue_id: int, extensions: Sequence[str], now_ms: int) -> None:
        """Agents are rung."""
        record = self.record(queue_id)
        for extension in extensions:
            record.note_offer(extension, now_ms)
        if len(extensions) > MANY:
            self._tell_all(queue_id)
        else:
            self._tell(queue_id, extensions)

    def answered(self, company_id: int, queue_id: int, extension: str) -> None:
        """An agent has taken a call."""
        hunted = self._hunted(company_id, queue_id)
        self.record(queue_id).note_answer(extension, hunted)
        self._tell(queue_id, (extension,), hunted=bool(hunted))

    def talked(self, queue_id: int, extension: str, talked_ms: int) -> None:
        """The conversation is over."""
        self.record(queue_id).note_talk(extension, talked_ms)
        self._tell(queue_id, (extension,))

    def configuration_changed(self) -> None:
        """Who has logged out begins at nothing."""
        for index in self._directory:
            for queue_id in index.arrangements.queues.keys() & self._records.keys():
                members = index.arrangements.queue_members.get(queue_id, ())
                agents = frozenset(member.extension for member in members if member.logged_in)
                if self._records[queue_id].keep(agents):
                    self._tell_all(queue_id)

    def _hunted(self, company_id: int, queue_id: int) -> tuple[QueueMember, ...]:
        """Those among whom calls are shared out as in a hunt group; () where they are not."""
        index = self._directory.company(company_id)
        queue = index.arrangements.queues.get(queue_id) if index is not None else None
        if index is None or queue is None or not is_hunted(queue.strategy):
            return ()
        return index.arrangements.queue_members.get(queue_id, ())

    def _tell(self, queue_id: int, extensions: Iterable[str], *, hunted: bool = False) -> None:
        """Something has changed about these agents."""
        if self.on_share is not None:
            for extension in extensions:
                self.on_share(share_of(queue_id, self._records[queue_id], extension, hunted=hunted))

    def _tell_all(self, queue_id: int) -> None:
        """Much has, or somebody was forgotten."""
        if self.on_share is not None:
            self.on_share(QueueState(queue_id, self._records[queue_id]))
