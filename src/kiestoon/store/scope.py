"""Keeping companies apart where queries are built: a query over companies' rows that does not say whose, raises.

Every connection of ``Database`` is watched. In each SELECT (subqueries, CTEs and parts of unions too) every table that
has a ``company_id`` must be bound to a company: by comparing its ``company_id`` with a value, or with that of a table
that is bound. The same goes for what UPDATE and DELETE write to; an INSERT must say whose the row is. What is meant for
the whole installation carries the execution option in ``INSTALLATION``. Texts cannot be looked into: no statement
outside the migrations is one (a test sees to that).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final
from weakref import WeakKeyDictionary

from sqlalchemy import Delete, Engine, Insert, Select, Table, Update, event
from sqlalchemy.sql import operators
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import (
    AsBoolean,
    BinaryExpression,
    BindParameter,
    BooleanClauseList,
    ColumnClause,
    ColumnElement,
    False_,
    Grouping,
)
from sqlalchemy.sql.selectable import Alias, AliasedReturnsRows, FromClause, Join

INSTALLATION: Final[dict[str, Any]] = {"kiestoon_installation": True}
"""Execution option of statements that are meant to see every company's rows."""

_COLUMN = "company_id"
_BINDING = frozenset({operators.eq, operators.in_op, operators.is_})
_known: WeakKeyDictionary[SQLCompiler, str] = WeakKeyDictionary()
"""What is wrong with a compiled statement, "" for nothing: looked at once, executed thousands of times."""


class UnscopedQueryError(RuntimeError):
    """A query over companies' rows without a company: a bug in Kiestoon, stopped before it shows anything."""


def watch(engine: Engine) -> None:
    """Check every statement of an engine."""
    event.listen(engine, "before_cursor_execute", _check)


def _check(_connection: object, _cursor: object, _text: str, _params: object, context: Any, _many: bool) -> None:
    compiled = getattr(context, "compiled", None)
    if not isinstance(compiled, SQLCompiler) or context.execution_options.get("kiestoon_installation"):
        return
    wrong = _known.get(compiled)
    if wrong is None:
        wrong = _known[compiled] = ", ".join(sorted(_unbound(compiled)))
    if wrong:
        raise UnscopedQueryError(f"A query over {wrong} does not say whose rows")


def _unbound(compiled: SQLCompiler) -> Iterator[str]:
    """Names of the tables that are bound to no company."""
    statement: Any = compiled.statement
    outer: frozenset[FromClause] = frozenset()
    if isinstance(statement, Insert) and _is_owned(statement.table) and not _says_whose(statement, compiled):
        yield statement.table.name
    if isinstance(statement, Update | Delete):
        yield from _free([statement.table], [statement.whereclause])
        outer = frozenset({statement.table})
    yield from _inside(statement, outer)


def _inside(part: Any, outer: frozenset[FromClause]) -> Iterator[str]:
    """The same for every SELECT in a part of a statement; ``outer`` are the tables it may speak of, but not read."""
    if isinstance(part, AliasedReturnsRows):
        outer = frozenset()  # what is in a FROM cannot look outside
    if isinstance(part, Select):
        froms = part.get_final_froms()
        sources = [source for source in froms if source not in outer] or froms
        yield from _free(sources, [part.whereclause, *_join_conditions(sources)])
        outer = outer.union(_tables(sources))
    for child in part.get_children():
        yield from _inside(child, outer)


def _says_whose(statement: Insert, compiled: SQLCompiler) -> bool:
    if statement.include_insert_from_select_defaults and statement.select is not None:
        return _COLUMN in (statement._select_names or ())
    return any(name == _COLUMN or name.startswith(f"{_COLUMN}_m") for name in compiled.binds)


def _is_owned(source: object) -> bool:
    return isinstance(source, Table) and _COLUMN in source.c


def _join_conditions(sources: Iterable[FromClause]) -> Iterator[ColumnElement[bool] | None]:
    for source in sources:
        if isinstance(source, Join):
            yield source.onclause if not source.isouter else None  # an outer join keeps what does not fit
            yield from _join_conditions((source.left, source.right))


def _tables(sources: Iterable[FromClause]) -> Iterator[FromClause]:
    """The tables of a FROM that hold companies' rows, under their aliases."""
    for source in sources:
        if isinstance(source, Join):
            yield from _tables((source.left, source.right))
        elif _is_owned(source) or (isinstance(source, Alias) and _is_owned(source.element)):
            yield source


def _free(sources: Iterable[FromClause], conditions: Iterable[ColumnElement[bool] | None]) -> Iterator[str]:
    """Tables of one SELECT, UPDATE or DELETE that its conditions do not bind."""
    free = set(_tables(sources))
    known = [condition for condition in conditions if condition is not None]
    while True:
        bound = {table for table in free if any(_binds(condition, table, free) for condition in known)}
        if not bound:
            break
        free -= bound
    return (str(getattr(table, "name", table)) for table in free)


def _binds(condition: Any, table: FromClause, free: set[FromClause]) -> bool:
    """Whether a condition lets rows of one company only through, as long as those of ``free`` may be anybody's."""
    if isinstance(condition, AsBoolean) and condition.operator is operators.is_true:
        return isinstance(condition.element, False_)  # what is left of all conditions beside one nothing fulfils
    if isinstance(condition, Grouping):
        return _binds(condition.element, table, free)
    if isinstance(condition, BooleanClauseList):
        parts = [_binds(part, table, free) for part in condition.clauses]
        return any(parts) if condition.operator is operators.and_ else bool(parts) and all(parts)
    if not isinstance(condition, BinaryExpression) or condition.operator not in _BINDING:
        return False
    for mine, other in ((condition.left, condition.right), (condition.right, condition.left)):
        if isinstance(mine, ColumnClause) and mine.name == _COLUMN and mine.table is table:
            if condition.operator is operators.in_op and not isinstance(other, BindParameter):
                return False  # in a subquery: of whichever companies it finds
            return not (isinstance(other, ColumnClause) and (other.name != _COLUMN or other.table in free))
    return False
