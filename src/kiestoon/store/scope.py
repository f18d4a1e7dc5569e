"""Keeping companies apart where queries are built: a query over companies' rows that does not say whose, raises.

Every connection of ``Database`` is watched. A statement that reads or writes a table with a ``company_id`` must name
the company in its condition (or in the values it inserts), or say that it is meant for the whole installation by the
execution option in ``INSTALLATION``.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, Delete, Engine, Select, Table, Update, event
from sqlalchemy.sql import visitors
from sqlalchemy.sql.elements import BinaryExpression, ClauseElement, ColumnElement

INSTALLATION: Final[dict[str, Any]] = {"kiestoon_installation": True}
"""Execution option of statements that are meant to see every company's rows."""


class UnscopedQueryError(RuntimeError):
    """A query over companies' rows without a company: a bug in Kiestoon, stopped before it shows anything."""


def watch(engine: Engine) -> None:
    """Check every statement of an engine."""
    event.listen(engine, "before_execute", _check)


def _check(
    connection: Connection, statement: Any, _multiparams: Any, _params: Any, execution_options: dict[str, Any]
) -> None:
    if execution_options.get("kiestoon_installation") or connection.get_execution_options().get(
        "kiestoon_installation"
    ):
        return
    if isinstance(statement, Select):
        used = [table for table in statement.columns_clause_froms if isinstance(table, Table)]
        condition = statement.whereclause
    elif isinstance(statement, Update | Delete):
        used = [statement.table] if isinstance(statement.table, Table) else []
        condition = statement.whereclause
    else:
        return
    owned = [table for table in used if "company_id" in table.c]
    if owned and not _names_company(condition):
        raise UnscopedQueryError(f"A query over {', '.join(table.name for table in owned)} does not say whose rows")


def _names_company(condition: ColumnElement[bool] | None) -> bool:
    if condition is None:
        return False
    return any(_is_company_comparison(element) for element in visitors.iterate(condition))


def _is_company_comparison(element: Any) -> bool:
    if not isinstance(element, BinaryExpression):
        return False
    sides: tuple[ClauseElement, ...] = (element.left, element.right)
    return any(getattr(side, "name", None) == "company_id" for side in sides)
