"""Events as they wait for their listeners: who may see how much of them, and as which text."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import UTC, datetime
from typing import Any, Final, Protocol

import msgspec

from kiestoon.api.events.owners import Owners
from kiestoon.api.permissions import PERMISSIONS, PUBLIC, PUBLIC_ONLY_IF, access, by_right
from kiestoon.api.principal import Principal
from kiestoon.notify.live import LiveEvent, change_type
from kiestoon.store.feed import Change

_encoder = msgspec.json.Encoder()
_WIDE: Final = frozenset({"operator", "company"})


class Item(Protocol):
    """Something listeners are told. ``at_ms`` is wall time."""

    @property
    def at_ms(self) -> int: ...

    def shown_to(self, principal: Principal) -> dict[str, Any] | None:
        """The event as this listener sees it; None: not at all."""

    def text_for(self, principal: Principal) -> str | None:
        """The same as JSON, made once for all who see the same."""


class _Told(ABC):
    """Base of items: events with a ``cursor`` after which they come."""

    __slots__ = ("_texts", "at_ms", "company_id", "cursor", "type")

    def __init__(self, event_type: str, at_ms: int, company_id: int | None, cursor: str) -> None:
        self.type = event_type
        self.at_ms = at_ms
        self.company_id = company_id
        self.cursor = cursor
        self._texts: dict[str, str] = {}

    @abstractmethod
    def detail(self, principal: Principal) -> str:
        """How much somebody sees: "" nothing, else the name of a variant."""

    @abstractmethod
    def data(self, detail: str) -> dict[str, Any]:
        """The event's own fields in a variant."""

    def shown_to(self, principal: Principal) -> dict[str, Any] | None:
        detail = self.detail(principal)
        return self._shown(detail) if detail else None

    def text_for(self, principal: Principal) -> str | None:
        detail = self.detail(principal)
        if not detail:
            return None
        text = self._texts.get(detail)
        if text is None:
            text = self._texts[detail] = _encoder.encode(self._shown(detail)).decode()
        return text

    def _shown(self, detail: str) -> dict[str, Any]:
        return {
            "type": self.type,
            "timestamp": as_timestamp(self.at_ms),
            "cursor": self.cursor,
            "company_id": self.company_id,
            "data": self.data(detail),
        }


class LiveItem(_Told):
    """A live event."""

    __slots__ = ("event",)

    def __init__(self, event: LiveEvent, cursor: str) -> None:
        super().__init__(event.type, event.at_ms, event.company_id, cursor)
        self.event = event

    def detail(self, principal: Principal) -> str:
        return "whole" if sees_live(principal, self.event) else ""

    def data(self, detail: str) -> dict[str, Any]:
        return self.event.data


class ChangeItem(_Told):
    """A change of the configuration. Who sees the row only in part is told that it changed, not to what."""

    __slots__ = ("change", "owners")

    def __init__(self, change: Change, owners: Owners, cursor: str) -> None:
        super().__init__(change_type(change.action), change.at_ms, change.company_id, cursor)
        self.change = change
        self.owners = owners

    def detail(self, principal: Principal) -> str:
        return detail_of(principal, self.change, self.owners)

    def data(self, detail: str) -> dict[str, Any]:
        change = self.change
        data: dict[str, Any] = {"change": change.id, "table": change.table_name, "row_id": change.row_id}
        if detail == "hint":
            return data
        recorded = self.type == "configuration.recorded"
        data |= {"action": change.action, "row": None if recorded else change.details, "before": change.before}
        if detail == "whole":
            data |= {"acting_user": change.acting_user, "acting_for": change.acting_for or None}
        return data


class ResyncItem(_Told):
    """Something was missed: whoever reads this fetches anew what it shows."""

    __slots__ = ()

    def __init__(self, at_ms: int, cursor: str) -> None:
        super().__init__("resync", at_ms, None, cursor)

    def detail(self, principal: Principal) -> str:
        return "whole"

    def data(self, detail: str) -> dict[str, Any]:
        return {}


def as_timestamp(at_ms: int) -> str:
    """RFC 3339 in UTC, with milliseconds."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def sees_live(principal: Principal, event: LiveEvent) -> bool:
    """Whether somebody may hear of a live event: within reach, and public ones of the company."""
    role = principal.role
    if role == "operator":
        return True
    if principal.company_id != event.company_id:
        return False
    if role == "company" or event.public:
        return True
    if role == "location":
        return principal.location_id in event.locations
    if role == "department":
        return principal.department_id in event.departments
    return principal.user_id in event.users


def detail_of(principal: Principal, change: Change, owners: Owners) -> str:
    """What somebody sees of a change: "whole", "row" (without who did it), "hint" (that it changed), "" nothing."""
    if principal.role != "operator" and (change.company_id is None or principal.company_id != change.company_id):
        return ""
    if principal.role in _WIDE:
        known = change.table_name not in PERMISSIONS or access(principal, change.table_name) != "-"
        return "whole" if known else ""
    if change.table_name not in PERMISSIONS:
        return ""
    if access(principal, change.table_name) in {"-", "public"}:
        return _public(principal, change)
    if by_right(principal, change.table_name) or _owns(principal, owners):
        return "row"
    return _public(principal, change)


def _owns(principal: Principal, owners: Owners) -> bool:
    if principal.role == "location":
        return principal.location_id in owners.locations
    if principal.role == "department":
        return principal.department_id in owners.departments
    return principal.user_id in owners.users


def _public(principal: Principal, change: Change) -> str:
    table = change.table_name
    if table not in PUBLIC or access(principal, table) == "-":
        return ""
    column = PUBLIC_ONLY_IF.get(table)
    if column is None:
        return "hint"
    states = (change.details, change.before or {})
    return "hint" if any(state.get(column) for state in states) else ""
