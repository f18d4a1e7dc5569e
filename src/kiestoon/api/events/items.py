"""Events as they wait for their listeners: who may see how much of them, and as which text."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Final, Literal, Protocol, TypeAlias

import msgspec

from kiestoon.api.events.owners import Owners
from kiestoon.api.permissions import PERMISSIONS, PUBLIC, PUBLIC_ONLY_IF, access, by_right
from kiestoon.api.principal import Principal
from kiestoon.notify.body import change_data, event_of
from kiestoon.notify.events import change_type
from kiestoon.notify.live import LiveEvent
from kiestoon.store.feed import Change

_encoder = msgspec.json.Encoder()
_WIDE: Final = frozenset({"operator", "company"})
Shown: TypeAlias = Literal["whole", "row", "hint"]
Detail: TypeAlias = Shown | Literal[""]
"""How much of an event somebody sees; "" = nothing."""


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
    def detail(self, principal: Principal) -> Detail:
        """How much somebody sees."""

    @abstractmethod
    def data(self, detail: Shown) -> object:
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

    def _shown(self, detail: Shown) -> dict[str, Any]:
        return {**event_of(self.type, self.at_ms, self.company_id, self.data(detail)), "cursor": self.cursor}


class LiveItem(_Told):
    """A live event."""

    __slots__ = ("event",)

    def __init__(self, event: LiveEvent, cursor: str) -> None:
        super().__init__(event.type, event.at_ms, event.company_id, cursor)
        self.event = event

    def detail(self, principal: Principal) -> Detail:
        return "whole" if sees_live(principal, self.event) else ""

    def data(self, detail: Shown) -> object:
        return self.event.data


class ChangeItem(_Told):
    """A change of the configuration. Who sees the row only in part is told that it changed, not to what."""

    __slots__ = ("change", "owners")

    def __init__(self, change: Change, owners: Owners, cursor: str) -> None:
        super().__init__(change_type(change.action), change.at_ms, change.company_id, cursor)
        self.change = change
        self.owners = owners

    def detail(self, principal: Principal) -> Detail:
        return detail_of(principal, self.change, self.owners)

    def data(self, detail: Shown) -> object:
        return change_data(self.change, detail)


class _Bare(_Told):
    """Base of what concerns the stream itself: everybody sees it."""

    __slots__ = ()

    def detail(self, principal: Principal) -> Detail:
        return "whole"

    def data(self, detail: Shown) -> object:
        return {}


class ResyncItem(_Bare):
    """Something was missed: whoever reads this fetches anew what it shows."""

    __slots__ = ()

    def __init__(self, at_ms: int, cursor: str) -> None:
        super().__init__("resync", at_ms, None, cursor)


class HelloItem(_Bare):
    """The first message; ``cursor`` is where the listener begins."""

    __slots__ = ()

    def __init__(self, at_ms: int, cursor: str) -> None:
        super().__init__("hello", at_ms, None, cursor)


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


def detail_of(principal: Principal, change: Change, owners: Owners) -> Detail:
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


def _public(principal: Principal, change: Change) -> Detail:
    table = change.table_name
    if table not in PUBLIC or access(principal, table) == "-":
        return ""
    column = PUBLIC_ONLY_IF.get(table)
    if column is None:
        return "hint"
    states = (change.details, change.before or {})
    return "hint" if any(state.get(column) for state in states) else ""
