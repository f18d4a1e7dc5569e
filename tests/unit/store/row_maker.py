"""Rows of every type, made from the annotations: each with all that it must refer to."""

from __future__ import annotations

from itertools import count
from typing import Any

import msgspec

from kiestoon.company.model import BY_TABLE, Company, Destination, Entity, Row, WeekBlock
from kiestoon.store.columns import Field, fields_of
from kiestoon.store.write import Changes

_VALUES: dict[str, dict[str, Any]] = {
    "trunks": {"kind": "peer", "host": "h", "sources": ("192.0.2.1",)},
    "allowed_addresses": {"first_address": "192.0.2.1"},
    "devices": {"secret": "abcdefghijklmnopqrst"},
    "forwards": {"case": "busy"},
    "rules": {"service": "notification"},
    "status_forwards": {"status": "lunch"},
    "time_routes": {"start_day": 0, "end_day": 4, "start": 540, "end": 1020},
    "location_routes": {"match": "020"},
    "plan_periods": {"blocks": (WeekBlock(0, 540, 1020),)},
    "plan_holidays": {"start": "2026-12-24T17:00", "end": "2026-12-27T08:00"},
    "feature_codes": {"feature": "park", "code": "*99"},
    "speed_dials": {"code": "01", "number": "00201234567"},
    "short_numbers": {"code": "*6123", "number": "00201234567"},
    "remote_offices": {"number": "0612345678"},
    "ring_numbers": {"service": "simultaneous", "position": 1, "to": Destination("number", "0612345678")},
    "meetings": {"start": "2026-12-05T14:00", "end": "2026-12-05T15:00"},
    "service_assignments": {"service": "voicemail"},
}
_OWNER = {"rules": "extension", "pack_assignments": "extension"}
"""What rows have that belong to an extension, unless they belong to a location."""


class RowMaker:
    """Adds rows to one company. Unless told, each has rows of its own to refer to."""

    def __init__(self, changes: Changes, company: Company) -> None:
        self._changes = changes
        self._company = company
        self._numbers = count(101)

    def make(self, table: str, **given: Any) -> Any:
        """A row of this table; ``given`` are fields that are set."""
        entity = BY_TABLE[table]
        values = {**_VALUES.get(table, {}), **given}
        self._belong_together(table, values)
        for field in fields_of(entity):
            if field.name not in values and self._needed(entity, field):
                values[field.name] = self._value(entity, field)
        return self._changes.add(entity.row(id=0, company_id=self._company.id, **values))

    def _needed(self, entity: Entity, field: Field) -> bool:
        if field.name in {"id", "company_id"}:
            return False
        own = entity.has_extension and field.name == "extension" and entity.table != "alternate_numbers"
        known = next(each for each in msgspec.structs.fields(entity.row) if each.name == field.name)
        return known.required or own or field.name == "position"

    def _value(self, entity: Entity, field: Field) -> Any:
        number = next(self._numbers)
        if target := field.meta.get("refers"):
            return self.make(target).id
        if field.meta.get("extension") == "own":
            return str(number)
        if field.meta.get("extension"):
            return self.make("users").extension
        if field.shape == "destination":
            return Destination("extension", self.make("users").extension)
        if field.name == "position":
            return number - 100
        return f"+3120555{number:04}" if field.meta.get("e164") else f"{entity.table} {number}".replace(" ", "-")

    def _belong_together(self, table: str, values: dict[str, Any]) -> None:
        """Fill in what must fit to what was given."""
        if table in {"plan_overrides", "plan_periods", "plan_holidays"}:
            if "plan_id" not in values:
                values["plan_id"] = self.make("number_plans", **_only(values, "scheme_id")).id
            values.setdefault("scheme_id", self._get("number_plans", values["plan_id"]).scheme_id)
        if table in {"reach_cells", "reach_overrides"} and "user_id" not in values:
            parts = {"profile_id": "reach_profiles", "status_id": "reach_statuses", "call_class_id": "call_classes",
                     "roaming_status_id": "reach_statuses"}  # fmt: skip
            owners = [self._get(parts[name], values[name]).user_id for name in parts if name in values]
            values["user_id"] = owners[0] if owners else self.make("users").id
        if table == "reach_cells" and "profile_id" not in values:
            values["profile_id"] = self.make("reach_profiles", user_id=values["user_id"]).id
        if table in _OWNER and "location_id" not in values and "extension" not in values:
            values["extension"] = self.make("users").extension
        if table == "rules" and "location_id" in values:
            values["service"] = "location_forward"
        if table == "alternate_numbers" and "number_id" not in values and "extension" not in values:
            values["extension"] = str(next(self._numbers))
        if table in {"group_call_members", "favourites"} and "extension" not in values:
            values.setdefault("number", "0612345678")
        if table == "plan_holidays" and "holiday_id" in values:
            values |= {"start": None, "end": None}

    def _get(self, table: str, row_id: int) -> Any:
        return row_of(self._changes, self._company, table, row_id)


def row_of(changes: Changes, company: Company, table: str, row_id: int) -> Row | None:
    """The row as it is in the database; None when it is gone."""
    from kiestoon.store.rules.peek import Peek

    return Peek(changes.connection, company.id).get(BY_TABLE[table].row, row_id)


def _only(values: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: values[name] for name in names if name in values}
