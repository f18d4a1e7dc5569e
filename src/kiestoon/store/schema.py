"""Which version the database has, and bringing it to ours with Alembic."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import String, column, inspect, select, table

from kiestoon.store.database import Database
from kiestoon.store.errors import SchemaOutdatedError, SchemaTooNewError
from kiestoon.store.scope import INSTALLATION

REVISIONS = (
    "0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0010", "0011", "0012", "0013", "0014", "0015",
    "0018", "0019", "0020", "0021", "0022", "0023", "0024", "0025", "0026", "0030", "0031", "0033",
    "0035", "0036", "0037",
)  # fmt: skip
"""Every revision of the schema, oldest first. Kept beside the scripts so that a normal start need not load Alembic."""

_VERSION = table("alembic_version", column("version_num", String))
_MIGRATIONS = Path(__file__).parent / "migrations"


def current_revision(database: Database) -> str | None:
    """The revision of the database; None for an empty one."""
    with database.read() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        found = connection.execute(select(_VERSION.c.version_num)).scalar()
        return None if found is None else str(found)


def check_schema(database: Database) -> None:
    """Raise ``SchemaTooNewError`` or ``SchemaOutdatedError`` unless the database has exactly our revision."""
    revision = current_revision(database)
    _refuse_newer(database, revision)
    if revision != REVISIONS[-1]:
        raise SchemaOutdatedError(f"The database {database.place} has an older layout", "Run: kiestoon migrate")


def migrate(database: Database) -> tuple[str | None, str]:
    """Bring the database to our revision, creating it if need be. Returns the revisions before and after."""
    before = current_revision(database)
    _refuse_newer(database, before)
    if before != REVISIONS[-1]:
        upgrade(database)
    return before, REVISIONS[-1]


def upgrade(database: Database, to: str = "head") -> None:
    """Run the migrations up to a revision in one transaction: when one fails, nothing was done."""
    from alembic import command  # noqa: PLC0415 - 150 ms that only a migration pays
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    with database.write(alone=True) as connection:
        config.attributes["connection"] = connection.execution_options(**INSTALLATION)
        command.upgrade(config, to)


def _refuse_newer(database: Database, revision: str | None) -> None:
    if revision is not None and revision not in REVISIONS:
        raise SchemaTooNewError(
            f"The database {database.place} was written by a newer version of Kiestoon (layout {revision}, "
            f"this version knows up to {REVISIONS[-1]})",
            "Install that newer version, or restore the backup made before it was installed",
        )
